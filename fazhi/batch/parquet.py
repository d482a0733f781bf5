"""Parquet in and out (extra ``tables``): documents as rows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

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
SCHEMA = pa.schema(
    [("id", pa.string()), ("text", pa.string()), ("meta", pa.string()), ("spans", pa.list_(_SPAN)), ("records", pa.string())]
)
"""One row a document; ``meta`` and ``records`` are JSON, for their fields vary."""


def read_rows(path: Path) -> Iterator[bytes]:
    """Yield each row as the JSON of a document; the file needs a column ``text``, and may have ``id`` and ``meta``."""
    try:
        with pq.ParquetFile(path) as file:
            wanted = [name for name in ("id", "text", "meta") if name in file.schema_arrow.names]
            if "text" not in wanted:
                raise InputError(path, "the Parquet file has no column text", "name the column of the report's text so")
            for number, row in enumerate(row for batch in file.iter_batches(64, columns=wanted) for row in batch.to_pylist()):
                meta = row.get("meta")
                row["meta"] = json.loads(meta) if isinstance(meta, str) else meta or {}
                yield json.dumps({"id": f"{path.stem}-{number + 1}", **row}, ensure_ascii=False, default=str).encode()
    except (pa.ArrowException, ValueError) as error:
        raise InputError(path, f"no readable Parquet file ({str(error).splitlines()[0]})", "write it again") from error


def write_documents(documents: Iterable[Document], path: Path) -> None:
    """Write documents to a Parquet file."""
    rows = []
    for document in documents:
        whole = document.to_json()
        texts = {name: json.dumps(whole.get(name, {}), ensure_ascii=False) for name in ("meta", "records")}
        rows.append({"id": document.id, "text": document.text, "spans": whole["spans"], **texts})
    pq.write_table(pa.Table.from_pylist(rows, SCHEMA), path, compression="zstd")
