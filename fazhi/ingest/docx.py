"""The Word reader (.docx), behind the extra ``documents``.

The decoded source is the text of the document's body: a line a paragraph, tables of data a line a row with tabs between the
cells; headers and footers of pages, notes, deleted and hidden text and fallbacks are no part of it. Numbers that Word makes
itself (``一、`` of a numbered list) are inserted text. The package is checked before it is opened: size when unpacked,
encryption, entity declarations. What it refers to outside is never fetched.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path
from typing import Any

from fazhi.errors import InputError, MissingExtraError
from fazhi.ingest.docx_numbering import Numbering
from fazhi.ingest.limits import Deadline, Limits
from fazhi.ingest.pieces import Line, build, inserted
from fazhi.ingest.tables import Grid, is_data, table_lines
from fazhi.offsets import TextBuilder

try:
    import docx
    from docx.oxml.ns import qn
except ImportError as error:
    raise MissingExtraError("python-docx", "documents") from error

_OTHERS = (
    ("xl/workbook.xml", "an Excel file", "save the report as .docx, PDF or text"),
    ("ppt/presentation.xml", "a PowerPoint file", "save the report as .docx, PDF or text"),
    ("OFD.xml", "an OFD file", "save it as PDF and try again"),
    ("content.xml", "an OpenDocument file", "save it as .docx and try again"),
)
_REMEDY = "open it in Word or WPS and save it again"
_BREAKS = {qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:tab"): "\t", qn("w:noBreakHyphen"): "-"}
_SKIPPED = {
    qn("w:del"),
    qn("w:moveFrom"),
    qn("w:instrText"),
    "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",
}


def check_package(raw: bytes, source: Path, limits: Limits) -> None:
    """Raise ``InputError`` for an archive that is damaged, no Word file, encrypted, too large or declares entities."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            names = {info.filename: info for info in archive.infolist()}
            _check_kind(names, source)
            limits.check_size(sum(info.file_size for info in names.values()), source, "the unpacked file")
            for name, info in names.items():
                if info.flag_bits & 1:
                    raise InputError(source, "an encrypted archive", "remove the password and save it again")
                if name.endswith((".xml", ".rels")) and b"<!" in _prolog(archive.read(info)):
                    raise InputError(source, f"{name} declares a document type, which Word never does", _REMEDY)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError) as error:
        raise InputError(source, "a damaged or truncated zip archive", _REMEDY) from error


def _prolog(xml: bytes) -> bytes:
    return xml[:100_000].replace(b"\x00", b"").replace(b"<!--", b"").replace(b"<![CDATA[", b"")


def _check_kind(names: dict[str, zipfile.ZipInfo], source: Path) -> None:
    if "word/document.xml" in names:
        return
    for member, what, remedy in _OTHERS:
        if member in names:
            raise InputError(source, f"this is {what}", remedy)
    raise InputError(source, "a zip archive that is no Word file", "unpack it first")


def read_docx(raw: bytes, source: Path, limits: Limits) -> TextBuilder:
    """Read a Word file; the builder's ``source`` is the decoded source (see the module)."""
    check_package(raw, source, limits)
    deadline = limits.deadline(source)
    try:
        document = docx.Document(io.BytesIO(raw))
        reader = _Reader(Numbering(document), deadline)
        reader.blocks(document.element.body)
    except InputError:
        raise
    except Exception as error:  # python-docx and lxml raise whatever their parsers meet
        raise InputError(source, f"a damaged Word file ({type(error).__name__})", _REMEDY) from error
    return build("".join(reader.parts), reader.lines)


