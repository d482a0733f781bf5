"""The enumerated items of a report, so that a record can name the item it stands under."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from fazhi.enumerators import LEVELS, Marker, markers
from fazhi.headings import top_headings
from fazhi.ingest.body import body


@dataclass(frozen=True, slots=True)
class Item:
    """An enumerated item ``text[start:end]``, marker included; ``level`` is 1 for ``一、`` and 5 for ``一是``."""

    start: int
    end: int
    level: int
    marker: str
    headline: str


def items(text: str) -> list[Item]:
    """Return the enumerated items of a report's body, outer before inner.

    An item ends where the next one of its own level or of a higher one begins.
    """
    start, end = body(text)
    accepted = _accepted(text, list(markers(text, start, end)), {head.start for head in top_headings(text, start, end)})
    found = []
    for at, marker in enumerate(accepted):
        stop = next((later.start for later in accepted[at + 1 :] if later.level <= marker.level), end)
        sign = text[marker.start : marker.end].strip()
        found.append(Item(marker.start, stop, marker.level, sign, _headline(text, marker, stop)))
    return found


_MAX_SKIP = 3


def _accepted(text: str, candidates: Sequence[Marker], tops: set[int]) -> list[Marker]:
    """Keep the markers that continue a sequence: any number after punctuation, only the next one where it is glued."""
    last: dict[str, int] = {}
    kept = []
    for marker in candidates:
        if marker.style == "section" and marker.start not in tops:
            continue
        rise = marker.number - last.get(marker.style, 0)
        fits = rise == 1 if marker.strength == 0 else marker.number == 1 or 0 < rise <= _MAX_SKIP
        glued_first = marker.strength == 0 and marker.number == 1 and marker.style in ("bracket", "number")
        if not (fits or glued_first or marker.start in tops):
            continue
        last = {style: number for style, number in last.items() if LEVELS[style] < marker.level} | {marker.style: marker.number}
        kept.append(marker)
    return kept


_HEADLINE_END = re.compile(r"[。；;：:\n]")


def _headline(text: str, marker: Marker, stop: int) -> str:
    """Return an item's first words: its heading, or its first clause where that is long."""
    words = text[marker.end : min(stop, marker.end + 80)]
    cut = _HEADLINE_END.search(words)
    words = words[: cut.start()] if cut else words
    return (words if len(words) <= 40 else re.split("[，,]", words)[0][:40]).strip()
