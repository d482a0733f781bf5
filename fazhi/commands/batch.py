"""``fazhi batch``: any number of reports, resumable."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from fazhi.commands.common import EXIT_NOTHING_DONE, EXIT_SOME_FAILED, complain, errors_console
from fazhi.errors import FazhiError

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)i?B?", re.IGNORECASE)


def size(text: str) -> int:
    """Return the bytes of ``2G``, ``512M``, ``1048576``."""
    match = _SIZE.fullmatch(text.strip())
    if not match:
        raise typer.BadParameter(f"{text!r} is no size; write 2G or 512M")
    return int(float(match[1]) * 1024 ** ("KMGT".index(match[2].upper()) + 1 if match[2] else 0))


def batch(
    paths: Annotated[list[str], typer.Argument(help="Files, folders, glob patterns, .jsonl, .parquet, .zip, .tar[.gz].")],
    out: Annotated[Path, typer.Option(help="Folder to write into; an interrupted run goes on in it.")],
    format: Annotated[str, typer.Option(help="jsonl, csv, parquet or xlsx.")] = "jsonl",  # noqa: A002
    model: Annotated[str | None, typer.Option(help="Model directory, 'small', 'base', or a hub id.")] = None,
    workers: Annotated[int, typer.Option(min=0, help="Worker processes; 0 means one a core.")] = 0,
    engine: Annotated[str, typer.Option(help="local, or ray (pip install 'fazhi[ray]').")] = "local",
    ray_address: Annotated[str | None, typer.Option(help="Address of a Ray cluster; none starts a local one.")] = None,
    limit_memory: Annotated[str, typer.Option(help="Memory of all workers together, such as 4G; 0 means no limit.")] = "0",
    max_megabytes: Annotated[float, typer.Option(help="Largest file that is read.")] = 64.0,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try again the shards in which something failed.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace what another batch has written into --out.")] = False,
) -> None:
    """Extract any number of reports into shards; run it again after any interruption and it goes on where it was.

    Writes parts/part-NNNNNN.FORMAT, failed.jsonl (what failed, and why) and summary.json. Exit code 0: all extracted; 1: some
    failed; 2: nothing could be done, or the run could not go on.
    """
    from fazhi.batch import engine as engines
    from fazhi.batch import items as inputs
    from fazhi.ingest.limits import Limits

    limits = Limits(megabytes=max_megabytes)
    count = workers or len(os.sched_getaffinity(0))
    memory = size(limit_memory)
    options = engines.Options(paths, out, format, model, count, memory, engine, ray_address, force, retry_failed, limits)
    started = time.monotonic()
    try:
        with _bar() as bar:
            task = bar.add_task("extracting", total=inputs.count(paths))
            summary = engines.run(options, lambda done: bar.advance(task, done))
    except FazhiError as error:
        complain(error)
        raise typer.Exit(EXIT_NOTHING_DONE) from error
    seconds = time.monotonic() - started
    spans = ", ".join(f"{label} {number}" for label, number in sorted(summary.spans.items()))
    rate = f"{summary.documents / seconds:,.1f} reports/s, {summary.characters / seconds:,.0f} characters/s"
    resumed = f", {summary.resumed} of {summary.shards} shards were done before" if summary.resumed else f", {rate}"
    errors_console.print(
        f"{summary.documents} reports, {summary.failed} failed, {spans or 'no spans'}{resumed}", highlight=False
    )
    if summary.failed:
        errors_console.print(f"what failed, and why: {out / 'failed.jsonl'}", style="red", highlight=False)
    if not summary.documents:
        raise typer.Exit(EXIT_NOTHING_DONE)
    raise typer.Exit(EXIT_SOME_FAILED if summary.failed else 0)


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=errors_console, transient=True)
