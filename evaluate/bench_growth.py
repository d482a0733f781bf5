"""Bench (e) and (f): what a batch costs as it grows, on one core and on two, and how long a cold start takes."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from data.augment import apply, numbers
from fazhi.document import Document
from fazhi.ingest.reader import MIN_CHINESE, count_chinese

SAMPLE_SECONDS = 0.25
_PSS = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run has cost: reports, wall seconds, and the peak of the memory of all its processes in bytes."""

    reports: int
    seconds: float
    memory: int


def generate(documents: Sequence[Document], count: int, characters: int, path: Path) -> None:
    """Write ``count`` different reports of about ``characters`` characters as JSON lines: parts of reports, numbers swapped."""
    dice = random.Random(count)
    parts = [part for document in documents for part in _parts(document.text, characters)]
    with path.open("w", encoding="utf-8") as stream:
        for number in range(count):
            part = Document(f"r{number:06d}", parts[number % len(parts)])
            text = apply(part, numbers(part, dice)).text
            stream.write(json.dumps({"id": part.id, "text": text}, ensure_ascii=False) + "\n")


def _parts(text: str, characters: int) -> list[str]:
    """Cut at line breaks into parts of about the same size; a shorter rest is left out.

    A part grows until ``ingest`` takes it for a report: the head of a web page, all dates and numbers, is none by itself.
    """
    found, part = [], ""
    for line in text.splitlines(keepends=True):
        part += line
        if len(part) >= characters and count_chinese(cut := part[: characters + 200]) >= MIN_CHINESE:
            found.append(cut)
            part = ""
    return found


def batch(source: Path, out: Path, model: Path, workers: int) -> Cost:
    """Run ``fazhi batch`` in processes of its own, on as many cores as workers, and watch its memory."""
    command = [sys.executable, "-m", "fazhi", "batch", str(source), "--out", str(out), "--model", str(model)]
    started = time.perf_counter()
    cores = sorted(os.sched_getaffinity(0))[:workers]
    process = subprocess.Popen([*command, "--workers", str(workers)], stderr=subprocess.PIPE, text=True)  # noqa: S603 - our own
    os.sched_setaffinity(process.pid, cores)
    peak = 0
    while process.poll() is None:
        peak = max(peak, _memory(process.pid))
        with suppress(subprocess.TimeoutExpired):
            process.wait(SAMPLE_SECONDS)
    seconds = time.perf_counter() - started
    if process.returncode:
        raise RuntimeError(f"fazhi batch ended with {process.returncode}: {process.stderr.read() if process.stderr else ''}")
    return Cost(json.loads((out / "summary.json").read_text())["documents"], seconds, peak)


def _memory(pid: int) -> int:
    """Return the bytes that a process and its children have to themselves or share, each page counted once (PSS).

    Read from ``/proc`` directly: a look at all processes of the machine would take time from the cores that are measured.
    """
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        rolled = [Path(f"/proc/{one}/smaps_rollup").read_text(encoding="ascii") for one in (pid, *children)]
    except OSError:
        return 0  # one of them has just ended: this sample does not count
    return sum(int(match[1]) * 1024 for text in rolled if (match := _PSS.search(text)))


def cold_start(report: Path, model: Path, rounds: int) -> tuple[float, float]:
    """Return the median seconds of ``fazhi extract`` on one report in a fresh process, and the share of it that is imports."""
    command = ["-m", "fazhi", "extract", str(report), "--model", str(model), "--format", "jsonl"]
    whole, imports = [], []
    for _ in range(rounds):
        started = time.perf_counter()
        subprocess.run([sys.executable, *command], check=True, capture_output=True)  # noqa: S603
        whole.append(time.perf_counter() - started)
        timed = [sys.executable, "-X", "importtime", *command]
        told = subprocess.run(timed, check=True, capture_output=True, text=True).stderr  # noqa: S603
        own = re.findall(r"^import time:\s+(\d+) \|", told, re.MULTILINE)
        imports.append(sum(map(int, own)) / 1e6)
    return median(whole), median(imports) / median(whole)
