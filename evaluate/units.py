"""Scores over other units than whole spans: characters, clauses, cuts and joins, nesting, window seams."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

from evaluate.pairs import Pair
from evaluate.semeval import overlap
from evaluate.spans import Counts, count
from fazhi.clauses import Clause, clauses
from fazhi.document import Span
from fazhi.schema import Layer, Schema, default_schema

Extents = Sequence[tuple[int, int]]


def character_counts(pairs: Iterable[Pair], schema: Schema | None = None) -> dict[str, Counts]:
    """Count labelled characters; a character is right where both sides give it the label."""
    labels = [label for layer in (schema or default_schema()).layers for label in layer.labels]
    totals = dict.fromkeys(labels, Counts())
    for pair in pairs:
        for label in labels:
            gold, predicted = (_extents(side, label) for side in (pair.gold, pair.predicted))
            sizes = [sum(end - start for start, end in side) for side in (predicted, gold)]
            totals[label] += Counts(common(gold, predicted), *sizes)
    return totals


def _extents(spans: Iterable[Span], label: str) -> Extents:
    return [(span.start, span.end) for span in spans if span.label == label]


def common(left: Extents, right: Extents) -> int:
    """Return the number of characters that two sorted lists of disjoint extents share."""
    shared = at = 0
    for start, end in left:
        while at and right[at - 1][1] > start:
            at -= 1
        while at < len(right) and right[at][0] < end:
            shared += max(0, min(end, right[at][1]) - max(start, right[at][0]))
            at += 1
    return shared


@lru_cache(maxsize=2048)
def clauses_of(text: str) -> tuple[Clause, ...]:
    """Return the clauses of a text, remembered for the scores that need them again."""
    return tuple(clauses(text))


def clause_labels(spans: Sequence[Span], found: Sequence[Clause], layer: Layer) -> list[str]:
    """Give each clause the label of the layer that covers most of it, ``O`` where none touches it."""
    starts = [clause.outer_start for clause in found]
    covered: list[Counter[str]] = [Counter() for _ in found]
    for span in spans:
        at = bisect_right(starts, span.start) - 1
        while span.label in layer.labels and at < len(found) and found[at].outer_start < span.end:
            inside = min(span.end, found[at].end) - max(span.start, found[at].start)
            covered[at][span.label] += max(0, inside)
            at += 1
    return [max(hits, key=lambda label: (hits[label], label)) if hits.total() else "O" for hits in covered]


def clause_scores(pairs: Iterable[Pair], schema: Schema | None = None) -> dict[str, dict[str, Any]]:
    """Score the labels of non-empty clauses: counts by label, and Cohen's κ by layer (comparable with annotators' κ)."""
    schema = schema or default_schema()
    confusion: dict[str, Counter[tuple[str, str]]] = {layer.name: Counter() for layer in schema.layers}
    for pair in pairs:
        found = [clause for clause in clauses_of(pair.text) if clause.start < clause.end]
        for layer in schema.layers:
            sides = [clause_labels(spans, found, layer) for spans in (pair.gold, pair.predicted)]
            confusion[layer.name].update(zip(*sides, strict=True))
    labels = {label: _one_label(confusion[layer.name], label) for layer in schema.layers for label in layer.labels}
    return {"labels": labels, "kappa": {name: kappa(cells) for name, cells in confusion.items()}}


def _one_label(cells: Counter[tuple[str, str]], label: str) -> Counts:
    predicted = sum(n for (_, found), n in cells.items() if found == label)
    gold = sum(n for (truth, _), n in cells.items() if truth == label)
    return Counts(cells[label, label], predicted, gold)


def kappa(cells: Counter[tuple[str, str]]) -> float | None:
    """Return Cohen's κ (1960) of a confusion table; ``None`` where chance alone agrees everywhere."""
    total = cells.total()
    if not total:
        return None
    rows: Counter[str] = Counter()
    columns: Counter[str] = Counter()
    for (row, column), n in cells.items():
        rows[row] += n
        columns[column] += n
    chance = sum(rows[name] * columns[name] for name in rows) / total**2
    observed = sum(n for (row, column), n in cells.items() if row == column) / total
    return (observed - chance) / (1 - chance) if chance < 1 else None


def cuts_and_joins(pairs: Iterable[Pair], schema: Schema | None = None) -> dict[str, dict[str, float | int | None]]:
    """Return for each label how many gold spans were cut into several, and how many predictions join several gold spans."""
    labels = [label for layer in (schema or default_schema()).layers for label in layer.labels]
    tallies = {label: Counter[str]() for label in labels}
    for pair in pairs:
        for label, tally in tallies.items():
            gold, predicted = ([s for s in side if s.label == label] for side in (pair.gold, pair.predicted))
            tally.update(gold=len(gold), predicted=len(predicted))
            tally.update(split=_several(gold, predicted), merged=_several(predicted, gold))
    return {label: _rates(tally) for label, tally in tallies.items()}


def _several(spans: Sequence[Span], others: Sequence[Span]) -> int:
    """Count the spans that overlap at least two of the others (both sorted and disjoint)."""
    ends = [other.end for other in others]
    second = (bisect_right(ends, span.start) + 1 for span in spans)
    return sum(at < len(others) and overlap(span, others[at]) > 0 for span, at in zip(spans, second, strict=True))


def _rates(tally: Counter[str]) -> dict[str, float | int | None]:
    split = tally["split"] / tally["gold"] if tally["gold"] else None
    merged = tally["merged"] / tally["predicted"] if tally["predicted"] else None
    return {"split": tally["split"], "split_rate": split, "merged": tally["merged"], "merge_rate": merged}


def nesting(pair: Pair, schema: Schema | None = None) -> Callable[[Span], str]:
    """Return a function that tells whether a span stands ``inside``, ``around``, ``on`` (same extent) or ``alone``.

    The gold spans of the other layers decide, for gold and predicted spans alike.
    """
    schema = schema or default_schema()
    layer_of = {label: layer.name for layer in schema.layers for label in layer.labels}
    others = {name: [span for span in pair.gold if layer_of[span.label] != name] for name in set(layer_of.values())}
    ends = {name: sorted(span.end for span in spans) for name, spans in others.items()}

    def place(span: Span) -> str:
        name = layer_of[span.label]
        found = "alone"
        for other in others[name][bisect_right(ends[name], span.start) :]:
            if other.start >= span.end:
                break
            if other.start <= span.start and span.end <= other.end:
                return "on" if (other.start, other.end) == (span.start, span.end) else "inside"
            found = "around"
        return found

    return place


def by_nesting(pairs: Sequence[Pair], schema: Schema | None = None) -> dict[str, Counts]:
    """Count strict matches by label and nesting (``METRIC inside`` a statement, ``MEASURE around`` a metric, …)."""
    places = {pair.id: nesting(pair, schema) for pair in pairs}
    return count(pairs, lambda pair, span: f"{span.label} {places[pair.id](span)}")


def seam_loss(pairs: Sequence[Pair], seams: dict[str, Extents]) -> dict[str, Counts]:
    """Count strict matches of spans that touch the overlap of two windows (``seam``) and of all others (``elsewhere``)."""
    return count(pairs, lambda pair, span: "seam" if common([(span.start, span.end)], seams.get(pair.id, ())) else "elsewhere")


def window_overlaps(offsets: Extents, plan: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield the extents in the text where two neighbouring windows of tokens overlap."""
    windows = list(plan)
    for (_, end), (start, _) in pairwise(windows):
        if start < end:
            yield offsets[start][0], offsets[end - 1][1]
