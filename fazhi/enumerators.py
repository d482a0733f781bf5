"""Enumerators in running text (``一、`` ``（一）`` ``1.`` ``（1）`` ``①`` ``一是``): number, level, and how sure they are.

Page extraction loses line breaks, so a marker may follow a blank, the end of a sentence, or nothing at all. How good the
place is, is the marker's *strength*; numbers that continue a sequence decide about the weak ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_NUMERALS = {char: value for value, char in enumerate("一二三四五六七八九十", start=1)}
_CN = "[一二三四五六七八九十]{1,3}"
_MARKERS = re.compile(
    rf"""(?P<part>第{_CN}部分)[\s、：:]*
    | (?P<section>{_CN})\s?、(?!\s*[一二三四五六七八九十]{{1,3}}、)
    | [（(]\s*(?P<bracket>{_CN})\s*[）)]、?
    | (?P<number>\d{{1,2}})(?:[、．](?!\d)|\.(?!\d))
    | [（(]\s*(?P<small>\d{{1,2}})\s*[）)]
    | (?P<circle>[①-⑳])
    | 第?(?P<is>{_CN})(?:是|则|要)(?!否)
    | 第(?P<ordinal>{_CN})[、，,]
    """,
    re.VERBOSE,
)
LEVELS = {"part": 0, "section": 1, "bracket": 2, "number": 3, "small": 4, "circle": 4, "is": 5, "ordinal": 5}
"""Depth of each style; 0 is the outermost."""
_STOPS = frozenset("。；;：:！!？?，,”’」』）)】…>、")
_SHARP = frozenset("。；;！!？?\n")


@dataclass(frozen=True, slots=True)
class Marker:
    """An enumerator ``text[start:end]``: its style (a key of ``LEVELS``), number and strength.

    Strength 3: at the start of a line; 2: after the end of a sentence; 1: after a blank or other punctuation; 0: glued to
    the character before it.
    """

    start: int
    end: int
    style: str
    number: int
    strength: int

    @property
    def level(self) -> int:
        """Depth of the style."""
        return LEVELS[self.style]


def numeral(text: str) -> int:
    """Return the value of an enumerator's numeral: ``十二``, ``12``, ``⑫``; 0 for one that is malformed."""
    if text.isdecimal():
        return int(text)
    if "①" <= text <= "⑳":
        return ord(text) - ord("①") + 1
    text = text.removeprefix("第").removesuffix("部分")
    if "十" not in text:
        return _NUMERALS.get(text, 0)
    tens, _, units = text.partition("十")
    return _NUMERALS.get(tens, 0 if tens else 1) * 10 + _NUMERALS.get(units, 0)


def _strength(text: str, at: int) -> int:
    before = text[:at][-40:]
    bare = before.rstrip(" \t\u3000\xa0")
    if not bare or bare.endswith("\n"):
        return 3
    if bare[-1] in _SHARP:
        return 2
    if len(bare) < len(before) or bare[-1] in _STOPS:
        return 1
    return 0


def markers(text: str, start: int, end: int) -> Iterator[Marker]:
    """Yield all that looks like an enumerator in ``text[start:end]``, in order; weak ones included."""
    previous_end = -1
    for match in _MARKERS.finditer(text, start, end):
        style = match.lastgroup or ""
        number = numeral(match[style])
        strength = _strength(text, match.start())
        if match.start() == previous_end and strength == 0:
            strength = 1
        if number and _plausible(text, match.end(), style, strength):
            previous_end = match.end()
            yield Marker(match.start(), match.end(), style, number, strength)


def _plausible(text: str, at: int, style: str, strength: int) -> bool:
    """Sort out numerals of prose: a word must follow; the open styles count only after punctuation."""
    following = text[at : at + 2].lstrip(" \u3000\xa0")
    if not following or following[0] in "，。；、）)%％":
        return False
    if style in ("is", "ordinal"):
        return strength >= 1
    if style == "section" and strength < 2 and following[0] in _NUMERALS:
        return False  # 第二、三阶段
    return style != "number" or strength >= 1 or "\u4e00" <= following[0] <= "\u9fff"
