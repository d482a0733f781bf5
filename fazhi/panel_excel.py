"""The panel as an Excel workbook: a sheet a table, headers frozen, filters on, an empty cell where nothing was found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unicodedata import east_asian_width

from fazhi.errors import MissingExtraError
from fazhi.indicators import catalogue
from fazhi.panel import DISCLOSED, UNSURE, Table

try:
    import xlsxwriter
except ImportError as error:
    raise MissingExtraError("xlsxwriter", "tables") from error

TITLES = {
    "metrics": "指标 metrics",
    "disclosure": "公开情况 disclosure",
    "measures": "举措 measures",
    "problems": "问题 problems",
    "links": "跨年对照 year on year",
    "reports": "报告 reports",
}
_ABOUT = (
    "One row a quantity in 指标; 'source_start' and 'source_end' are the place of the quote in the source, in characters.",
    "An empty value is not a zero: the report does not state it, or it was not understood.",
    "公开情况: disclosed = a number was found; unsure = spoken of, but no number was understood; not found = neither.",
    "bound: exact, approx 约, nearly 近, over 超/余, at_least 不少于/以上, at_most 不超过/以内, under 不足. Money is in 元.",
    "seen_elsewhere: in how many other reports of this panel the sentence stands nearly the same. specificity: 0 to 4.",
)
_OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False}
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)
_WIDEST, _NARROWEST, _SAMPLE, _FIXED, _TALL = 60, 8, 200, 4, 48
_FILLS = {DISCLOSED: "#C6E0B4", UNSURE: "#FFE699"}
_ILLEGAL = dict.fromkeys([*range(9), 11, 12, *range(14, 32)])


def write_excel(tables: Sequence[Table], path: Path) -> None:
    """Write the tables to ``path``; it appears whole or not at all, the same bytes for the same tables.

    Cells are written as they are: no text of a report is taken for a formula or a link.
    Raises ``OSError`` where ``path`` cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    try:
        _write(tables, part)
        part.replace(path)
    except xlsxwriter.exceptions.FileCreateError as error:
        raise error.args[0] from error
    finally:
        part.unlink(missing_ok=True)


def _write(tables: Sequence[Table], path: Path) -> None:
    with xlsxwriter.Workbook(str(path), _OPTIONS) as book:
        book.set_properties({"created": _EPOCH})
        about = book.add_worksheet("说明 about")
        about.set_column(0, 0, 120)
        about.write_column(0, 0, _ABOUT)
        for table in tables:
            _sheet(book, table)


def _sheet(book: Any, table: Table) -> None:  # noqa: ANN401 - xlsxwriter has no types
    sheet = book.add_worksheet(TITLES.get(table.name, table.name))
    matrix = table.name == "disclosure"
    header = book.add_format({"bold": True, "bg_color": "#D9E1F2", "text_wrap": matrix, "valign": "top"})
    fills = {state: book.add_format({"bg_color": color}) for state, color in _FILLS.items()}
    if matrix:
        sheet.set_row(0, _TALL)
    sheet.write_row(0, 0, _header(table), header)
    for line, row in enumerate(table.rows, 1):
        for column, name in enumerate(table.columns):
            value = _cell(row.get(name))
            if value is not None:
                sheet.write(line, column, value, fills.get(value) if matrix and isinstance(value, str) else None)
    sheet.freeze_panes(1, _FIXED)
    sheet.autofilter(0, 0, max(len(table.rows), 1), len(table.columns) - 1)
    for column, name in enumerate(table.columns):
        sheet.set_column(column, column, _width(table, name))


def _header(table: Table) -> list[str]:
    """Return the columns' names; those of the matrix are the indicators' Chinese names."""
    known = catalogue()
    return [known[column].zh if column in known.codes else column for column in table.columns]


def _cell(value: object) -> object:
    """Return what a cell can hold: text without control characters, numbers, lists as text, nothing."""
    if isinstance(value, str):
        return value.translate(_ILLEGAL)
    if value is None or isinstance(value, int | float):
        return value
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _width(table: Table, column: str) -> float:
    if table.name == "disclosure" and "." in column:
        return 11
    sample = [column, *(str(row.get(column) or "") for row in table.rows[:_SAMPLE])]
    longest = max(sum(2 if east_asian_width(char) in "WF" else 1 for char in text) for text in sample)
    return min(max(longest + 2, _NARROWEST), _WIDEST)
