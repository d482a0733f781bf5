"""Documents with records for the commands that work on them: read from JSON lines, or extracted from reports."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from fazhi import records
from fazhi.commands.common import EXIT_NOTHING_DONE, Reader, complain
from fazhi.document import Document
from fazhi.errors import FazhiError, InputError

if TYPE_CHECKING:
    from fazhi.extractor import Extractor

EXTRACTED = ".jsonl"


def files(reader: Reader, paths: Sequence[Path]) -> list[Path]:
    """List the files of files and folders, extracted ones (``.jsonl``) among them."""
    found: list[Path] = []
    for path in paths:
        extracted = (
            sorted(path.rglob(f"*{EXTRACTED}")) if path.is_dir() else [path] * (path.suffix == EXTRACTED and path.is_file())
        )
        found += extracted
        if not extracted or (path.is_dir() and any(_may_be_report(other) for other in path.rglob("*"))):
            found += reader.files([path])
    return list(dict.fromkeys(found))


def _may_be_report(path: Path) -> bool:
    return path.is_file() and path.suffix != EXTRACTED


def documents(reader: Reader, paths: Iterable[Path], model: str | None) -> Iterator[Document]:
    """Yield documents with records: those of JSON lines as they are, reports after extraction.

    A line without records gets them from its spans. What cannot be read is complained about and counted by the reader.
    """
    extractor = None
    for path in paths:
        if path.suffix == EXTRACTED:
            yield from _lines(reader, path)
            continue
        extractor = extractor or _extractor(model)
        yield from extractor.extract_many(reader.documents([path]))


def _extractor(model: str | None) -> Extractor:
    from fazhi.extractor import Extractor  # loading the model's libraries takes a while; --help should not

    try:
        return Extractor.from_pretrained(model)
    except FazhiError as error:
        complain(error)
        raise typer.Exit(EXIT_NOTHING_DONE) from error


def _lines(reader: Reader, path: Path) -> Iterator[Document]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            document = Document.from_json(json.loads(line))
        except (ValueError, KeyError, TypeError) as error:
            complain(InputError(f"{path}:{number}", f"no document: {error}", "write it with fazhi extract --out FILE.jsonl"))
            reader.failed += 1
            continue
        reader.read += 1
        yield document if document.records else replace(document, records=records.build(document))
