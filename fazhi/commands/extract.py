"""``fazhi extract``: reports in, metrics, measures and problems out."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from fazhi.commands.common import (
    DEFAULTS,
    EXIT_NOTHING_DONE,
    Megabytes,
    Reader,
    check_out,
    complain,
    progress,
    tracked,
    writing,
)
from fazhi.document import Document
from fazhi.errors import FazhiError
from fazhi.ingest.limits import Limits

FORMS = (".jsonl", ".csv")


class Format(StrEnum):
    """What ``--format`` takes."""

    table = "table"
    jsonl = "jsonl"
    csv = "csv"


def extract(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders of reports.", show_default=False)],
    model: Annotated[str | None, typer.Option(help="Model directory, 'small', 'fast', or a hub id.")] = None,
    format: Annotated[Format | None, typer.Option(help="Default: table on a terminal, jsonl in a pipe or a file.")] = None,  # noqa: A002
    out: Annotated[Path | None, typer.Option(help="Write to this file (.jsonl or .csv) instead of standard output.")] = None,
    backend: Annotated[str, typer.Option(help="auto, onnx or torch.")] = "auto",
    threads: Annotated[int, typer.Option(min=0, help="Threads of the model; 0 means all cores.")] = 0,
    max_megabytes: Megabytes = DEFAULTS.megabytes,
) -> None:
    """Extract metrics, measures and problems from reports, each with its place in the source.

    Exit code 0: all files extracted; 1: some failed; 2: nothing could be done.
    """
    check_out(out, *(() if format else FORMS))
    chosen = _choose(format, out)
    reader = Reader(Limits(megabytes=max_megabytes))
    files = reader.files(paths)
    if not files:
        raise typer.Exit(EXIT_NOTHING_DONE)
    from fazhi.extractor import Extractor  # loading the model's libraries takes a while; --help should not

    try:
        extractor = Extractor.from_pretrained(model, backend, threads)
    except FazhiError as error:
        complain(error)
        raise typer.Exit(EXIT_NOTHING_DONE) from error
    with writing(out), progress(len(files)) as bar:
        documents = extractor.extract_many(reader.documents(tracked(files, bar, "extracting")))
        _write(documents, chosen, out)
    raise typer.Exit(reader.exit_code())


def _choose(chosen: Format | None, out: Path | None) -> Format:
    if chosen is None and out is not None:
        return Format.csv if out.suffix.lower() == ".csv" else Format.jsonl
    if chosen is None:
        return Format.table if sys.stdout.isatty() else Format.jsonl
    return chosen


def _write(documents: Iterator[Document], chosen: Format, out: Path | None) -> None:
    from fazhi import tables, writers

    first = next(documents, None)
    if first is None:
        return  # nothing could be read: leave an earlier result as it is
    stream = _chain(first, documents)
    if chosen is Format.table:
        tables.print_documents(stream, out)
    elif out is not None:
        (writers.write_csv if chosen is Format.csv else writers.write_jsonl)(stream, out)
    else:
        writers.print_documents(stream, chosen.value, sys.stdout)


def _chain(first: Document, rest: Iterator[Document]) -> Iterator[Document]:
    yield first
    yield from rest
