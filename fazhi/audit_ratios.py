"""The audit of ratios: ``复议与诉讼案件之比为5:1`` against the two counts that it is made of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import product

from fazhi.audit_facts import ROUNDING, Clash, Fact, Interval, number

_PAIR = re.compile(
    r"(?P<one>[\u4e00-\u9fff]{2,8}?)(?:[与和同、/]|(?=行政诉讼|诉讼))(?P<other>[\u4e00-\u9fff]{2,8}?)(?:案件|收案|受案|立案|受理|数量?|总量)*(?:之)?比(?:例|值|率)?$"
)
_GENERAL = re.compile(r"^(?:行政|一审|全[省市县区])+|(?:案件|申请|数量?)+$")


def ratios(facts: Sequence[Fact], text: str) -> Iterator[Clash]:
    """Find a stated ratio of two named things that no counts of these two before it in its paragraph give."""
    for place, fact in enumerate(facts):
        match = _PAIR.search(fact.indicator) if fact.kind == "ratio" and fact.of == 1 else None
        if not match or fact.status == "target":
            continue
        near = [other for other in facts[:place] if other.line == fact.line and other.kind == "count" and other.of == 1]
        near = [other for other in near if other.direction is None and other.parent is None and other.value > 0]
        ones, others = (_counted(near, match[name]) for name in ("one", "other"))
        pairs = [(one, other) for one, other in product(ones, others) if one.unit == other.unit and one.start != other.start]
        if pairs and not any(one.interval.over(other.interval).meets(_stated(fact)) for one, other in pairs):
            one, other = pairs[-1]
            formula = f"{number(one.value)} ÷ {number(other.value)} = {one.value / other.value:.2f} ≠ {number(fact.value)}:1"
            yield Clash("ratio", one, fact, formula, ROUNDING, (other,))


def _counted(facts: Sequence[Fact], name: str) -> list[Fact]:
    """Return the facts that count what a word of the ratio names (复议: 行政复议案件, and 受理 of it)."""
    core = _GENERAL.sub("", name)
    return [fact for fact in facts if core and core in fact.indicator + fact.thing]


def _stated(fact: Fact) -> Interval:
    """Return what a stated ratio can mean: rounded at its last digit."""
    digits = re.search(r"\d+(?:\.(\d+))?", fact.text)
    step = 10.0 ** -len(digits[1] or "") if digits else 1.0
    return Interval(fact.value - step / 2, fact.value + step)
