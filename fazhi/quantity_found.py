"""A quantity as it is found, and the hedges around a number: ``近`` ``不少于`` before it, ``余`` ``以上`` behind it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Found:
    """A quantity ``folded[start:end]`` before its context is read; ``chinese`` tells that its numeral is in characters.

    ``factor`` is the multiplier (万, 亿) that stands behind its numeral.
    """

    start: int
    end: int
    value: Decimal | None
    unit: str
    kind: str
    bound: str = "exact"
    low: Decimal | None = None
    high: Decimal | None = None
    per: str | None = None
    population: Decimal | None = None
    chinese: bool = False
    hedged: bool = False
    factor: Decimal = Decimal(1)


_BEFORE = {
    "approx": "大约|大概|(?<![签预公节条合违契邀赴])约为?|估计",
    "nearly": "将近|接近|逼近|(?<![最附临就])近",
    "over": "超过|超出|突破|超|逾|高于|大于|多于|高出",
    "at_least": "不少于|不低于|不小于|不下于|不下|至少有?|最少|起码",
    "at_most": "不超过|不高于|不多于|不大于|不得超过|至多|最多|不突破",
    "under": "不足|不到|低于|少于|小于|未达到?|不满",
}
_AFTER = {
    "at_least": "及以上|以上|起步",
    "at_most": "及以下|以下|以内|之内",
    "approx": "左右|上下|不等",
    "over": "有余|余(?![额下家款生])|多(?![元样方部头层部万媒])",
}
_BEFORE_END = re.compile("(?:" + "|".join(f"(?P<{name}>{words})" for name, words in _BEFORE.items()) + r")(?:了|达到?|为)?\s*$")
_BEFORE_APART = re.compile(r"(?:(?P<least>至少|最少)|至多|最多(?!跑))[\u4e00-\u9fff]{1,10}$")
_AFTER_START = re.compile(r"\s*(?:" + "|".join(f"(?P<{name}>{words})" for name, words in _AFTER.items()) + ")")


def hedge_before(masked: str, start: int) -> tuple[int, str, bool]:
    """Return where a number with the hedge before it starts, its bound, and whether there is one (``不少于``)."""
    match = _BEFORE_END.search(masked, max(0, start - 8), start)
    if match:
        return match.start(), match.lastgroup or "exact", True
    if masked[start - 1 : start] == "上" and masked[start - 2 : start] != "以上" and masked[start] in "百千万亿":
        return start - 1, "at_least", True
    apart = _BEFORE_APART.search(masked, max(0, start - 14), start)
    return (start, "at_least" if apart["least"] else "at_most", True) if apart else (start, "exact", False)


def hedge_after(masked: str, end: int) -> tuple[int, str | None]:
    """Return where a number with the hedge behind it ends, and its bound (``以上``)."""
    match = _AFTER_START.match(masked, end)
    return (match.end(), match.lastgroup) if match else (end, None)
