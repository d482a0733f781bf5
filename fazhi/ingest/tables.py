"""Tables as text: a row becomes clauses, every value with the header it stands under.

``指标 | 受理（件） | 办结`` over ``行政复议 | 57 | 52`` reads ``行政复议：受理57件，办结52。``; two columns whose second holds
values read ``行政复议受理数57件。`` A column of units lends its unit to the numbers of its row. Headers of two rows are read
together (``行政处罚`` over ``立案`` and ``结案``); what stands alone above them is a caption. What is added (headers, units,
repeated labels, punctuation) is inserted text: it has no place in the source.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice, zip_longest

from fazhi.ingest.markup import Node
from fazhi.ingest.pieces import Line, inserted, text_of
from fazhi.units import CANONICAL, KINDS

Grid = list[list[tuple[Line, int, int]]]
"""Rows of cells: the cell's pieces, its column span and its row span."""

_NUMBER = re.compile(r"[\s约近超]*[-—]?\d[\d,.，]*\s*")
_VALUE = re.compile(rf"^{_NUMBER.pattern}[%％‰\u4e00-\u9fff]{{0,6}}$|^[—\-/]$|^无$")
_YEAR = re.compile(r"^(?:19|20)\d\d年度?$")
_HEADER_UNIT = re.compile(r"^(.+?)\s*[（(]\s*(?:单位\s*[:：]\s*)?([\u4e00-\u9fff%％‰/]{1,6})\s*[)）]$")
_NUMBERING = ("序号", "编号", "项次")
_UNITS = ("单位", "计量单位")
_FEWEST_ROWS = 2
_LONG = 200
_MAX_COLUMNS = 60


def is_data_table(table: Node) -> bool:
    """Tell a table of data from one that lays a page out: two rows of two cells, no nested table, no cell with an article."""
    if any(node.tag == "table" for node in islice(table.walk(), 1, None)):
        return False
    nodes = list(table.walk())
    rows = [[cell for cell in node.children if cell.tag in ("td", "th")] for node in nodes if node.tag == "tr"]
    return is_data([[sum(node.run[1] - node.run[0] for node in cell.walk()) for cell in row] for row in rows])


def is_data(rows: Sequence[Sequence[int]]) -> bool:
    """Tell by the lengths of its cells, row by row, whether a table holds data."""
    return sum(len(row) > 1 for row in rows) >= _FEWEST_ROWS and all(length <= _LONG for row in rows for length in row)


def table_lines(grid: Grid) -> list[Line]:
    """Return a table as lines, one a row; see the module."""
    rows = [row for row in _expanded(grid) if any(row)]
    captions = _captions(rows)
    above, rows = [_row(row, []) for row in rows[:captions]], rows[captions:]
    heads = _header(rows)
    names = _names(rows[:heads])
    names = ["" if name in _UNITS and not _are_units(rows[heads:], at) else name for at, name in enumerate(names)]
    lines = above + [_row(row, names) for row in rows[heads:]]
    return [line for line in lines if line]


def _texts(row: list[Line]) -> list[str]:
    return [text_of(cell).strip() for cell in row]


def _captions(rows: list[list[Line]]) -> int:
    """Return how many rows at the top hold a single cell above rows of several."""
    filled = [sum(map(bool, _texts(row))) for row in rows]
    first = next((at for at, cells in enumerate(filled) if cells > 1), 0)
    return first if len(rows) - first >= _FEWEST_ROWS else 0


def _names(heads: list[list[Line]]) -> list[str]:
    """Return a name for each column; of two rows the upper one's goes on over blank cells and before the lower one's."""
    if len(heads) < _FEWEST_ROWS:
        return _texts(heads[0]) if heads else []
    upper, lower = (_texts(row) for row in heads)
    names: list[str] = []
    above = ""
    for top, under in zip_longest(upper, lower, fillvalue=""):
        above = top or above
        names.append(above if under in ("", above) else above + under)
    return names


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
    """Return how many rows at the top are headers: those without a value above rows with some.

    A second one is only where it stands under blank cells of the first (which span columns).
    """
    texts = [_texts(row) for row in rows]
    if not texts or not _is_header(texts[0]):
        return 0
    under = [cell for above, cell in zip(texts[0], texts[1], strict=False) if not above] if len(texts) > 1 else []
    heads = 2 if any(under) and _is_header(texts[1]) else 1
    return heads if any(_VALUE.match(text) for row in texts[heads:] for text in row[1:]) else 0


def _is_header(texts: list[str]) -> bool:
    """Tell whether a row names columns; years name them where there are several (``2023年 | 2024年``)."""
    years = sum(bool(_YEAR.match(text)) for text in texts)
    values = [text for text in texts if _VALUE.match(text) and not (_YEAR.match(text) and years > 1)]
    return sum(map(bool, texts)) > 1 and not values


def _are_units(rows: list[list[Line]], column: int) -> bool:
    """Tell whether a column named 单位 holds units; otherwise it holds organs."""
    texts = [_texts(row)[column] for row in rows if column < len(row)]
    return all(_is_unit(text) for text in texts) and any(texts)


def _is_unit(text: str) -> bool:
    words = [word.lstrip("百千万亿") for word in re.split(r"[/、（(）)]", text)]
    return all(word in KINDS or word in CANONICAL or not word for word in words)


def _row(row: list[Line], headers: list[str]) -> Line:
    """Render one row: its label, then every filled cell with its header, then a full stop."""
    unit = next((text for text, name in zip(_texts(row), headers, strict=False) if name in _UNITS), "")
    skipped = {at for at, name in enumerate(headers) if name in _NUMBERING or (name in _UNITS and unit)}
    cells = [(at, cell) for at, cell in enumerate(row) if at not in skipped and text_of(cell).strip()]
    if not cells:
        return []
    unit = unit or _split_header(text_of(cells[0][1]).strip(), "")[1]
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
    """Split ``受理（件）`` into name and unit; ``unit`` is what a column of units or the row's label lends."""
    match = _HEADER_UNIT.match(header)
    return (match[1], match[2]) if match else (header, unit)


def _joint(text: str, header: str, order: int, cells: int) -> str:
    """Return what stands between the label or the cell before and this cell."""
    value = bool(_VALUE.match(text))
    if cells == 2 and value:
        return ""
    mark = "：" if order == 0 else "，"
    return mark + (header if value else f"{header}：" if header and order else "")
