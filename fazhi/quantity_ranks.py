"""Quantities without a unit of their own: ranks (``第3名`` ``末位``), ratios (``5:1``), fractions, half and double."""

from __future__ import annotations

import re
from decimal import Decimal

from fazhi.numerals import ARABIC, CHINESE, read
from fazhi.quantity_found import Found, hedge_after, hedge_before
from fazhi.quantity_names import blank

RANKED_OF = re.compile(r"(?P<n>\d+|[一二两三四五六七八九十]+)个[^\d,,、]{1,14}?(?:中|当中|里)(?=.*(?:排|列|居|位|第|前|倒数))")
ORDINAL = r"[一二三四五六七八九十百]+"
_RANK = [
    (re.compile(rf"倒数第?\s*(?P<n>\d+|{ORDINAL})\s*(?:名|位)?"), "rank_from_bottom", "exact"),
    (re.compile(r"倒数首位|倒数(?!第|\d)|末位|垫底|末尾"), "rank_from_bottom", "exact"),
    (re.compile(r"首位|榜首|之首|头名|第一名?(?=$|[,,、。)])|居首(?!要|先)"), "rank", "exact"),
    (re.compile(rf"第\s*(?P<n>\d+|{ORDINAL})\s*(?:名|位|大(?!队))(?!次)"), "rank", "exact"),
    (re.compile(rf"第\s*(?P<n>\d+|{ORDINAL})(?=$|[,、。;)])"), "rank", "exact"),
    (re.compile(rf"前\s*(?P<n>\d+|{ORDINAL})\s*(?:名|位|强)?(?=$|[,,、。)]|行列|之列|名|位|强)"), "rank", "at_most"),
    (re.compile(r"(?P<n>\d+)强(?=$|[,、。)])"), "rank", "at_most"),
    (re.compile(r"(?i:top)\s*(?P<n>\d+)"), "rank", "at_most"),
]


def ranks(masked: str, folded: str) -> list[Found]:
    """Find ranks from the top and from the bottom, with the number of those ranked where it is stated."""
    of = RANKED_OF.search(masked)
    population = read(of["n"]) if of else None
    found: list[Found] = []
    for pattern, kind, bound in _RANK:
        for match in pattern.finditer(masked):
            value = read(match["n"]) if "n" in pattern.groupindex else Decimal(1)
            if value is not None:
                found.append(Found(*match.span(), value, "名", kind, bound, population=population))
        masked = blank(masked, ((item.start, item.end) for item in found))
    return found


_RATIO = re.compile(rf"(?<![\d:.])(?P<a>{ARABIC})\s*(?::|比(?=\s*\d))\s*(?P<b>{ARABIC})(?![\d:.])")
_RATIO_OF_MANY = re.compile(rf"(?<![\d:.])(?:{ARABIC})(?::(?:{ARABIC})){{2,}}")
_SLASH = re.compile(r"(?<![\d./])(?P<a>\d{1,3})/(?P<b>\d{1,3})(?![\d./])")
_FRACTION = re.compile(rf"(?P<b>{CHINESE}|\d+)分之(?P<a>百|\d+(?:\.\d+)?|{CHINESE})")
_WORDS: list[tuple[re.Pattern[str], str, str, str, str]] = [
    (re.compile("百分百"), "100", "%", "percent", "exact"),
    (re.compile("翻了?(?:一番|番|倍)|成倍"), "2", "倍", "multiple", "exact"),
    (re.compile("翻了?两番"), "4", "倍", "multiple", "exact"),
    (re.compile("(?:超|过|逾|占)?半数以上|过半(?!数)|过半数|超半数|逾半数|超过?一半|超半"), "50", "%", "percent", "over"),
    (re.compile("一半(?:以上|左右)?|减半|半数"), "50", "%", "percent", "exact"),
    (re.compile("(?<![最附邻临])近半(?![年月天日小个])"), "50", "%", "percent", "nearly"),
]


def ratios(masked: str, folded: str) -> list[Found]:
    """Find ``5:1``, ``三分之二``, ``百分之九十`` and the words for half and double."""
    found: list[Found] = []
    found += [Found(*match.span(), None, "比", "ratio") for match in _RATIO_OF_MANY.finditer(masked)]
    free = blank(masked, ((item.start, item.end) for item in found))
    for match in [*_RATIO.finditer(free), *_SLASH.finditer(free)]:
        a, b = read(match["a"]), read(match["b"])
        if a is not None and b:
            found.append(Found(*match.span(), a / b, "比", "ratio"))
    for match in _FRACTION.finditer(masked):
        found += _fraction(match, masked)
    for pattern, value, unit, kind, bound in _WORDS:
        free = blank(masked, ((item.start, item.end) for item in found))
        for match in pattern.finditer(free):
            start, before, _ = hedge_before(masked, match.start())
            stated = "at_least" if match[0].endswith("以上") else "approx" if match[0].endswith("左右") else bound
            stated = before if stated == "exact" else stated
            found.append(Found(start, match.end(), Decimal(value), unit, kind, stated))
    return found


def _fraction(match: re.Match[str], masked: str) -> list[Found]:
    below, above = read(match["b"]), read(match["a"])
    if not below or above is None:
        return []
    start, bound, _ = hedge_before(masked, match.start())
    end, after = hedge_after(masked, match.end())
    bound = after or bound
    unit = {100: "%", 1000: "‰"}.get(int(below))
    if unit:
        return [Found(start, end, above, unit, "percent", bound)]
    return [Found(start, end, above / below, "比", "ratio", bound)]
