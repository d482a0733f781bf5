"""Which numbers of a METRIC are its quantities, and what the words before one say: base and direction of a change."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

from fazhi.quantity_found import Found

_CHANGE_VERB = re.compile(r"[增减降升涨]|提高|压缩|变为|至|到|扩大|回落")
_HUNDRED_MILLION = 10**8
_KINDS_OF = frozenset({"类", "级", "大类", "项", "种", "型"})
_MODIFIER_UNITS = frozenset({"岁", "周岁", "小时", "天", "日", "年", "个月", "℃", "度", "级"})


def select(found: list[Found], folded: str) -> list[Found]:
    """Drop numbers in characters that are part of a word, and numbers that only narrow down what is counted."""
    arabic = any(not item.chinese for item in found)
    found = _shared_units(found, folded)
    kept = [item for item in found if not item.chinese or _is_amount(item, found, arabic, folded)]
    plain = [item for item in kept if not _threshold(item, folded)] or kept
    return [item for at, item in enumerate(plain) if not _narrows(item, plain[at + 1 :], folded)]


_JOINED = re.compile(r"(?:[、,和与及]|以及)")
_RISEN = re.compile(r"[^\d,、]{0,6}[至到为]")
_FROM_BEFORE = re.compile(r"[由从自][^\d,]{0,8}$")
_SAME_SIZE = 100


def _shared_units(found: list[Found], folded: str) -> list[Found]:
    """Give numbers without a unit that of the last of their list: ``15、22个百分点`` ``由1720提高至1960元``."""
    shared: list[Found] = []
    for item in reversed(found):
        later = shared[-1] if shared else None
        shared.append(_shared_unit(item, later, folded) if later and not item.chinese else item)
    return shared[::-1]


def _shared_unit(item: Found, later: Found, folded: str) -> Found:
    points = later.unit == "个百分点" and item.unit in {"", "个"}
    if not points and (item.unit or not later.unit or item.per):
        return item
    between = folded[item.end : later.start]
    if not _JOINED.fullmatch(between) and not (_RISEN.fullmatch(between) and _FROM_BEFORE.search(folded, 0, item.start)):
        return item
    factor = later.factor if item.factor == 1 and item.value and later.value and _same_size(item, later) else Decimal(1)
    low, value, high = (None if number is None else number * factor for number in (item.low, item.value, item.high))
    return replace(item, unit=later.unit, kind=later.kind, low=low, value=value, high=high, factor=factor * item.factor)


def _same_size(item: Found, later: Found) -> bool:
    """Tell whether two numbers are alike without their multipliers, so that one 万 means both (``800、1200万元``)."""
    one, other = item.value or Decimal(0), (later.value or Decimal(0)) / later.factor
    return other / _SAME_SIZE < one < other * _SAME_SIZE


def _threshold(item: Found, folded: str) -> bool:
    """Tell whether a bounded amount stands before a noun (``亿元以上项目`` ``60周岁以上居民``): it says which are counted."""
    follows = folded[item.end : item.end + 1]
    bare = item.chinese and not item.hedged and item.kind == "money"
    bounded = item.bound in {"at_least", "at_most"} and folded[item.end - 1] in "上下内" and item.kind != "percent"
    return (bare or bounded) and "\u4e00" <= follows <= "\u9fff" and not _CHANGE_VERB.match(folded, item.end)


_ADJACENT = re.compile("(?:共计?|累计|[、,])?")


def _is_amount(item: Found, found: list[Found], arabic: bool, folded: str) -> bool:
    if item.kind in {"percent", "multiple", "ratio", "points", "money"} or item.hedged or item.per:
        return True
    adjacent = item.unit not in _KINDS_OF and any(
        other is not item and item.end <= other.start and _ADJACENT.fullmatch(folded, item.end, other.start) for other in found
    )
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


_THEN = r"(?:上年|去年|上月|上季度|上届|前一?年|往年|年初|(?:19|20)\d{2}年)"
_TIMED = (
    rf"同比|环比|(?:相)?[比较](?:于|之)?{_THEN}[^增减降升提下上回少多翻,]{{0,6}}"
    rf"|[与同和跟]{_THEN}(?:度)?(?:同期|底|末)?相?比较?"
)
_BASES = [
    re.compile(f"({_TIMED})"),
    re.compile(rf"(?:是|为|达到?|相当于)((?:{_THEN}(?:度)?(?:同期)?|“?十[一二三四五]五”?(?:期间|时期)?))的[约近超]?$"),
    re.compile(
        r"((?:相)?(?:(?<![占对同环类性配结案])比(?![例重率值较武赛])|(?<![比计])较(?![大好快高多少为低差强重长短小早晚]))"
        r"(?!进一步|稳步|持续|明显|显著|大幅|不断|逐[年步]|分别|有所|继续|小幅|略|增|减|降|升)"
        r"[^,、]{2,14}?)(?=分别|均|共|再|又|累计|年均|[增减降升提回翻扩缩压涨跌多少高低]|的$)"
    ),
    re.compile("(同期)"),
]
"""What a change is measured against, the surest first."""
_BASE_LAST = re.compile(f"({_TIMED}),?(?:分别|各|均|共|累计|又|再)*$")
_UP = re.compile(
    r"(?<!负)增长|增加(?!值|额|了?值)|上升|提高|提升|增幅|涨幅|升幅|上涨|扩大|增速|增收|增支|增产|多增|净增|回升|攀升|上调|上浮|调增"
    r"|加快(?=\d)|(?<!不)多(?=\d)|(?<![新负])增(?=了?\d|-)|升(?=\d)|翻"
)
_DOWN = re.compile(
    r"负增长|下降|减少|降低|降幅|回落|压减|压降|减幅|下跌|收窄|减收|减支|下滑|下调|下浮|调减|缩减|缩短|缩小|压缩|精简"
    r"|放缓(?=\d)|减(?=了?\d)|降(?=了?\d)|(?<!不)少(?=\d)"
)
_LEVEL = re.compile(
    r"(?:[增减降升提涨跌压缩扩](?:[加长少低高升降大小短缩减落涨]|升级)?|回[落升]|下[降调滑]|上[升调涨])了?\s*(?:至|到|为)\s*\D{0,6}$"
)


_NEAR = re.compile(r"(?:了|约|近|超|幅|度|速|率|额|为|达|到|分别|均|控制在|保持在|稳定在|[\s:-])*")
_FROM = re.compile(r"[由从自][^\d]{0,8}$")
_NEXT_CHANGE = re.compile(r"[、,和](?:分别)?[\u4e00-\u9fff]{1,2}(?:了|约|近|超)?")


def change(lead: str, plain: str) -> tuple[str | None, str | None]:
    """Return base and direction that the words before a number give it; ``plain`` is the same without dates.

    A level that is reached or left (``增至`` ``由``) has no direction; without a base the verb must stand by the number.
    """
    base = next((match[1].rstrip("的分别") for pattern in _BASES if (match := pattern.search(lead))), None)
    if _LEVEL.search(plain) or _FROM.search(plain):
        return None, None
    ups, downs = list(_UP.finditer(plain + "0")), list(_DOWN.finditer(plain + "0"))
    last = max([*ups, *downs], key=lambda match: match.start(), default=None)
    if last is None or (base is None and not _NEAR.fullmatch(plain, last.end())):
        return base, None
    return base, "up" if last in ups else "down"


def base_at_end(lead: str) -> str | None:
    """Return what a change is measured against, where the words in front of its METRIC end with that (``与上年相比，``)."""
    match = _BASE_LAST.search(lead)
    return match[1].rstrip("的分别各均共") if match else None


def next_change(lead: str) -> bool:
    """Tell whether the words between two numbers only go on from one change to the next (``增长12%、下降3%``)."""
    return bool(_NEXT_CHANGE.fullmatch(lead))
