"""The audit of growth: a stated change against the two levels that it leads from and to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from fazhi.audit_facts import ROUNDING, Clash, Fact, Interval, number
from fazhi.indicator_text import is_change


def growth(facts: Sequence[Fact], text: str) -> Iterator[Clash]:
    """Find a stated change that does not fit A → B: in percent, in points, in pieces, or a year on average.

    A and B stand in the metric before it (由A增至B), or A is what the change is measured against (比上年的A增长5%) and B
    the number before.
    """
    for place, fact in enumerate(facts):
        if fact.direction is None or fact.kind not in {"percent", "points", "count", "money"}:
            continue
        if fact.of == 1 and not is_change(fact.indicator):
            continue
        near = [other for other in facts[:place] if other.line == fact.line]
        pair = _levels(fact, near)
        if pair is not None:
            yield from _compare(fact, *pair)
        elif against := _against(fact, near):
            clashes = [(now, list(_compare(fact, against[0], now))) for now in against[1]]
            if all(found for _, found in clashes):
                _, found = min(clashes, key=lambda pair: abs(pair[0].value / against[0].value - 1 - _signed(fact)))
                yield replace(found[0], also=(against[0],))


def _signed(fact: Fact) -> float:
    return (-fact.value if fact.direction == "down" else fact.value) / 100


def _levels(fact: Fact, before: Sequence[Fact]) -> tuple[Fact, Fact] | None:
    """Return A and B of the metric just before that names both."""
    if len(before) < 2 or fact.of > 1 or before[-1].of != 2 or before[-1].rank != 1 or before[-1].sentence != fact.sentence:
        return None
    a, b = before[-2], before[-1]
    joined = a.metric == b.metric and a.unit == b.unit and a.direction is None and b.direction is None
    return (a, b) if joined and _changes(a.text) else None


_THEN = re.compile(r"(?:与|比|较|同).{0,8}(?:去年|上年|前年|同期|(?:19|20)\d{2}年).{0,6}(?:的|为)?$")


def _against(fact: Fact, before: Sequence[Fact]) -> tuple[Fact, list[Fact]] | None:
    """Return the number that a change is measured against, and those that it may have become."""
    if not before or before[-1].sentence != fact.sentence or fact.kind != "percent":
        return None
    then = before[-1]
    same_metric = then.metric == fact.metric and then.base is not None
    if not same_metric and not (then.direction is None and fact.of == 1 and then.of == 1 and _THEN.search(then.lead)):
        return None
    now = [other for other in before[:-1] if other.unit == then.unit and other.of == 1 and other.direction is None]
    return (then, now[-4:]) if now and then.value > 0 else None


def _changes(text: str) -> bool:
    return bool(re.search(r"[由从自].*(?:增|减|降|升|提|压|到|至|变|扩|缩)|(?:增|减|降|升|提高|提升)[^0-9]{0,3}[至到]", text))


def _compare(fact: Fact, a: Fact, b: Fact) -> Iterator[Clash]:
    if a.value <= 0:
        return
    sign = -1.0 if fact.direction == "down" else 1.0
    years = _years(a, b) if "年均" in fact.indicator or "年均" in fact.lead else 1
    if fact.kind == "percent" and a.kind != "percent":
        ratio = b.interval.over(a.interval)
        change = Interval(ratio.low ** (1 / years), ratio.high ** (1 / years)).times(100, -100)
        formula = f"{number(b.value)} ÷ {number(a.value)} − 1 = {100 * ((b.value / a.value) ** (1 / years) - 1):+.2f}%"
    elif fact.kind == "points" or (fact.kind == a.kind and fact.unit == a.unit and a.kind != "percent"):
        change = Interval(b.interval.low - a.interval.high, b.interval.high - a.interval.low)
        formula = f"{number(b.value)} − {number(a.value)} = {b.value - a.value:+.6g}"
    else:
        return
    signed = change if sign > 0 else Interval(-change.high, -change.low)
    if not signed.meets(_rounded(fact)):
        word = "下降" if sign < 0 else "增长"
        yield Clash("growth", b, fact, f"{formula} ≠ {word} {number(fact.value)}{fact.unit}", ROUNDING)


def _rounded(fact: Fact) -> Interval:
    """Widen a stated percentage: a whole one (增长12%) may be rounded too."""
    if fact.kind in {"percent", "points"} and float(fact.value).is_integer() and "." not in fact.text:
        return Interval(fact.interval.low - 0.5, fact.interval.high + 1)
    return fact.interval


def _years(a: Fact, b: Fact) -> int:
    known = [fact.own_period or fact.period for fact in (a, b)]
    if all(period and period[:4].isdecimal() for period in known):
        return max(1, int(str(known[1])[:4]) - int(str(known[0])[:4]))
    return 1
