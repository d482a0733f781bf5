"""The panel as an Excel workbook: a sheet a table, headers frozen, filters on, an empty cell where nothing was found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unicodedata import east_asian_width

from fazhi import columns
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
_ABOUT = "说明 about"
_HEADS = ("工作表", "列", "含义", "English", "单位或取值")
_OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False}
_HEAD = {"bold": True, "bg_color": "#D9E1F2", "valign": "top"}
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
        _about(book, tables)
        for table in tables:
            _sheet(book, table)


def _about(book: Any, tables: Sequence[Table]) -> None:  # noqa: ANN401 - xlsxwriter has no types
    """Write the sheet that explains the others: what holds of all, then a row a table, each with a row a column."""
    sheet = book.add_worksheet(_ABOUT)
    bold, head = book.add_format({"bold": True}), book.add_format(_HEAD)
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    sheet.set_column(0, 1, 20)
    sheet.set_column(2, 4, 50, wrapped)
    notes = columns.notes()
    for line, note in enumerate(notes):
        sheet.write_row(line, 2, note)
    sheet.write(0, 0, _ABOUT, bold)
    first = len(notes) + 1
    sheet.write_row(first, 0, _HEADS, head)
    rows = [row for table in tables for row in _explanations(table)]
    for line, row in enumerate(rows, first + 1):
        sheet.write_row(line, 0, row)
    sheet.autofilter(first, 0, first + len(rows), len(_HEADS) - 1)


def _explanations(table: Table) -> list[tuple[str, ...]]:
    title, about = TITLES[table.name], columns.about(table.name)
    explained = zip(_header(table), columns.explained(table.name, table.columns), strict=True)
    return [
        (title, "", about.rows_zh, about.rows_en, ""),
        *((title, shown, column.zh, column.en, column.allowed) for shown, column in explained),
    ]


def _sheet(book: Any, table: Table) -> None:  # noqa: ANN401 - xlsxwriter has no types
    sheet = book.add_worksheet(TITLES[table.name])
    matrix = table.name == "disclosure"
    header = book.add_format({**_HEAD, "text_wrap": matrix})
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
