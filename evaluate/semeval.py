"""The four schemes of SemEval-2013 task 9 (Segura-Bedmar et al. 2013): strict, exact, partial, type.

Gold and predictions of a layer are aligned first: identical spans, then what the scheme takes for agreement, then whatever
overlaps, each from left to right and one to one. An aligned pair is correct, incorrect or partial; the rest is missed or
spurious. (nervaluate walks through the predictions once, so a span that merely overlaps can take the gold span away from the
one that fits it exactly. Given the predictions in the order of our three rounds it counts what we count: the tests show it.)
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evaluate.pairs import Pair
from fazhi.document import Span
from fazhi.schema import Schema, default_schema

Agreement = Callable[[Span, Span], bool]
Aligned = list[tuple[Span | None, Span | None]]
"""Gold beside prediction; ``None`` on the side that lacks a partner."""


def same_extent(gold: Span, predicted: Span) -> bool:
    """Tell whether both spans begin and end at the same places."""
    return (gold.start, gold.end) == (predicted.start, predicted.end)


def same_label(gold: Span, predicted: Span) -> bool:
    """Tell whether both spans have the same label."""
    return gold.label == predicted.label


def overlap(gold: Span, predicted: Span) -> int:
    """Return the number of characters that both spans cover."""
    return max(0, min(gold.end, predicted.end) - max(gold.start, predicted.start))


@dataclass(frozen=True, slots=True)
class Scheme:
    """What makes an aligned pair right, and what it is called (and worth half, or nothing) otherwise."""

    name: str
    agrees: Agreement
    partial: bool = False


SCHEMES: tuple[Scheme, ...] = (
    Scheme("strict", lambda gold, predicted: same_extent(gold, predicted) and same_label(gold, predicted)),
    Scheme("exact", same_extent),
    Scheme("partial", same_extent, partial=True),
    Scheme("type", same_label),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Numbers of aligned and lonely spans; ``possible`` and ``actual`` are the gold and predicted ones."""

    correct: int = 0
    incorrect: int = 0
    partial: int = 0
    missed: int = 0
    spurious: int = 0

    def __add__(self, other: Outcome) -> Outcome:
        """Add up two disjoint sets of spans."""
        names = ("correct", "incorrect", "partial", "missed", "spurious")
        return Outcome(*(getattr(self, name) + getattr(other, name) for name in names))

    @property
    def possible(self) -> int:
        """Number of gold spans."""
        return self.correct + self.incorrect + self.partial + self.missed

    @property
    def actual(self) -> int:
        """Number of predicted spans."""
        return self.correct + self.incorrect + self.partial + self.spurious

    @property
    def f1(self) -> float | None:
        """F1 with half a point for a partial match; ``None`` without gold."""
        return (2 * self.correct + self.partial) / (self.possible + self.actual) if self.possible else None

    def to_json(self) -> dict[str, Any]:
        """Return the counts and the ratios."""
        counts = {name: getattr(self, name) for name in ("correct", "incorrect", "partial", "missed", "spurious")}
        credit = self.correct + self.partial / 2
        precision = round(credit / self.actual, 6) if self.actual else None
        recall = round(credit / self.possible, 6) if self.possible else None
        return {**counts, "precision": precision, "recall": recall, "f1": None if self.f1 is None else round(self.f1, 6)}


def align(gold: Sequence[Span], predicted: Sequence[Span], agrees: Agreement = same_label) -> Aligned:
    """Align the spans of one layer one to one, in the order of the gold text; both sides sorted and free of overlap."""
    touching = _touching(gold, predicted)
    partner: dict[int, int] = {}
    rounds: tuple[Agreement, ...] = (SCHEMES[0].agrees, agrees, lambda *_: True)
    taken: set[int] = set()
    for accepts in rounds:
        for at, span in enumerate(predicted):
            free = [i for i in touching[at] if i not in partner and at not in taken and accepts(gold[i], span)]
            if free:
                best = min(free, key=lambda i: _distance(gold[i], span)) if accepts is agrees else free[0]
                partner[best] = at
                taken.add(at)
    rows: Aligned = [(span, predicted[partner[i]] if i in partner else None) for i, span in enumerate(gold)]
    return rows + [(None, span) for at, span in enumerate(predicted) if at not in taken]


def _touching(gold: Sequence[Span], predicted: Sequence[Span]) -> list[list[int]]:
    """Return for each prediction the indices of the gold spans that it overlaps."""
    ends = [span.end for span in gold]
    found: list[list[int]] = []
    for span in predicted:
        first = bisect_right(ends, span.start)
        last = first
        while last < len(gold) and gold[last].start < span.end:
            last += 1
        found.append(list(range(first, last)))
    return found


def _distance(gold: Span, predicted: Span) -> int:
    return abs(gold.start - predicted.start) + abs(gold.end - predicted.end)


def outcome(rows: Aligned, scheme: Scheme) -> Outcome:
    """Count aligned rows by a scheme."""
    both = [(gold, predicted) for gold, predicted in rows if gold and predicted]
    correct = sum(scheme.agrees(gold, predicted) for gold, predicted in both)
    rest = len(both) - correct
    missed, spurious = sum(predicted is None for _, predicted in rows), sum(gold is None for gold, _ in rows)
    return Outcome(correct, 0 if scheme.partial else rest, rest if scheme.partial else 0, missed, spurious)


def score(pairs: Iterable[Pair], schema: Schema | None = None) -> dict[str, dict[str, Outcome]]:
    """Return the outcome of every scheme for each layer (all its labels together) and for each label alone."""
    schema = schema or default_schema()
    groups = {layer.name: layer.labels for layer in schema.layers if len(layer.labels) > 1}
    groups |= {label: (label,) for layer in schema.layers for label in layer.labels}
    totals = {name: {scheme.name: Outcome() for scheme in SCHEMES} for name in groups}
    for pair in pairs:
        for name, labels in groups.items():
            gold, predicted = ([s for s in side if s.label in labels] for side in (pair.gold, pair.predicted))
            for scheme in SCHEMES:
                totals[name][scheme.name] += outcome(align(gold, predicted, scheme.agrees), scheme)
    return totals


def to_json(totals: Mapping[str, Mapping[str, Outcome]]) -> dict[str, dict[str, Any]]:
    """Return the outcomes as JSON."""
    return {name: {scheme: result.to_json() for scheme, result in schemes.items()} for name, schemes in totals.items()}
