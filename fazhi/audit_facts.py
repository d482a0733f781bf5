"""The numbers of a report as the audit sees them: with the interval that rounding and hedges leave open, and their place."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fazhi.document import Document
from fazhi.indicator_text import topic_of
from fazhi.numerals import MULTIPLIER, fold, read
from fazhi.record_context import Context

_STATED = re.compile(rf"\d[\d,]*(?:\.(?P<decimals>\d+))?\s*(?P<multiplier>{MULTIPLIER})?")
HEDGE = 0.1
"""How far ``约`` and ``近`` may be off: a tenth of the number."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Closed limits of what a stated number can mean."""

    low: float
    high: float

    def over(self, other: Interval) -> Interval:
        """Return the interval of a quotient of positive numbers; without limit where the divisor may be zero."""
        return Interval(self.low / other.high if other.high else math.inf, self.high / other.low if other.low > 0 else math.inf)

    def plus(self, other: Interval) -> Interval:
        """Return the interval of a sum."""
        return Interval(self.low + other.low, self.high + other.high)

    def times(self, factor: float, shift: float = 0.0) -> Interval:
        """Return the interval of ``factor * x + shift`` for a positive factor."""
        return Interval(self.low * factor + shift, self.high * factor + shift)

    def meets(self, other: Interval) -> bool:
        """Tell whether the two can mean the same number (floating point noise forgiven)."""
        noise = 1e-9 * max(1.0, abs(self.low), abs(other.high))
        return self.low <= other.high + noise and other.low <= self.high + noise


@dataclass(frozen=True, slots=True)
class Fact:
    """One quantity of one metric: where it stands, what it counts, and what its number can mean.

    ``sentence``, ``passage`` (to a full stop) and ``line`` are the offsets where what holds it begins; ``thing`` is what is
    counted (行政复议申请), ``lead`` and ``follow`` the words of its clause before and after it, ``rank`` the number of the
    quantity within its metric.
    """

    metric: str
    start: int
    end: int
    indicator: str
    code: str | None
    thing: str
    inherited: bool
    value: float
    interval: Interval
    unit: str
    kind: str
    rank: int
    of: int
    period: str | None
    own_period: str | None
    base: str | None
    direction: str | None
    scope: str | None
    parent: str | None
    status: str
    sentence: int
    line: int
    in_problem: bool
    whole_scope: bool
    passage: int
    lead: str
    follow: str
    text: str


def facts(document: Document, context: Context) -> list[Fact]:
    """Return the facts of a document's metric records, in the order of the text; ranges and unread values are left out."""
    found: list[Fact] = []
    for record in document.records.get("metrics", ()):
        quantities = record["quantities"]
        for rank, quantity in enumerate(quantities):
            if quantity["value"] is not None:
                found.append(_fact(document, context, record, quantity, (rank, len(quantities))))
    return found


def _fact(
    document: Document, context: Context, record: Mapping[str, Any], quantity: Mapping[str, Any], place: tuple[int, int]
) -> Fact:
    start, end = record["span"]["start"], record["span"]["end"]
    sentence = context.sentence(start)
    clause = context.clause(start)
    return Fact(
        metric=record["id"],
        start=start,
        end=end,
        indicator=record["indicator"],
        code=record["indicator_code"],
        thing=record.get("topic") or topic_of(record["indicator"]) or record["indicator"],
        inherited=bool(record.get("topic")),
        value=float(quantity["value"]),
        interval=interval(quantity),
        unit=quantity["unit"],
        kind=quantity["kind"],
        rank=place[0],
        of=place[1],
        period=record["period"],
        own_period=quantity["period"],
        base=quantity.get("base"),
        direction=quantity.get("direction"),
        scope=record["scope"],
        parent=record["parent"],
        status=record["status"],
        sentence=sentence.start,
        line=context.line_start(start),
        in_problem=str(record["statement"] or "").startswith("p"),
        whole_scope=_is_whole(record["scope"], document.meta.get("issuer")),
        passage=context.passage_start(start),
        lead=document.text[clause.start : start],
        follow=document.text[end : clause.end],
        text=document.text[start:end],
    )


def _is_whole(scope: str | None, issuer: str | None) -> bool:
    """Tell whether a scope is the whole that the report is about (the issuer, 全县, 县政府) and not a body within it."""
    return (
        not scope
        or scope[0] in "全我"
        or (issuer is not None and scope in issuer)
        or bool(re.fullmatch("[省市县区]?政府", scope))
    )


def interval(quantity: Mapping[str, Any]) -> Interval:
    """Return what a stated number can mean: rounded or cut off at its last digit, widened by its hedge."""
    value, low, high = float(quantity["value"]), quantity["low"], quantity["high"]
    match quantity["bound"]:
        case "approx":
            return Interval(value * (1 - HEDGE), value * (1 + HEDGE))
        case "nearly":
            return Interval(value * (1 - HEDGE), value)
        case "over":
            return Interval(value, high if high is not None else value * (1 + HEDGE))
        case "at_least":
            return Interval(float(low if low is not None else value), math.inf)
        case "at_most" | "under":
            return Interval(0.0, value)
    step = _step(quantity["text"])
    return Interval(value - step / 2, value + step)


def _step(text: str) -> float:
    """Return the worth of the last stated digit where the number can have been rounded there, else 0 (57件 is 57)."""
    match = _STATED.search(fold(text))
    if not match or not (match["decimals"] or match["multiplier"]):
        return 0.0
    factor = read("1" + (match["multiplier"] or "")) or 1
    return float(factor) * 10.0 ** -len(match["decimals"] or "")


@dataclass(frozen=True, slots=True)
class Clash:
    """Two facts (and others that took part) that do not fit: what was computed, and how much was forgiven."""

    kind: str
    first: Fact
    second: Fact
    computation: str
    tolerance: str
    also: tuple[Fact, ...] = ()


ROUNDING = "half a unit of the last stated digit, a whole one where it may have been cut off"
HEDGES = f"{ROUNDING}; 约 and 近 a tenth, 余 and 多 up to the next step"


BODY = r"[\u4e00-\u9fff]{1,10}?(?:机关|部门|单位|组织|法院|检察院|负责人|委员会)"
"""Who did it, where it is written in front of the verb (相关部门采纳)."""


def number(value: float) -> str:
    """Write a number for a computation: ``1,046``, ``97.2``."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.6g}"


def same_subject(one: Fact, other: Fact) -> bool:
    """Tell whether two facts count the same thing: one of the two names holds the other, or one was inherited from it."""
    return one.thing == other.thing or one.thing in other.thing or other.thing in one.thing


def percent_rate(fact: Fact) -> bool:
    """Tell whether a fact is a level in percent, not a change of one."""
    return fact.kind == "percent" and fact.direction is None and fact.base is None
