"""Quantities: what a METRIC span says, as value, limits, unit and kind (design §4).

``parse`` reads the text of one METRIC. Numbers that are names and not amounts (dates, document numbers, hotlines, ``第N批``,
titles in 《》) are set aside first; ranks, ratios and fractions are read next; what is left is read as number and unit with
hedges before (``近`` ``不少于``) and after (``余`` ``以上``). A number that only narrows down what is counted (``60岁以上``
before ``2300人``) is no quantity of the metric: it stays in the indicator's text.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from fazhi.numerals import fold
from fazhi.quantity_amounts import amounts, zeros
from fazhi.quantity_context import change, next_change, select
from fazhi.quantity_found import Found
from fazhi.quantity_names import Period, blank, mask, without_dates
from fazhi.quantity_ranks import ranks, ratios

_RECOGNISERS = (ranks, ratios, amounts, zeros)
"""Run in this order; what one has read is hidden from the next."""
_OPEN_LOW = frozenset({"over"})
_OPEN_HIGH = frozenset({"under", "nearly"})


@dataclass(frozen=True, slots=True)
class Quantity:
    """One amount: ``text[start:end]`` of the METRIC is its ``text``.

    ``value`` is the number as stated, ``None`` for a range; ``low`` and ``high`` are its limits, ``None`` where there is none.
    ``low`` is open for bound ``over``; ``high`` is open for ``under`` and ``nearly``, and for ``over`` (900余 is below 1000).
    ``base`` is what a change is measured against (``同比``), ``direction`` is ``up`` or ``down`` (none for ``翻一番``, which is
    2 times the base as ``是上年的2倍`` is, while ``增长1倍`` is ``up`` by 1), ``per`` the unit of a rate
    (元/平方米, 每年), ``population`` the number of those that a rank is taken from.
    """

    text: str
    value: float | None
    low: float | None
    high: float | None
    bound: str
    unit: str
    kind: str
    period: str | None = None
    base: str | None = None
    direction: str | None = None
    per: str | None = None
    population: float | None = None
    start: int = 0
    end: int = 0

    @property
    def low_open(self) -> bool:
        """Whether ``low`` itself is excluded."""
        return self.low is not None and self.bound in _OPEN_LOW

    @property
    def high_open(self) -> bool:
        """Whether ``high`` itself is excluded."""
        return self.high is not None and (self.bound in _OPEN_HIGH or self.bound in _OPEN_LOW)

    def to_json(self) -> dict[str, Any]:
        """Return the fields of design §4, and of the others those that are stated."""
        always = ("text", "value", "low", "high", "bound", "unit", "kind", "period")
        out: dict[str, Any] = {name: getattr(self, name) for name in always}
        more = {name: getattr(self, name) for name in ("base", "direction", "per", "population", "low_open", "high_open")}
        return out | {name: value for name, value in more.items() if value}


def parse(text: str) -> list[Quantity]:
    """Return the quantities of one METRIC's text, in order; an empty list where it states none."""
    folded = fold(text)
    masked, periods = mask(folded)
    found: list[Found] = []
    for recognise in _RECOGNISERS:
        fresh = recognise(masked, folded)
        found += fresh
        masked = blank(masked, ((item.start, item.end) for item in fresh))
    kept = select(sorted(found, key=lambda item: item.start), folded)
    quantities: list[Quantity] = []
    for item in kept:
        quantities.append(_in_context(_quantity(item, text), quantities, folded, periods))
    return quantities


def _number(value: Decimal | None) -> float | None:
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)


def _quantity(item: Found, text: str) -> Quantity:
    low, high = _limits(item)
    return Quantity(
        text[item.start : item.end],
        _number(item.value),
        _number(low),
        _number(high),
        item.bound,
        item.unit,
        item.kind,
        per=item.per,
        population=_number(item.population),
        start=item.start,
        end=item.end,
    )


def _limits(item: Found) -> tuple[Decimal | None, Decimal | None]:
    """Return what the bound says about low and high; stated limits come first (ranges, 900余)."""
    if item.low is not None or item.high is not None:
        return item.low, item.high
    value = item.value
    return {
        "exact": (value, value),
        "over": (value, None),
        "at_least": (value, None),
        "under": (None, value),
        "nearly": (None, value),
        "at_most": (None, value),
    }.get(item.bound, (None, None))


def _in_context(quantity: Quantity, before: list[Quantity], folded: str, periods: list[Period]) -> Quantity:
    """Add period, base and direction from the words in front of the number."""
    lead_start = before[-1].end if before else 0
    lead = folded[lead_start : quantity.start + quantity.text.startswith("减")]
    stated = [period for period in periods if lead_start <= period.start < quantity.start and not period.base]
    if quantity.kind in {"rank", "rank_from_bottom"}:
        return replace(quantity, period=stated[-1].text if stated else None)
    base, direction = change(lead, without_dates(lead))
    if before and before[-1].kind == quantity.kind:
        if base is None and direction is None and _joined(lead):
            base, direction = before[-1].base, before[-1].direction
        elif base is None and direction and next_change(lead):
            base = before[-1].base
    return replace(quantity, period=stated[-1].text if stated else None, base=base, direction=direction)


def _joined(lead: str) -> bool:
    return lead in {"", "和", "、", "及", ",", "与"}
