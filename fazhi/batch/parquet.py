"""Parquet in and out (extra ``tables``): documents as rows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from fazhi.document import Document
from fazhi.errors import InputError, MissingExtraError

try:
    import pyarrow as pa
    import pyarrow.parquet as pq
except ImportError as error:
    raise MissingExtraError("pyarrow", "tables") from error

_SPAN = pa.struct(
    [
        *((name, pa.string()) for name in ("layer", "label")),
        *((name, pa.int64()) for name in ("start", "end", "source_start", "source_end")),
        ("text", pa.string()),
        ("score", pa.float64()),
    ]
)
_JSON: dict[str, Any] = {"meta": {}, "records": {}, "audit": [], "alignment": []}
SCHEMA = pa.schema(
    [("id", pa.string()), ("text", pa.string()), ("spans", pa.list_(_SPAN)), *((name, pa.string()) for name in _JSON)]
)
"""One row a document; ``meta``, ``records``, ``audit`` and ``alignment`` are JSON, for their fields vary."""


def rows_of(path: Path) -> int:
    """Return the number of rows, from the footer of the file. Raises ``InputError`` where it is none."""
    try:
        return int(pq.read_metadata(path).num_rows)
    except (pa.ArrowException, ValueError) as error:
        raise _broken(path, error) from error


def read_rows(path: Path) -> Iterator[bytes]:
    """Yield each row as the JSON of a document; ``text`` is needed, ``id``, ``meta``, ``alignment`` are taken if there."""
    try:
        with pq.ParquetFile(path) as file:
            wanted = [name for name in ("id", "text", "meta", "alignment") if name in file.schema_arrow.names]
            if "text" not in wanted:
                raise InputError(path, "the Parquet file has no column text", "name the column of the report's text so")
            for row in (row for batch in file.iter_batches(64, columns=wanted) for row in batch.to_pylist()):
                yield json.dumps(_row(row), ensure_ascii=False, default=str).encode()
    except (pa.ArrowException, ValueError) as error:
        raise _broken(path, error) from error


def _row(row: dict[str, Any]) -> dict[str, Any]:
    for name in ("meta", "alignment"):
        value = row.pop(name, None)
        row[name] = (json.loads(value) if isinstance(value, str) else value) or _JSON[name]
    return row


def _broken(path: Path, error: Exception) -> InputError:
    return InputError(path, f"no readable Parquet file ({str(error).splitlines()[0]})", "write it again")


def read_documents(path: Path) -> list[Document]:
    """Read back what ``write_documents`` has written."""
    documents = []
    for row in pq.read_table(path, schema=SCHEMA).to_pylist():
        spans = [{name: value for name, value in span.items() if value is not None} for span in row["spans"]]
        rest = {name: json.loads(row[name]) for name in _JSON}
        documents.append(Document.from_json({"id": row["id"], "text": row["text"], "spans": spans, **rest}))
    return documents


def table(documents: Iterable[Document]) -> pa.Table:
    """Return documents as a table with ``SCHEMA``, one row each."""
    rows = []
    for document in documents:
        whole = document.to_json()
        texts = {name: json.dumps(whole.get(name, empty), ensure_ascii=False) for name, empty in _JSON.items()}
        rows.append({"id": document.id, "text": document.text, "spans": whole["spans"], **texts})
    return pa.Table.from_pylist(rows, SCHEMA)


def write_documents(documents: Iterable[Document], path: Path) -> None:
    """Write documents to a Parquet file."""
    pq.write_table(table(documents), path, compression="zstd")
