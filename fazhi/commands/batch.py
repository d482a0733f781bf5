"""``fazhi batch``: any number of reports, resumable."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, Task, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text

from fazhi.commands.common import EXIT_NOTHING_DONE, EXIT_SOME_FAILED, complain, errors_console
from fazhi.errors import FazhiError

if TYPE_CHECKING:
    from fazhi.batch.folder import Summary

EXIT_INTERRUPTED = 130
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)i?B?", re.IGNORECASE)
_QUIET_SECONDS = 60
"""Where there is no terminal, a line of progress is printed this often."""


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
    model: Annotated[str | None, typer.Option(help="Model directory, 'small', 'fast', or a hub id.")] = None,
    workers: Annotated[int, typer.Option(min=0, help="Worker processes; 0 means one a core.")] = 0,
    engine: Annotated[str, typer.Option(help="local, or ray (pip install 'fazhi[ray]').")] = "local",
    ray_address: Annotated[str | None, typer.Option(help="Address of a Ray cluster; none starts a local one.")] = None,
    limit_memory: Annotated[str, typer.Option(help="Memory of all workers together, such as 4G; 0 means no limit.")] = "0",
    max_megabytes: Annotated[float, typer.Option(help="Largest file that is read.")] = 64.0,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Try again what failed in an earlier run.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace what another batch has written into --out.")] = False,
) -> None:
    """Extract any number of reports into shards; run it again after any interruption and it goes on where it was.

    Writes parts/part-NNNNNN.FORMAT, failed.jsonl (what failed, and why) and summary.json. Exit code 0: all extracted; 1: some
    failed; 2: nothing could be done, or the run could not go on; 130: interrupted.
    """
    from fazhi.batch import engine as engines
    from fazhi.ingest.limits import Limits

    limits = Limits(megabytes=max_megabytes)
    count = workers or len(os.sched_getaffinity(0))
    memory = size(limit_memory)
    options = engines.Options(paths, out, format, model, count, memory, engine, ray_address, force, retry_failed, limits)
    started = time.monotonic()
    try:
        with _stoppable():
            summary = _run(options)
    except FazhiError as error:
        complain(error)
        raise typer.Exit(EXIT_NOTHING_DONE) from error
    except KeyboardInterrupt as error:
        complain("interrupted; run the same command again to go on")
        raise typer.Exit(EXIT_INTERRUPTED) from error
    _tell(summary, out, time.monotonic() - started)
    if not summary.documents:
        raise typer.Exit(EXIT_NOTHING_DONE)
    raise typer.Exit(EXIT_SOME_FAILED if summary.failed else 0)


@contextmanager
def _stoppable() -> Iterator[None]:
    """Let SIGTERM (of ``kill``, of a scheduler) end the run as Ctrl-C does: workers first, no traceback."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _run(options: object) -> Summary:
    from fazhi.batch import engine as engines
    from fazhi.batch import items as inputs

    assert isinstance(options, engines.Options)
    with _bar() as bar:
        total = inputs.count(options.paths, options.out) if sys.stderr.isatty() else None
        task = bar.add_task("extracting", total=total, fresh=0)
        meter = _Meter()

        def advance(items: int, resumed: bool) -> None:
            fresh = 0 if resumed else items
            bar.update(task, advance=items, fresh=bar.tasks[0].fields["fresh"] + fresh)
            meter.add(items, fresh)

        return engines.run(options, advance)


class _Meter:
    """Prints a line of progress now and then where there is no terminal for a bar."""

    def __init__(self) -> None:
        self.started = self.told = time.monotonic()
        self.items = self.fresh = 0

    def add(self, items: int, fresh: int) -> None:
        """Count items, of them fresh ones."""
        self.items, self.fresh = self.items + items, self.fresh + fresh
        now = time.monotonic()
        if not sys.stderr.isatty() and now - self.told > _QUIET_SECONDS:
            self.told = now
            _say(f"{self.items:,} reports, {self.fresh / (now - self.started):,.1f}/s")


def _say(line: str, style: str = "") -> None:
    errors_console.print(line, style=style, markup=False, highlight=False, soft_wrap=True)


def _tell(summary: Summary, out: Path, seconds: float) -> None:
    spans = ", ".join(f"{label} {number}" for label, number in sorted(summary.spans.items()))
    rate = f"{summary.documents / seconds:,.1f} reports/s, {summary.characters / seconds:,.0f} characters/s"
    resumed = f", {summary.resumed} of {summary.shards} shards were done before" if summary.resumed else f", {rate}"
    _say(f"{summary.documents} reports, {summary.failed} failed, {spans or 'no spans'}{resumed}")
    if summary.failed:
        _say(f"what failed, and why: {out / 'failed.jsonl'}", "red")


class _Rate(TextColumn):
    """Reports a second, of those that were not done before."""

    def __init__(self) -> None:
        super().__init__("")

    def render(self, task: Task) -> Text:
        """Return the rate of a task so far."""
        return Text(f"{task.fields['fresh'] / task.elapsed:,.1f}/s" if task.elapsed else "")


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate())
    quiet = not sys.stderr.isatty()
    return Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=errors_console, transient=True, disable=quiet)
