"""The panel as Parquet files: one a table, typed by its values."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fazhi.errors import MissingExtraError
from fazhi.panel import Table, beside

try:
    import pyarrow
    import pyarrow.parquet
except ImportError as error:
    raise MissingExtraError("pyarrow", "tables") from error


def write_parquet(tables: Sequence[Table], path: Path) -> None:
    """Write the metrics to ``path`` and the other tables beside it.

    Numbers are 64-bit floats, offsets, years and counts 64-bit integers; what is missing is null.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    for table, place in beside(tables, path):
        columns = {column: _column([row.get(column) for row in table.rows]) for column in table.columns}
        part = place.with_name(f".{place.name}.part")
        pyarrow.parquet.write_table(pyarrow.table(columns), part)
        part.replace(place)


def _column(values: list[Any]) -> list[Any]:
    """Make a column of one type: numbers that are not all whole become floats, lists text."""
    present = [value for value in values if value is not None]
    if any(isinstance(value, float) for value in present):
        return [None if value is None else float(value) for value in values]
    if all(isinstance(value, int) for value in present):
        return values
    return [
        None if value is None else ", ".join(map(str, value)) if isinstance(value, list) else str(value) for value in values
    ]