class _Reader:
    """Walks the body's XML, writes the decoded source and collects the lines of the clean text."""

    def __init__(self, numbering: Numbering, deadline: Deadline) -> None:
        self.parts: list[str] = []
        self.lines: list[Line] = []
        self._length = 0
        self._numbering, self._deadline = numbering, deadline

    def blocks(self, parent: Any) -> None:  # noqa: ANN401 - lxml elements have no public type
        """Read the paragraphs and tables below an element, content controls and insertions included."""
        for child in parent:
            self._deadline.check()
            if child.tag == qn("w:p"):
                self._paragraph(child)
            elif child.tag == qn("w:tbl"):
                self._table(child)
            elif child.tag in (qn("w:sdt"), qn("w:sdtContent"), qn("w:ins"), qn("w:customXml"), qn("w:smartTag")):
                self.blocks(child)

    def _write(self, text: str) -> int:
        start = self._length
        self.parts.append(text)
        self._length += len(text)
        return start

    def _paragraph(self, element: Any) -> None:  # noqa: ANN401
        number = self._numbering.next(element)
        for order, text in enumerate(_text(element).split("\n")):
            start = self._write(text + "\n")
            if text.strip():
                line: Line = [(start, start + len(text), text)]
                self.lines.append([inserted(number, start), *line] if number and not order else line)
        for box in element.iter(qn("w:txbxContent")):
            if not any(parent.tag in _SKIPPED for parent in box.iterancestors()):
                self.blocks(box)

    def _table(self, table: Any) -> None:  # noqa: ANN401
        """Read a table of data as clauses; cells of one that lays a page out hold paragraphs and tables as the body does."""
        rows = [[cell for cell in row.iter(qn("w:tc")) if _owner(cell, qn("w:tr")) is row] for row in _own(table, qn("w:tr"))]
        if is_data([[len(_cell_text(cell)) for cell in row] for row in rows]):
            self.lines += table_lines(self._grid(rows))
            return
        for row in rows:
            for cell in row:
                self.blocks(cell)

    def _grid(self, rows: list[list[Any]]) -> Grid:
        grid: Grid = []
        for row in rows:
            self._deadline.check()
            cells: list[tuple[Line, int, int]] = []
            for cell in row:
                text = _cell_text(cell)
                start = self._write(text + "\t")
                line: Line = [(start, start + len(text), text)] if text else []
                column = sum(columns for _, columns, _ in cells)
                cells.append((line or _merged(cell, column, grid), _span(cell), 1))
            grid.append(cells)
            self._write("\n")
        return grid


def _own(table: Any, tag: str) -> list[Any]:  # noqa: ANN401
    """Return the elements of a table that belong to no table inside it."""
    return [element for element in table.iter(tag) if _owner(element, qn("w:tbl")) is table]


def _cell_text(cell: Any) -> str:  # noqa: ANN401
    return " ".join(_text(paragraph) for paragraph in cell.iter(qn("w:p"))).replace("\n", " ").strip()


def _owner(element: Any, tag: str) -> Any:  # noqa: ANN401
    return next(element.iterancestors(tag), None)


def _span(cell: Any) -> int:  # noqa: ANN401
    found = cell.find(f"{qn('w:tcPr')}/{qn('w:gridSpan')}")
    value = found.get(qn("w:val"), "1") if found is not None else "1"
    return max(1, min(60, int(value))) if value.isdecimal() else 1


def _merged(cell: Any, column: int, grid: Grid) -> Line:  # noqa: ANN401
    """Return what a cell that continues the one above repeats: that one's text, as an insertion."""
    merge = cell.find(f"{qn('w:tcPr')}/{qn('w:vMerge')}")
    if merge is None or merge.get(qn("w:val"), "continue") != "continue" or not grid:
        return []
    at = 0
    for above, columns, _ in grid[-1]:
        if at == column:
            return [inserted("".join(text for _, _, text in above), above[-1][1])] if above else []
        at += columns
    return []


def _text(paragraph: Any) -> str:  # noqa: ANN401
    """Return a paragraph's text; text boxes inside it are read apart."""
    parts: list[str] = []
    stack = list(reversed(paragraph))
    while stack:
        node = stack.pop()
        if node.tag == qn("w:t"):
            parts.append(node.text or "")
        elif node.tag in _BREAKS:
            parts.append(_BREAKS[node.tag])
        elif node.tag not in _SKIPPED and node.tag != qn("w:txbxContent") and not _is_hidden(node):
            stack.extend(reversed(node))
    return "".join(parts)


def _is_hidden(run: Any) -> bool:  # noqa: ANN401
    """Tell whether Word does not show a run (``w:vanish``)."""
    vanish = run.find(f"{qn('w:rPr')}/{qn('w:vanish')}") if run.tag == qn("w:r") else None
    return vanish is not None and vanish.get(qn("w:val"), "true") in ("true", "1", "on")
