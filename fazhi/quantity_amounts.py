"""Numbers with units: multipliers, ranges, ``4个半小时``, rates (``元/月`` ``每人``), and zero."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from fazhi.numerals import ARABIC, CHINESE, MULTIPLIER, read
from fazhi.quantity_found import Found, hedge_after, hedge_before
from fazhi.quantity_names import BLANK, blank
from fazhi.quantity_ranks import ORDINAL, RANKED_OF
from fazhi.units import CANONICAL, FORBIDDEN_NEXT, KINDS

_PER_NOUN = "万人|万元|季度|半年|星期|年|月|周|天|日|人次|人|户|村|家|名|件|次|社区|单位|镇|乡|学期|学年|旬|例|亩"
_PER = re.compile(
    rf"(?P<per>(?:每(?:\d+|[一两二三四五六七八九十百千万]+)?个?(?:{_PER_NOUN}))+)"
    r"|(?P<frequency>(?:\d+|[一两三五])个?(?:天|日|周|月|年|季度|小时))(?=[^\d]{0,4}(?:[一1]次|[一1]轮)$)"
)
_UNIT = "|".join(
    re.escape(unit) + (f"(?![{FORBIDDEN_NEXT[unit]}])" if FORBIDDEN_NEXT.get(unit) else "")
    for unit in sorted({*KINDS, *CANONICAL}, key=len, reverse=True)
)
_NUMBER = rf"(?:(?:(?:{ARABIC})\s*(?:万亿|亿|万|千)\s*)*(?:{ARABIC})|{CHINESE}|[数几][十百千万亿]+)"
_AMOUNT = re.compile(
    rf"(?P<sign>(?<=[长率为幅比:(降\s])-|(?<!.)-)?(?P<number>{_NUMBER})\s*(?P<more>余|多(?=[万亿])|[来几](?=[万亿]|{_UNIT}))?"
    rf"\s*(?P<multiplier>{MULTIPLIER})?(?P<more2>余(?![额下])|多(?!元[化样])|\+(?!\d))?\s*"
    rf"(?:(?P<half>个半)(?P<span>工作日|小时|月)|(?P<unit>{_UNIT})?(?P<half_after>(?<=[年时])半(?![年天月径数以]))?)"
)
_SPANS = {"工作日": "工作日", "小时": "小时", "月": "个月"}
"""Units behind ``个半`` (``两个半小时``)."""
_HALF = Decimal("0.5")
_TO = re.compile(r"\s*(?:至|到|-{1,2}|~)\s*")
_SPOKEN_PAIR = re.compile(
    "(?P<head>[二三四五六七八九]?十)?(?P<a>[一二三四五六七八两])(?P<b>[二三四五六七八九])(?P<tail>[十百千万])?$"
)
_PER_UNIT = re.compile(
    r"(?:\s*/\s*(?:平方米|立方米|公里|小时|人次|季度|[年月日天周人户家亩吨次件度斤米]|㎡|m2|kg|km|m3)"
    r"|每(?:年|月|人|亩|户|吨|平方米))+"
)
_SECOND_UNIT = re.compile(rf"\((?:{_UNIT})\)")
_MORE_TENTHS = re.compile(r"[一二三四五六七八九半](?=多|以上|左右|$|的|案|矛|纠)")
_RATE_BEFORE = re.compile("率(?:均|仅|全部)?(?:为|是|达|达到|保持)?$")
_STOP_UNITS = frozenset("的和与及增降提同比下上达为占在由从至到是有等、。,;)(:其中较环未已均被以对将并按于率超约近余多左不而")


def amounts(masked: str, folded: str) -> list[Found]:
    """Find numbers with their units, hedges and ranges."""
    per = _PER.search(masked)
    of = RANKED_OF.search(masked)
    masked = blank(masked, (match.span() for match in (per, of) if match))
    masked = blank(masked, (match.span() for match in re.finditer(rf"第(?:\d+|{ORDINAL})", masked)))
    found = list(_amounts(masked))
    if not per:
        return found
    rate = _joined_rate(per["per"] or per["frequency"])
    before = per.start() if any(item.start > per.start() for item in found) else 0
    return [item if item.per or item.start < before else replace(item, per=rate) for item in found]


def _joined_rate(words: str) -> str:
    """Return the units of a rate: ``每人每月`` → ``人·月``, ``/月/人`` → ``月·人``."""
    return "·".join(filter(None, re.split(r"[每/\s]+", words)))


def _amounts(masked: str) -> Iterator[Found]:
    at = 0
    while match := _AMOUNT.search(masked, at):
        at = match.end()
        spoken = _spoken_range(match)
        if spoken:
            yield _finish(masked, match, match, spoken)
            continue
        upper = _upper(masked, match)
        limits = _range(masked, match, upper) if upper else None
        if upper and limits:
            at = upper.end()
            yield _finish(masked, match, upper, limits)
        elif (value := _value(match)) is not None:
            found = _finish(masked, match, match, (value, value))
            at = max(at, found.end)
            yield found


def _value(match: re.Match[str]) -> Decimal | None:
    """Return the number of a match, multiplied out; ``数百`` and ``几十`` count as the multiplier itself."""
    number = match["number"]
    value = read((number[1:] if number[0] in "数几" else number) + (match["multiplier"] or ""))
    value = value + _HALF if value is not None and (match["half"] or match["half_after"]) else value
    return -value if match["sign"] and value is not None else value


def _spoken_range(match: re.Match[str]) -> tuple[Decimal, Decimal] | None:
    """Read ``三四家`` and ``十三四个``: two neighbouring digits are a range."""
    pair = _SPOKEN_PAIR.search(match["number"])
    if not pair or pair.start() != 0 or not match["unit"]:
        return None
    digits = [read((pair["head"] or "") + pair[name] + (pair["tail"] or "")) for name in "ab"]
    low, high = digits
    step = 2 if pair["a"] + pair["b"] == "三五" else 1
    if low is None or high is None or high <= low or high > low + step * (read(pair["tail"]) or 1 if pair["tail"] else 1):
        return None
    factor = (read("1" + match["multiplier"]) or Decimal(1)) if match["multiplier"] else Decimal(1)
    return low * factor, high * factor


def _upper(masked: str, match: re.Match[str]) -> re.Match[str] | None:
    """Return the second number of a range, if one follows and ``由`` or a verb of change does not make it A → B."""
    to = _TO.match(masked, match.end())
    if not to or re.search(r"[由从自](?:[^,,、]{0,12}的)?$", masked[: match.start()].rstrip(BLANK)):
        return None
    return _AMOUNT.match(masked, to.end())


def _range(masked: str, lower: re.Match[str], upper: re.Match[str]) -> tuple[Decimal, Decimal] | None:
    low, high = _value(lower), _value(upper)
    if low is None or high is None or (lower["unit"] and lower["unit"] != upper["unit"]):
        return None
    if upper["multiplier"] and not lower["multiplier"] and not lower["unit"]:
        low *= read("1" + upper["multiplier"]) or 1
    return (low, high) if low < high else None


def _finish(masked: str, first: re.Match[str], last: re.Match[str], limits: tuple[Decimal, Decimal]) -> Found:
    """Read the hedges around a number or range and give it its unit and kind."""
    start, bound, hedged = hedge_before(masked, first.start())
    unit, end = last["unit"] or _SPANS.get(last["span"] or "", ""), last.end()
    if not unit and first["number"][0].isdecimal():
        unit, end = _unknown_unit(masked, end)
    if not unit and _RATE_BEFORE.search(masked, 0, first.start()):
        unit = "%"
    if unit == "级" and limits[0] >= _TEN_THOUSAND:  # 两万亿级
        unit, end = "", end - 1
    low, high = limits
    if unit == "成":
        low, high, end = _tenths(masked, low, high, end)
    end, rate = _rate(masked, end)
    end, after = hedge_after(masked, end)
    vague = first["number"][0] in "数几"
    more = (last["more"] or last["more2"] or "") not in ("", "来") or vague
    bound = _bound(bound, "over" if more else "approx" if last["more"] == "来" else after)
    ceiling = (low * 10 if vague else _next_step(low)) if bound == "over" and (more or after == "over") else None
    if unit == "成":
        unit, low, high, ceiling = "%", low * 10, high * 10, ceiling * 10 if ceiling else None
    unit = CANONICAL.get(unit, unit)
    found = Found(
        start,
        end,
        low,
        unit,
        KINDS.get(unit, "count"),
        bound,
        per=rate,
        chinese=not first["number"][0].isdecimal(),
        hedged=hedged or bound != "exact",
        factor=(read("1" + last["multiplier"]) or Decimal(1)) if last["multiplier"] else Decimal(1),
    )
    if low != high:
        return replace(found, value=None, bound="approx", low=low, high=high)
    return replace(found, low=low, high=ceiling) if ceiling else found


_TEN_THOUSAND = 10**4


def _tenths(masked: str, low: Decimal, high: Decimal, end: int) -> tuple[Decimal, Decimal, int]:
    """Read the digit behind 成: ``八成五`` is 8.5 tenths."""
    digit = _MORE_TENTHS.match(masked, end) if low == high else None
    if not digit:
        return low, high, end
    value = low + (Decimal("0.5") if digit[0] == "半" else (read(digit[0]) or Decimal(0)) / 10)
    return value, value, digit.end()


def _unknown_unit(masked: str, end: int) -> tuple[str, int]:
    """Keep an unknown unit: the one character after an Arabic number that no other rule explains."""
    char = masked[end : end + 1]
    if "\u4e00" <= char <= "\u9fff" and char not in _STOP_UNITS and end + 1 == len(masked):
        return char, end + 1
    return "", end


def _rate(masked: str, end: int) -> tuple[int, str | None]:
    """Return where a unit ends, a second one in brackets included (``台（套）``), and what it is counted by (``/月``)."""
    second = _SECOND_UNIT.match(masked, end)
    end = second.end() if second else end
    match = _PER_UNIT.match(masked, end)
    return (match.end(), _joined_rate(match[0])) if match else (end, None)


def _bound(before: str, after: str | None) -> str:
    if after is None:
        return before
    return before if before not in {"exact", "approx"} else after


def _next_step(value: Decimal) -> Decimal:
    """Return what a number with 余 stays below: 900余 < 1000, 970余 < 980, 3.5万余 < 3.6万."""
    exponent = value.normalize().as_tuple().exponent
    return value + Decimal(1).scaleb(exponent if isinstance(exponent, int) else 0)


_ZERO = re.compile(r"零(?=[\u4e00-\u9fff])|为零$|零$")


def zeros(masked: str, folded: str) -> list[Found]:
    """Find ``零发生`` and ``为零``: zero without a unit; ``select`` keeps it only where the metric states nothing else."""
    return [Found(*match.span(), Decimal(0), "", "count", chinese=True) for match in list(_ZERO.finditer(masked))[:1]]
