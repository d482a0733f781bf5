"""The PDF reader, behind the extra ``documents``: text PDFs, with running heads dropped and wrapped lines joined.

The decoded source is the text of the pages as PDFium gives it, joined with form feeds; ``notes`` tells where each page begins,
so that a span leads to its page. A scanned PDF has no text and is refused.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from fazhi.errors import InputError, MissingExtraError
from fazhi.ingest.limits import Deadline, Limits
from fazhi.offsets import TextBuilder

try:
    import pypdfium2
except ImportError as error:
    raise MissingExtraError("pypdfium2", "documents") from error

_PAGE_NUMBER = re.compile(r"^\s*(?:[-—–·]*\s*\d{1,4}\s*[-—–·]*|第\s*\d+\s*页(?:\s*[,，/]?\s*共\s*\d+\s*页)?|\d+\s*/\s*\d+)\s*$")
_PROSE = re.compile("[，。；]")
_SENTENCE_END = ("。", "！", "？", "：", "；", "”", "!", "?")
_OPENER = re.compile(
    r"\s*(?:[一二三四五六七八九十]{1,3}、|[（(][一二三四五六七八九十\d]{1,3}[）)]|\d{1,2}[.、．](?!\d)|第[一二三四五六七八九十]+部分|附件)"
)
_EDGE = 2
_LONGEST_HEAD = 60
_PAGE_SHIFT = 3
"""How far the printed number of a page may be from its place in the file."""
_NARROWEST = 36
"""Columns of the narrowest line that counts as full; where all lines are shorter, none is taken for wrapped."""
_MIN_TEXT = 8
"""Fewest characters a page (on average) of a PDF that has a text layer."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a page: its extent in the source, its width in half-width columns, whether it stands at the page's edge."""

    start: int
    end: int
    text: str
    page: int
    edge: bool

    @property
    def width(self) -> int:
        return sum(2 if unicodedata.east_asian_width(char) in "WFA" else 1 for char in self.text.strip())


def pages(raw: bytes, source: Path, limits: Limits) -> list[str]:
    """Return the text of every page; ``InputError`` for a damaged, encrypted, scanned or overlong PDF."""
    try:
        document = pypdfium2.PdfDocument(raw)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise InputError(source, "a PDF protected by a password", "remove the password and save it again") from error
        raise InputError(source, "a damaged or truncated PDF", "download or export it again") from error
    try:
        if len(document) > limits.pages:
            raise InputError(source, f"{len(document)} pages, the limit is {limits.pages}", "raise it with --max-pages")
        texts = _texts(document, limits.deadline(source))
    except pypdfium2.PdfiumError as error:
        raise InputError(source, "a damaged PDF", "download or export it again") from error
    finally:
        document.close()
    if sum(len("".join(text.split())) for text in texts) < _MIN_TEXT * max(1, len(texts)):
        raise InputError(source, "a scanned PDF without a text layer", "run text recognition (OCR) over it first")
    return texts


def _texts(document: pypdfium2.PdfDocument, deadline: Deadline) -> list[str]:
    texts = []
    for page in document:
        deadline.check()
        text_page = page.get_textpage()
        texts.append(text_page.get_text_range().replace("\f", " "))
        text_page.close()
        page.close()
    return texts


def read_pdf(raw: bytes, source: Path, limits: Limits) -> tuple[TextBuilder, list[int]]:
    """Read a PDF; return the clean text over the decoded source, and where each page begins in that."""
    texts = pages(raw, source, limits)
    builder = TextBuilder("\f".join(texts))
    starts = [sum(len(text) + 1 for text in texts[:index]) for index in range(len(texts))]
    lines = _without_running_heads(_lines(texts, starts))
    widest = _usual_width(lines)
    for before, line in zip([None, *lines], lines, strict=False):
        if before and not _continues(before, line, widest):
            builder.insert("\n", before.end)
        elif before and _needs_blank(before.text, line.text):
            builder.insert(" ", before.end)
        builder.copy(line.start, line.end)
    return builder, starts


def _lines(texts: list[str], starts: list[int]) -> list[_Line]:
    found = []
    for page, (text, at) in enumerate(zip(texts, starts, strict=True)):
        spans = [match.span() for match in re.finditer(r"[^\r\n]*\S[^\r\n]*", text)]
        for order, (start, end) in enumerate(spans):
            edge = order < _EDGE or order >= len(spans) - _EDGE
            content = text[start:end].rstrip()
            found.append(_Line(at + start, at + start + len(content), content, page, edge))
    return found


def _key(line: _Line) -> str:
    """Return a line without white space and without a number at its end or beginning that may be the page's."""
    text = line.text.strip()
    for pattern in (r"[\s—–-]+(\d{1,4})$", r"^(\d{1,4})[\s—–-]+"):
        number = re.search(pattern, text)
        if number and abs(int(number[1]) - line.page - 1) <= _PAGE_SHIFT:
            text = text[: number.start()] + text[number.end() :]
    return "".join(text.split())


def _without_running_heads(lines: list[_Line]) -> list[_Line]:
    """Drop page numbers at the edges of pages, and lines that stand there on many pages; of these the first stays."""
    count = max((line.page for line in lines), default=0) + 1
    seen = Counter(_key(line) for line in {(_key(line), line.page): line for line in lines if line.edge}.values())
    least = max(3, 0.3 * count)
    repeated = {key for key, times in seen.items() if times >= least and len(key) < _LONGEST_HEAD and not _PROSE.search(key)}
    kept, shown = [], set()
    for line in lines:
        key = _key(line)
        if line.edge and (_PAGE_NUMBER.match(line.text) or (key in repeated and key in shown)):
            continue
        shown.add(key)
        kept.append(line)
    return kept


def _usual_width(lines: list[_Line]) -> int:
    """Return the width of a full line: that of the nine widest tenths' border."""
    widths = sorted(line.width for line in lines)
    return widths[int(0.9 * (len(widths) - 1))] if widths else 0


def _continues(before: _Line, line: _Line, full: int) -> bool:
    """Tell whether a line goes on with the sentence of the line before: that one is full and this one opens nothing."""
    ended = before.text.endswith(_SENTENCE_END)
    if before.width < max(full - 6, _NARROWEST) or (ended and _OPENER.match(line.text)):
        return False
    return not (_OPENER.match(line.text) and before.width < full - 1)


def _needs_blank(before: str, after: str) -> bool:
    return before[-1:].isascii() and before[-1:].isalpha() and after[:1].isascii() and after[:1].isalpha()
