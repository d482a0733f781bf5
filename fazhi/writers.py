"""Writers: documents to JSON lines and CSV. Files appear whole or not at all."""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from fazhi.document import Document

COLUMNS = (
    "document", "region", "issuer", "year", "kind", "text", "indicator", "indicator_code", "value", "low", "high", "bound",
    "unit", "period", "status", "role", "theme", "section", "score", "source", "source_start", "source_end",
)  # fmt: skip
"""Columns of the CSV table: one row a quantity of a metric, a measure, or a problem."""
QUANTITY_COLUMNS = ("value", "low", "high", "bound", "unit", "period")


@contextmanager
def whole_file(path: Path, encoding: str = "utf-8", newline: str | None = None) -> Iterator[IO[str]]:
    """Open a temporary file beside ``path`` and rename it to ``path`` when the block ends without an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding=encoding, newline=newline) as stream:
            yield stream
        umask = os.umask(0)
        os.umask(umask)
        Path(name).chmod(0o666 & ~umask)  # mkstemp makes files private; the result should be as open as any other
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write_jsonl(documents: Iterable[Document], path: Path) -> None:
    """Write one JSON line a document."""
    with whole_file(path) as stream:
        print_documents(documents, "jsonl", stream)


def write_csv(documents: Iterable[Document], path: Path) -> None:
    """Write one row a quantity, measure or problem; UTF-8 with a byte-order mark, so that Excel reads the Chinese."""
    with whole_file(path, encoding="utf-8-sig", newline="") as stream:
        print_documents(documents, "csv", stream)


def print_documents(documents: Iterable[Document], form: str, stream: IO[str]) -> None:
    """Write documents to an open stream as they come: ``form`` is ``jsonl`` or ``csv``."""
    if form == "jsonl":
        for document in documents:
            stream.write(document.dumps() + "\n")
        return
    writer = csv.DictWriter(stream, COLUMNS, restval="", extrasaction="ignore", lineterminator="\r\n")
    writer.writeheader()
    for document in documents:
        writer.writerows(rows(document))


def rows(document: Document) -> Iterator[dict[str, Any]]:
    """Yield a document's records as flat rows with the names of ``COLUMNS``."""
    meta = document.meta
    base = {"document": document.id, **{name: meta.get(name) for name in ("region", "issuer", "year", "source")}}
    for kind in ("metrics", "measures", "problems"):
        for record in document.records.get(kind, ()):
            span = record["span"]
            place = {name: span.get(name) for name in ("source_start", "source_end")}
            text = document.text[span["start"] : span["end"]]
            row = {**base, **place, **record, "kind": kind.removesuffix("s"), "text": text}
            quantities: list[dict[str, Any]] = record.get("quantities") or [{}]
            for quantity in quantities:
                yield {**row, **{name: quantity[name] for name in QUANTITY_COLUMNS if quantity.get(name) is not None}}
