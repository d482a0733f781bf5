"""The title in a report's head: the last line, or chunk of a flattened line, that ends like one, with what it continues."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fazhi.ingest.body import GENRE
from fazhi.ingest.findings import Page
from fazhi.ingest.furniture import is_head_furniture
from fazhi.ingest.issuers import ISSUER, ORGAN

_TITLE = re.compile(rf"[^，。；！？：:]{{4,90}}{GENRE}(?:[（(][^（）()]{{1,12}}[)）])?")
_ORGAN_END = re.compile(rf"{ORGAN}$")
_ORGAN_START = re.compile(rf"^(?:中共)?[\u4e00-\u9fff]{{2,24}}?{ORGAN}")
_PARTY = re.compile(r"(?:县|区|市|旗|州|盟|乡|镇|党|工)委$")
_NO_TITLE = re.compile(r"[，。；：:>＞|！？【】»]")
_YEAR = re.compile(r"(?:19|20)\d\d|二[〇○零]")
_SHORTEST = 8
_LONGEST_LINE = 40


def shown_title(page: Page) -> tuple[int, int] | None:
    """Return the extent of the title in the head of a page, ``None`` where nothing there reads like one."""
    base, stop = page.head
    head = page.text[base:stop]
    chunks = [match.span() for match in re.finditer(r"\S+", head)]
    last = next((at for at in reversed(range(len(chunks))) if _ends_title(head, chunks, at)), None)
    if last is None:
        return None
    start, end = chunks[last]
    for before in reversed(chunks[:last]):
        if not _continued(head[slice(*before)], head[start:end], head[before[1] : start]):
            break
        start = before[0]
    return (base + start, base + end) if end - start >= _SHORTEST else None


def one_line(text: str) -> str:
    """Return a title or name on one line; a blank stays only between two organs (``中共清溪县委 清溪县人民政府``)."""
    parts = text.split()
    out = parts[0] if parts else ""
    for part in parts[1:]:
        out += (" " if _ORGAN_END.search(out) and _ORGAN_START.search(part) else "") + part
    return out


def _ends_title(head: str, chunks: Sequence[tuple[int, int]], at: int) -> bool:
    start, end = chunks[at]
    line_start, line_end = head.rfind("\n", 0, start) + 1, head.find("\n", start)
    line = head[line_start : line_end if line_end >= 0 else len(head)]
    if line_end >= 0 and is_head_furniture(line):
        return False
    chunk = head[start:end]
    if len(chunk) <= _SHORTEST and at and head[chunks[at - 1][1] : start].count("\n") <= 1:
        chunk = head[chunks[at - 1][0] : chunks[at - 1][1]] + chunk
    return bool(_TITLE.fullmatch(chunk))


def _continued(before: str, title: str, blanks: str) -> bool:
    """Tell whether a title goes on from the chunk before it: an issuer, a first line without its end, a year cut in two."""
    if blanks.count("\n") > 1 or len(before) > _LONGEST_LINE or _NO_TITLE.search(before) or is_head_furniture(before):
        return False
    if _PARTY.search(before) or before.startswith(("中共", "关于")):
        return True
    if title.startswith("年") or len(title) < _SHORTEST:
        return True
    if _ORGAN_END.search(before):
        return not ISSUER.match(title) and ("\n" in blanks or title.startswith(("关于", "20", "二")))
    return not _YEAR.search(title) and bool(_YEAR.search(before))
