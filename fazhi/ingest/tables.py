"""Tables as text: a row becomes clauses, every value with the header it stands under.

``指标 | 受理（件） | 办结`` over ``行政复议 | 57 | 52`` reads ``行政复议：受理57件，办结52。``; two columns whose second holds
values read ``行政复议受理数57件。`` A column of units lends its unit to the numbers of its row. What is added (headers,
units, repeated labels, punctuation) is inserted text: it has no place in the source.
"""

from __future__ import annotations

import re
from itertools import islice

from fazhi.ingest.markup import Node
from fazhi.ingest.pieces import Line, inserted, text_of

Grid = list[list[tuple[Line, int, int]]]
"""Rows of cells: the cell's pieces, its column span and its row span."""

_NUMBER = re.compile(r"[\s约近超]*[-—]?\d[\d,.，]*\s*")
_VALUE = re.compile(rf"^{_NUMBER.pattern}[%％‰\u4e00-\u9fff]{{0,6}}$|^[—\-/]$|^无$")
_HEADER_UNIT = re.compile(r"^(.+?)\s*[（(]\s*(?:单位\s*[:：]\s*)?([\u4e00-\u9fff%％‰/]{1,6})\s*[)）]$")
_NUMBERING = ("序号", "编号", "项次")
_UNITS = ("单位", "计量单位")
_LONG = 200
_MAX_COLUMNS = 60


def is_data_table(table: Node) -> bool:
    """Tell a table of data from one that lays a page out: two rows of two cells, no nested table, no cell with an article."""
    if any(node.tag == "table" for node in islice(table.walk(), 1, None)):
        return False
    nodes = list(table.walk())
    rows = [[cell for cell in node.children if cell.tag in ("td", "th")] for node in nodes if node.tag == "tr"]
    if len(rows) < 2 or sum(len(row) > 1 for row in rows) < 2:
        return False
    return all(sum(node.run[1] - node.run[0] for node in cell.walk()) <= _LONG for row in rows for cell in row)


def table_lines(grid: Grid) -> list[Line]:
    """Return a table as lines, one a row; see the module."""
    rows = [row for row in _expanded(grid) if any(row)]
    if not rows:
        return []
    heads = _header(rows)
    headers = [text_of(cell).strip() for cell in rows[0]] if heads else []
    return [line for row in rows[heads:] if (line := _row(row, headers))]


def _expanded(grid: Grid) -> list[list[Line]]:
    """Fill in spans, so that all rows have one cell a column; a cell that spans rows is repeated as inserted text."""
    rows: list[list[Line]] = []
    held: dict[int, tuple[Line, int]] = {}
    for cells in grid:
        row: list[Line] = []
        queue = list(cells)
        while (queue or len(row) in held) and len(row) < _MAX_COLUMNS:
            if len(row) in held:
                row.append(_held_cell(held, len(row)))
                continue
            cell, columns, height = queue.pop(0)
            if height > 1:
                held[len(row)] = (cell, height - 1)
            row += [cell, *([] for _ in range(min(columns, _MAX_COLUMNS) - 1))]
        rows.append(row)
    return rows


def _held_cell(held: dict[int, tuple[Line, int]], column: int) -> Line:
    cell, left = held.pop(column)
    if left > 1:
        held[column] = (cell, left - 1)
    return [inserted(text_of(cell), cell[-1][1])] if cell else []


def _header(rows: list[list[Line]]) -> int:
    """Return how many rows at the top are headers: one, if it has no value and the rows below have some; otherwise none."""
    first = [text_of(cell).strip() for cell in rows[0]]
    if any(_VALUE.match(text) for text in first) or sum(map(bool, first)) < 2:
        return 0
    below = [text_of(cell).strip() for row in rows[1:] for cell in row[1:]]
    return int(any(_VALUE.match(text) for text in below))


def _row(row: list[Line], headers: list[str]) -> Line:
    """Render one row: its label, then every filled cell with its header, then a full stop."""
    unit = next((text_of(row[at]).strip() for at, name in enumerate(headers) if name in _UNITS and at < len(row)), "")
    skipped = {at for at, name in enumerate(headers) if name in _NUMBERING or (name in _UNITS and unit)}
    cells = [(at, cell) for at, cell in enumerate(row) if at not in skipped and text_of(cell).strip()]
    if not cells:
        return []
    line: Line = list(cells[0][1])
    for order, (column, cell) in enumerate(cells[1:]):
        header, lent = _split_header(headers[column] if column < len(headers) else "", unit)
        text, at = text_of(cell).strip(), line[-1][1]
        line += [inserted(joint, at)] if (joint := _joint(text, header, order, len(cells))) else []
        line += cell
        if lent and _NUMBER.fullmatch(text):
            line.append(inserted(lent, line[-1][1]))
    if not text_of(line).rstrip().endswith(("。", "；", "：")):
        line.append(inserted("。", line[-1][1]))
    return line


def _split_header(header: str, unit: str) -> tuple[str, str]:
    """Split ``受理（件）`` into name and unit; ``unit`` is what a column of units lends."""
    match = _HEADER_UNIT.match(header)
    return (match[1], match[2]) if match else (header, unit)


def _joint(text: str, header: str, order: int, cells: int) -> str:
    """Return what stands between the label or the cell before and this cell."""
    value = bool(_VALUE.match(text))
    if cells == 2 and value:
        return ""
    mark = "：" if order == 0 else "，"
    return mark + (header if value else f"{header}：" if header and order else "")
