"""Metadata as it is found: a value, where it stands, how sure the rule is."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

from fazhi.offsets import OffsetMap


@dataclass(frozen=True, slots=True)
class Finding:
    """A value, where it stands (``start:end`` in the clean text, ``source_start:source_end``), and how sure the rule is."""

    value: str | int
    confidence: float
    start: int | None = None
    end: int | None = None
    source_start: int | None = None
    source_end: int | None = None

    def provenance(self) -> dict[str, Any]:
        """Return all but the value; places that are not known are left out."""
        names = ("start", "end", "source_start", "source_end", "confidence")
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}

    def holding(self, value: str | int, confidence: float) -> Finding:
        """Return another value that was read off the same place."""
        return replace(self, value=value, confidence=round(confidence, 2))


Findings = dict[str, Finding]
_LONGEST_HEAD = 6000


@dataclass(frozen=True, slots=True)
class Page:
    """The clean text with its way to the source, and where the report's body lies in it.

    ``text`` may also be what stood around the report (``in_text`` false): then findings have a place in the source only.
    """

    text: str
    offsets: OffsetMap = field(default_factory=OffsetMap)
    body: tuple[int, int] = (0, 0)
    in_text: bool = True

    @property
    def head(self) -> tuple[int, int]:
        """Where to look before the body: all that stands there, of a very long head the end."""
        return max(0, self.body[0] - _LONGEST_HEAD), self.body[0]

    def found(self, value: str | int, confidence: float, start: int, end: int) -> Finding:
        """Return a finding at ``text[start:end]``."""
        low, high = self.offsets.to_source(start, end)
        return Finding(value, confidence, start if self.in_text else None, end if self.in_text else None, low, high)

    def locate(self, value: str, start: int, end: int) -> tuple[int, int] | None:
        """Find the last place of a value in ``text[start:end]``, white space aside."""
        pattern = re.compile(r"\s*".join(map(re.escape, "".join(value.split()))))
        matches = list(pattern.finditer(self.text, start, end)) if value.strip() else []
        return (matches[-1].start(), matches[-1].end()) if matches else None

    def within(self, holder: Finding, value: str, confidence: float, result: str | int | None = None) -> Finding:
        """Return a part of another finding's value, at its own place where that can be found."""
        place = None if holder.start is None or holder.end is None else self.locate(value, holder.start, holder.end)
        result = value if result is None else result
        return self.found(result, confidence, *place) if place else holder.holding(result, confidence)
