"""Where the body of a report lies in its text: behind page head, index table and title, before signature and page foot.

Works on lines, and on a page that was flattened to one line.
"""

from __future__ import annotations

import re

from fazhi.ingest.furniture import DATE, TOKEN, is_furniture, is_head_furniture, skip_tokens
from fazhi.section_kinds import heading_kind

_SIGNATURE = re.compile(rf"^[^，。；：:！？]{{0,90}}$|^.{{0,80}}{DATE}.{{0,8}}$")
_ENDS = re.compile(r"[。！][”’」）)]*")


_COMMA = re.compile(r"[，。；,]")
_SHORTEST_PROSE = 25


def _lines(text: str) -> list[tuple[int, int]]:
    """Return the extents of all lines, without their line breaks."""
    extents, at = [], 0
    for line in text.split("\n"):
        extents.append((at, at + len(line)))
        at += len(line) + 1
    return extents


def _is_prose(line: str) -> bool:
    return len(line) >= _SHORTEST_PROSE and bool(_COMMA.search(line)) and not is_furniture(line)


def body(text: str) -> tuple[int, int]:
    """Return where the report's own prose begins and ends: after head furniture, index table and title, before the signature.

    The whole text where nothing is recognised. Headings of the first section, short sentences and an addressee line
    (``县委、县政府：``) belong to the body.
    """
    extents = _lines(text)
    prose = [index for index, (start, end) in enumerate(extents) if _is_prose(text[start:end])]
    if not prose:
        return 0, len(text)
    start = _body_start(text, extents, prose[0])
    return start, max(start, _body_end(text, extents, prose[-1]))


_MOST_HEADINGS = 60
"""Most lines before the first prose (blank ones, headings, addressees) that may belong to the body."""
_HEADING = re.compile(
    r"\s*(?:[一二三四五六七八九十]{1,3}、|[（(][一二三四五六七八九十]{1,3}[）)]|\d{1,2}[.、．]|第[一二三四五六七八九十]+部分)"
)
GENRE = "(?:报告|总结|情况|通报|汇报|计划|要点|年报|方案|通知|意见|思路|打算|批复|材料)"
"""What the title of a report ends with."""
_LEADING_TITLE = re.compile(rf"[^，。；！？：:\n]{{6,90}}?{GENRE}(?:[（(][^（）()\n]{{1,12}}[)）])?(?=[ \t\u3000\xa0])")
_BARE_HEADING = re.compile(r"[^，。；：:！？]{4,24}")
_ADDRESSEE = re.compile(r"\s*[^，。；]{2,60}[：:]\s*$")


def _body_start(text: str, extents: list[tuple[int, int]], first: int) -> int:
    earliest = max(0, first - _MOST_HEADINGS)
    while first > earliest and (
        _continues_body(line := text[slice(*extents[first - 1])]) or _ADDRESSEE.match(line) or not line.strip()
    ):
        if line.strip() and is_head_furniture(line):
            break
        first -= 1
    while first + 1 < len(extents) and not text[slice(*extents[first])].strip():
        first += 1
    start, end = extents[first]
    at = _skip_blanks(text, skip_tokens(text, start, end), end)
    title = _LEADING_TITLE.match(text, at, end)
    return _skip_blanks(text, skip_tokens(text, title.end(), end), end) if title else at


def _skip_blanks(text: str, at: int, end: int) -> int:
    return at + len(text[at:end]) - len(text[at:end].lstrip())


def _body_end(text: str, extents: list[tuple[int, int]], last: int) -> int:
    lines = [text[slice(*extent)] for extent in extents[last + 1 :]]
    at = 0
    while at < len(lines):
        step = 0 if _continues_body(lines[at]) else 1 if _announces(lines[at]) else len(lines)
        if at + step >= len(lines) or not _continues_body(lines[at + step]):
            break
        at += step + 1
    last += at
    start, end = extents[last]
    stops = [match.end() for match in _ENDS.finditer(text, start, end)]
    if stops and stops[-1] < end:
        tail = text[stops[-1] : end]
        if (
            len(tail) < 200
            and not _HEADING.match(tail)
            and not re.search(r"[，,]", tail)
            and (TOKEN.search(tail) or _SIGNATURE.match(tail))
        ):
            return stops[-1]
    return end


def _continues_body(line: str) -> bool:
    """Tell whether a line beside the prose belongs to the body: a short sentence, a heading or an enumerated item."""
    text = line.strip()
    return bool(text) and not is_furniture(line) and (text.endswith(("。", "；")) or bool(_HEADING.match(text)))


def _announces(line: str) -> bool:
    """Tell whether a line behind the prose is a heading without a number (``下一步工作打算``) and no signature."""
    bare = line.strip()
    return bool(_BARE_HEADING.fullmatch(bare)) and heading_kind(bare) in ("problems", "plan", "leaders")
