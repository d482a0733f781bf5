"""Excel out (extra ``tables``): the flat rows of ``fazhi.writers`` as a workbook, the same bytes for the same rows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from fazhi.document import Document
from fazhi.errors import MissingExtraError
from fazhi.writers import COLUMNS, rows

try:
    import xlsxwriter
except ImportError as error:
    raise MissingExtraError("xlsxwriter", "tables") from error

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)


def write_workbook(documents: Iterable[Document], path: Path) -> None:
    """Write one row a quantity, measure or problem; cells are written as they are, never taken for formulas or links."""
    options = {"strings_to_formulas": False, "strings_to_urls": False, "constant_memory": True}
    with xlsxwriter.Workbook(str(path), options) as book:
        book.set_properties({"created": _EPOCH})
        sheet = book.add_worksheet("records")
        sheet.freeze_panes(1, 0)
        sheet.write_row(0, 0, COLUMNS, book.add_format({"bold": True}))
        for line, row in enumerate((row for document in documents for row in rows(document)), 1):
            sheet.write_row(line, 0, [_cell(row.get(name)) for name in COLUMNS])


def _cell(value: object) -> object:
    if value is None or isinstance(value, str | int | float):
        return "" if value is None else value
    return str(value)
