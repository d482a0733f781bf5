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

LONGEST = 32_767
"""Characters that a cell can hold; a longer clause (of a damaged report) ends with an ellipsis, its place is told anyway."""
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)


def write_workbook(documents: Iterable[Document], path: Path) -> None:
    """Write one row a quantity, measure or problem; cells are written as they are, never taken for formulas or links.

    Raises ``OSError`` where the file cannot be written.
    """
    options = {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
    try:
        _write(documents, xlsxwriter.Workbook(str(path), options))
    except xlsxwriter.exceptions.FileCreateError as error:
        raise error.args[0] from error


def _write(documents: Iterable[Document], book: xlsxwriter.Workbook) -> None:
    with book:
        book.set_properties({"created": _EPOCH})
        sheet = book.add_worksheet("records")
        sheet.freeze_panes(1, 0)
        sheet.write_row(0, 0, COLUMNS, book.add_format({"bold": True}))
        for line, row in enumerate((row for document in documents for row in rows(document)), 1):
            sheet.write_row(line, 0, [_cell(row.get(name)) for name in COLUMNS])


def _cell(value: object) -> object:
    if value is None or isinstance(value, int | float):
        return "" if value is None else value
    text = str(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
