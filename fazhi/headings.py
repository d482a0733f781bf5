"""The headings of a report's top level, found by their enumerators, in clean text and in flattened.

Numbers may skip or repeat, and a heading may run into its text: of all candidates the sequence of greatest weight is taken.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from fazhi.enumerators import Marker, markers
from fazhi.section_kinds import RESULTS, heading_kind


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading: where it starts, where its words do, its number (0 without one), its weight in the choice of the sequence."""

    start: int
    words: int
    number: int
    weight: float
    style: str = ""


def heading_text(text: str, head: Marker | Heading, limit: int) -> str:
    """Return a heading's words: up to the line's or sentence's end, or to where the running text visibly begins."""
    begin = head.words if isinstance(head, Heading) else head.end
    words = text[begin : min(limit, begin + 60)].split("\n")[0]
    cut = _HEADING_END.search(words)
    return words[: cut.start()].strip() if cut else words.strip()


_HEADING_END = re.compile(
    r"[。；：:！]|(?<=.{4})(?:[（(][一二三四五六七八九十]{1,2}[）)]|(?<!\d)\s*\d{1,2}[.、．](?!\d)|一是|首先"
    r"|(?<![度为至到与及和])20\d\d年(?!度?的?(?:工作|重点|主要|目标|法治|打算|安排|计划|思路))|截[至止]"
    r"|(?<=[况题足法效算排划求施议路])(?:今年|虽然|一年|我[局县镇区街办委]|根据|总体|回顾|目前|按照|在|本次|针对|对照)"
    r"|[ \u3000](?=.{6}))"
)
_OWN_LINE = re.compile(r"(?:^|\n)[ \t\u3000\xa0]*([^\n，。；：:！？]{4,24})(?=\n)")


def top_headings(text: str, start: int, end: int) -> list[Heading]:
    """Return the headings of the top level: ``一、`` where there is one, else ``（一）``; and unnumbered lines."""
    found = list(markers(text, start, end))
    chosen: list[Heading] = []
    for style in ("section", "bracket"):
        candidates = [_heading(text, marker, end) for marker in found if marker.style == style]
        chosen = _best_sequence([head for head in candidates if head.weight > 0])
        if len(chosen) > 1 or (chosen and style == "section"):
            break
    return sorted([*chosen, *_own_lines(text, start, end, chosen)], key=lambda head: head.start)


def _heading(text: str, marker: Marker, end: int) -> Heading:
    words = text[marker.end : min(end, marker.end + 30)]
    telling = heading_kind(words[:16]) != "results" or bool(RESULTS.search(words[:16]))
    if marker.strength == 0 and not _GLUED.match(text, marker.start - 1):
        return Heading(marker.start, marker.end, marker.number, 0.0)
    weight = (0.4, 1.0, 1.5, 2.0)[marker.strength] + 0.6 * telling
    return Heading(marker.start, marker.end, marker.number, weight, marker.style)


_GLUED = re.compile(r"[况告下题施结容报法划见录）\d]")
"""What a heading may be glued to: the end of a title, of an announcement, of another section."""


def _best_sequence(heads: Sequence[Heading]) -> list[Heading]:
    """Choose the headings of the sequence of greatest weight.

    One up is the rule; a repeated number, a skip and a new start from 1 cost something; going down is not allowed. A weak
    candidate thus needs its neighbours' word for it.
    """
    best: list[tuple[float, int]] = []
    for at, head in enumerate(heads):
        steps = [(before, _step(heads[before], head)) for before in range(at)]
        score, before = max([(_opening(head), -1), *((best[b][0] + worth, b) for b, worth in steps if worth is not None)])
        best.append((score + head.weight, before))
    if not best:
        return []
    at = max(range(len(best)), key=lambda index: best[index][0])
    chosen = []
    while at >= 0:
        chosen.append(heads[at])
        at = best[at][1]
    return chosen[::-1]


def _opening(head: Heading) -> float:
    return 0.0 if head.number == 1 else -0.4 * min(head.number, 5)


def _step(before: Heading, after: Heading) -> float | None:
    """Return what a step between two numbers is worth, ``None`` if it cannot be one."""
    rise = after.number - before.number
    if rise == 1:
        return 0.5
    if rise == 0:
        return -1.0
    if rise > 1:
        return -0.3 - 0.3 * rise
    return -1.6 if after.number == 1 and before.number > 1 else None


def _own_lines(text: str, start: int, end: int, chosen: Sequence[Heading]) -> list[Heading]:
    """Return unnumbered lines of their own that name problems, leaders or a plan, where numbered headings name none.

    Where there are no numbered headings at all, lines that name results are headings beside them.
    """
    if any(heading_kind(heading_text(text, head, end)) != "results" for head in chosen):
        return []
    taken = {head.start for head in chosen}
    lines = [
        match
        for match in _OWN_LINE.finditer(text, max(0, start - 1), end)
        if match.start(1) not in taken and not _ENUMERATED.match(match[1])
    ]
    telling = [match for match in lines if heading_kind(match[1]) != "results"]
    if telling and not chosen:
        telling = [match for match in lines if match in telling or RESULTS.search(match[1])]
    return [Heading(match.start(1), match.start(1), 0, 1.0) for match in telling]


_ENUMERATED = re.compile(r"[（(]?[一二三四五六七八九十\d]{1,3}[）)、.．是]")
