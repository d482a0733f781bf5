"""Which numbers of a METRIC are its quantities, and what the words before one say: base and direction of a change."""

from __future__ import annotations

import re
from dataclasses import replace

from fazhi.quantity_patterns import Found

_CHANGE_VERB = re.compile(r"[增减降升涨]|提高|压缩|变为|至|到|扩大|回落")
_HUNDRED_MILLION = 10**8
_KINDS_OF = frozenset({"类", "级", "大类", "项", "种", "型"})
_MODIFIER_UNITS = frozenset({"岁", "周岁", "小时", "天", "日", "年", "个月", "℃", "度", "级"})


def select(found: list[Found], folded: str) -> list[Found]:
    """Drop numbers in characters that are part of a word, and numbers that only narrow down what is counted."""
    arabic = any(not item.chinese for item in found)
    kept = [item for item in found if not item.chinese or _is_amount(item, found, arabic)]
    plain = [item for item in kept if not _threshold(item, folded)] or kept
    chosen = [item for at, item in enumerate(plain) if not _narrows(item, plain[at + 1 :], folded)]
    return [_shared_unit(item, chosen[at + 1] if at + 1 < len(chosen) else None) for at, item in enumerate(chosen)]


def _shared_unit(item: Found, later: Found | None) -> Found:
    """Read ``39个和53个百分点`` as points twice."""
    shared = later is not None and later.unit == "个百分点" and item.unit in {"", "个"}
    return replace(item, unit="个百分点", kind="points") if shared else item


def _threshold(item: Found, folded: str) -> bool:
    """Tell whether a bounded amount stands before a noun (``亿元以上项目`` ``60周岁以上居民``): it says which are counted."""
    follows = folded[item.end : item.end + 1]
    bare = item.chinese and not item.hedged and item.kind == "money"
    bounded = item.bound in {"at_least", "at_most"} and folded[item.end - 1] in "上下内" and item.kind != "percent"
    return (bare or bounded) and "\u4e00" <= follows <= "\u9fff" and not _CHANGE_VERB.match(folded, item.end)


def _is_amount(item: Found, found: list[Found], arabic: bool) -> bool:
    if item.kind in {"percent", "multiple", "ratio", "points", "money"} or item.hedged or item.per:
        return True
    adjacent = item.unit not in _KINDS_OF and any(other is not item and item.end == other.start for other in found)
    large = item.value is None or item.value >= 100
    if item.value == 0 and not item.unit:
        return len(found) == 1
    if item.value is not None and item.value >= _HUNDRED_MILLION and arabic:
        return False
    if not item.unit:
        return large and not arabic
    return not arabic or adjacent or large


def _narrows(item: Found, later: list[Found], folded: str) -> bool:
    if not later:
        return False
    between = folded[item.end : later[0].start]
    if _CHANGE_VERB.search(between) or not between:
        return False
    if item.unit in _MODIFIER_UNITS and later[0].unit != item.unit:
        return True
    if not item.unit and item.kind == "count" and not item.hedged and later[0].unit:
        return True
    return "的" in between and item.bound != "exact"


_BASE = re.compile(
    r"(同比|环比|同期"
    r"|[比较](?:上年|去年|上月|上季度|上届|前一?年|往年|年初|(?:19|20)\d{2}年)[^增减降升提下上回少多,]{0,6}"
    r"|[比较](?=[^,]{2,12}[增减降升提]))"
)
_UP = re.compile(
    r"增长|增加(?!值|额|了?值)|上升|提高|提升|增幅|涨幅|上涨|扩大|增速|增收|多增|净增"
    r"|多(?=\d)|(?<!新)增(?=了?\d|-)|升(?=\d)|翻"
)
_DOWN = re.compile(
    r"下降|减少|降低|降幅|回落|压减|减幅|下跌|收窄|减收|下滑|缩减|压缩"
    r"|减(?=了?\d)|降(?=了?\d)|少(?=\d)"
)
_LEVEL = re.compile(r"(?:[增减降升提涨压]\w{0,2}|下降|回落)(?:至|到|为)\s*\D{0,6}$")


_NEAR = re.compile(r"(?:了|约|近|超|幅|度|速|率|额|为|达|到|分别|均|控制在|保持在|稳定在|[\s:-])*")
_FROM = re.compile(r"[由从自][^\d]{0,8}$")


def change(lead: str, plain: str) -> tuple[str | None, str | None]:
    """Return base and direction that the words before a number give it; ``plain`` is the same without dates.

    A level that is reached or left (``增至`` ``由``) has no direction; without a base the verb must stand by the number.
    """
    base = _BASE.search(lead)
    base_words = base[1].rstrip("的分别") if base else None
    if _LEVEL.search(plain) or _FROM.search(plain):
        return None, None
    ups, downs = list(_UP.finditer(plain + "0")), list(_DOWN.finditer(plain + "0"))
    last = max([*ups, *downs], key=lambda match: match.start(), default=None)
    if last is None or (base is None and not _NEAR.fullmatch(plain, last.end())):
        return base_words, None
    return base_words, "up" if last in ups else "down"
