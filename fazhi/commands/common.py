"""What the commands share: consoles, exit codes, reading many files while counting what fails."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from fazhi import ingest
from fazhi.document import Document
from fazhi.errors import FazhiError, InputError
from fazhi.ingest.limits import Limits

errors_console = Console(stderr=True)

EXIT_SOME_FAILED = 1
EXIT_NOTHING_DONE = 2

DEFAULTS = Limits()
Megabytes = Annotated[float, typer.Option("--max-megabytes", min=0.001, help="Largest file that is read.")]
"""The option of that name, the same for all commands that read reports."""


def complain(error: FazhiError | str) -> None:
    """Print an error as one line on standard error."""
    errors_console.print(f"error: {error}", style="red", markup=False, highlight=False, soft_wrap=True)


def check_out(out: Path | None, *forms: str) -> None:
    """Refuse, before any work, an ``--out`` that is a folder, or whose ending is none of ``forms`` where any are given."""
    if out is not None and out.is_dir():
        complain(f"{out}: this is a folder; name a file in it, such as {out / ('result' + (forms[0] if forms else '.txt'))}")
    elif out is not None and forms and out.suffix.lower() not in forms:
        names = " or ".join(f"*{form}" for form in forms)
        complain(f"{out}: unknown form {out.suffix or '(none)'}; name the file {names}")
    else:
        return
    raise typer.Exit(EXIT_NOTHING_DONE)


@contextmanager
def writing(out: Path | None) -> Iterator[None]:
    """Tell in one line, and end with exit code 2, when ``out`` (or standard output) cannot be written.

    A reader of the pipe that has gone away is no error; typer ends the program quietly.
    """
    try:
        yield
        if out is None:
            sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        where, remedy = (out, "choose another --out") if out else ("standard output", "make room, or write elsewhere")
        complain(f"{where}: cannot be written ({error.strerror or error}); {remedy}")
        raise typer.Exit(EXIT_NOTHING_DONE) from error


@dataclass(slots=True)
class Reader:
    """Reads the documents of files and folders; what cannot be read is named, counted, and left out."""

    limits: Limits = field(default_factory=Limits)
    read: int = 0
    failed: int = 0
    reasons: list[str] = field(default_factory=list)
    _seen: dict[str, int] = field(default_factory=dict)

    def files(self, paths: Sequence[Path]) -> list[Path]:
        """List the files of files and folders; a missing path, or a folder without reports, is named and counted as failed."""
        found: list[Path] = []
        for path in paths:
            try:
                listed = ingest.find([path])
                if not listed:
                    raise InputError(path, "no report in this folder", "what is read: txt, html, mhtml, docx, pdf")
            except FazhiError as error:
                self.fail(error)
            else:
                found += listed
        return list(dict.fromkeys(found))

    def documents(self, files: Iterable[Path]) -> Iterator[Document]:
        """Read the files one after the other; documents of the same name get a number behind their id."""
        for path in files:
            try:
                document = ingest.read(path, self.limits)
            except FazhiError as error:
                self.fail(error)
                continue
            self.read += 1
            yield self._unique(document)

    def fail(self, error: FazhiError) -> None:
        """Name what could not be read, and count it."""
        complain(error)
        self.failed += 1
        self.reasons.append(error.what if isinstance(error, InputError) else str(error))

    def _unique(self, document: Document) -> Document:
        count = self._seen[document.id] = self._seen.get(document.id, 0) + 1
        if count == 1:
            return document
        return Document(f"{document.id}-{count}", document.text, document.meta, document.spans, document.alignment)

    def exit_code(self) -> int:
        """Return 0 if all files were read, 1 if some failed, 2 if nothing could be done."""
        if not self.read:
            return EXIT_NOTHING_DONE
        return EXIT_SOME_FAILED if self.failed else 0


def progress(total: int) -> Progress:
    """Return a progress bar on standard error; it is shown only on a terminal and for more than one file."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=errors_console, transient=True, disable=total < 2 or not sys.stderr.isatty())


def tracked(files: Sequence[Path], bar: Progress, description: str) -> Iterator[Path]:
    """Yield the files while the bar follows."""
    task = bar.add_task(description, total=len(files))
    for path in files:
        yield path
        bar.advance(task)
