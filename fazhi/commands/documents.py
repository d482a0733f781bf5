"""Documents with records for the commands that work on them: read from JSON lines, or extracted from reports."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from fazhi import ingest, records
from fazhi.commands.common import EXIT_NOTHING_DONE, Reader, complain
from fazhi.document import Document
from fazhi.errors import FazhiError, InputError

if TYPE_CHECKING:
    from fazhi.extractor import Extractor

EXTRACTED = ".jsonl"
WRITE_IT = "write it with fazhi extract --out FILE.jsonl"


def files(reader: Reader, paths: Sequence[Path]) -> list[Path]:
    """List the files of files and folders, extracted ones (``.jsonl``) among them; not what a batch says of its failures."""
    found: list[Path] = []
    for path in paths:
        extracted = _extracted(path)
        found += extracted
        if not extracted:
            found += reader.files([path])
        elif path.is_dir():
            found += ingest.find([path])
    return list(dict.fromkeys(found))


def _extracted(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path] if path.suffix == EXTRACTED and path.is_file() else []
    return [file for file in sorted(path.rglob(f"*{EXTRACTED}")) if not _of_failures(file)]


def _of_failures(path: Path) -> bool:
    """Tell whether a file is the list of failures in a batch's folder, which holds no documents."""
    return path.name == "failed.jsonl" and path.with_name("run.json").exists()


def documents(reader: Reader, paths: Iterable[Path], model: str | None) -> Iterator[Document]:
    """Yield documents with records: those of JSON lines as they are, reports and what was only ingested after extraction.

    A line with spans but no records gets them from its spans. What cannot be read is named and counted by the reader.
    """
    extractor = None
    for path in paths:
        for document in _lines(reader, path) if path.suffix == EXTRACTED else reader.documents([path]):
            if _is_extracted(document):
                yield document if document.records else replace(document, records=records.build(document))
                continue
            extractor = extractor or _extractor(model)
            yield extractor.extract(document)


def _is_extracted(document: Document) -> bool:
    """Tell whether a model or a person has looked for spans; what ``fazhi ingest`` wrote has none of these marks."""
    return bool(document.spans or document.records or "model" in document.meta)


def _extractor(model: str | None) -> Extractor:
    from fazhi.extractor import Extractor  # loading the model's libraries takes a while; --help should not

    try:
        return Extractor.from_pretrained(model)
    except FazhiError as error:
        complain(error)
        raise typer.Exit(EXIT_NOTHING_DONE) from error


def _lines(reader: Reader, path: Path) -> Iterator[Document]:
    try:
        with path.open(encoding="utf-8") as stream:  # by line feeds only: a text may hold other line separators
            for number, line in enumerate(stream, 1):
                if line.strip():
                    yield from _line(reader, line, f"{path}:{number}")
    except UnicodeDecodeError:
        reader.fail(InputError(path, "it is not UTF-8", WRITE_IT))
    except OSError as error:
        reader.fail(InputError(path, f"the file cannot be opened ({error.strerror})", "check its permissions"))


def _line(reader: Reader, line: str, place: str) -> Iterator[Document]:
    try:
        document = Document.from_json(json.loads(line))
    except (ValueError, KeyError, TypeError) as error:
        what = f"the field {error} is missing" if isinstance(error, KeyError) else str(error)
        reader.fail(InputError(place, f"no document: {what}", WRITE_IT))
        return
    reader.read += 1
    yield document
