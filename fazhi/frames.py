"""Documents as tables for users' own pipelines (extra ``frames``): pandas and datasets, imported when they are asked for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from fazhi.document import Document
from fazhi.errors import MissingExtraError
from fazhi.writers import COLUMNS, rows

if TYPE_CHECKING:
    import datasets
    import pandas as pd

_INTEGERS = ("year", "source_start", "source_end")
_FLOATS = ("value", "low", "high", "score")


def to_pandas(documents: Iterable[Document]) -> pd.DataFrame:
    """Return one row a quantity of a metric, a measure, or a problem, with the columns of ``fazhi.writers.COLUMNS``.

    Offsets and years are nullable integers, values and scores floats, all else strings, whatever the rows hold. The table is in
    memory: of many reports take some at a time. Raises ``MissingExtraError`` without pandas.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise MissingExtraError("pandas", "frames") from error
    types = {name: "Int64" if name in _INTEGERS else "float64" if name in _FLOATS else "string" for name in COLUMNS}
    table = pd.DataFrame([row for document in documents for row in rows(document)], columns=list(COLUMNS))
    return table.astype(types)


def to_dataset(documents: Iterable[Document]) -> datasets.Dataset:
    """Return one row a document, with the columns of ``fazhi.batch.parquet.SCHEMA`` (``meta``, ``records`` and others as JSON).

    The table is in memory; what a batch has written as Parquet is read from disk by
    ``datasets.load_dataset("parquet", data_files="out/parts/*.parquet")`` with the same columns. Raises ``MissingExtraError``
    without datasets and pyarrow.
    """
    try:
        import datasets
    except ImportError as error:
        raise MissingExtraError("datasets", "frames") from error
    from fazhi.batch.parquet import table

    return datasets.Dataset(table(documents))
