"""``fazhi ingest``: files of any kind in, clean documents with metadata and alignment out, no model involved."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from fazhi import writers
from fazhi.commands.common import DEFAULTS, EXIT_NOTHING_DONE, Reader, check_out, errors_console, progress, tracked, writing
from fazhi.document import Document
from fazhi.ingest.limits import Limits


def ingest(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders: txt, html, mhtml, docx, pdf.", show_default=False)],
    out: Annotated[Path | None, typer.Option(help="Write JSON lines to this file instead of standard output.")] = None,
    max_megabytes: Annotated[
        float, typer.Option(min=0.001, help="Largest file, and largest content of a Word file when unpacked.")
    ] = DEFAULTS.megabytes,
    max_pages: Annotated[int, typer.Option(min=1, help="Most pages of a PDF.")] = DEFAULTS.pages,
    max_seconds: Annotated[float, typer.Option(min=0.001, help="Longest time for one file.")] = DEFAULTS.seconds,
) -> None:
    """Read reports into JSON lines: clean text, metadata, and the way back to every place of the source.

    Exit code 0: all files read; 1: some were skipped (each is named with its reason); 2: nothing could be read.
    """
    check_out(out, ".jsonl")
    reader = Reader(limits=Limits(max_megabytes, max_pages, max_seconds))
    files = reader.files(paths)
    with writing(out), progress(len(files)) as bar:
        documents = reader.documents(tracked(files, bar, "reading"))
        first = next(documents, None)
        if first is not None:
            stream = _chain(first, documents)
            writers.write_jsonl(stream, out) if out else writers.print_documents(stream, "jsonl", sys.stdout)
    _summarise(reader)
    raise typer.Exit(reader.exit_code() if files else EXIT_NOTHING_DONE)


def _chain(first: Document, rest: Iterator[Document]) -> Iterator[Document]:
    yield first
    yield from rest


def _summarise(reader: Reader) -> None:
    """Tell how many files were read, and how many were skipped for which reason."""
    lines = [f"{reader.read} read, {reader.failed} skipped"]
    lines += [f"  {count} × {reason}" for reason, count in Counter(reader.reasons).most_common()]
    errors_console.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)
