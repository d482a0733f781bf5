"""The same strict scores by way of seqeval: spans → IOB2 tags → ``seqeval`` in strict mode, one sequence a report and layer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise

from seqeval.metrics.v1 import precision_recall_fscore_support
from seqeval.scheme import IOB2

from evaluate.pairs import Pair
from evaluate.spans import Counts
from fazhi.errors import EvaluationError
from fazhi.schema import Schema, default_schema
from fazhi.tagging import Offsets, encode

Scored = tuple[float, float, float, int]


def characters(pair: Pair) -> Offsets:
    """Return one unit a character."""
    return [(at, at + 1) for at in range(len(pair.text))]


def stretches(pair: Pair) -> Offsets:
    """Return the units between neighbouring span borders of either side.

    Strict scores over them are those over characters, as no border falls inside a unit; reports have a hundred times fewer.
    """
    borders = sorted({0, len(pair.text)} | {at for span in (*pair.gold, *pair.predicted) for at in (span.start, span.end)})
    return [(left, right) for left, right in pairwise(borders) if left < right]


def seqeval_scores(pairs: Iterable[Pair], schema: Schema | None = None, by_character: bool = False) -> dict[str, Scored]:
    """Return seqeval's strict IOB2 scores ``(precision, recall, f1, support)`` for every label that either side has."""
    schema, pairs = schema or default_schema(), list(pairs)
    scores: dict[str, Scored] = {}
    for layer in schema.layers:
        gold: list[list[str]] = []
        predicted: list[list[str]] = []
        for pair in pairs:
            units = characters(pair) if by_character else stretches(pair)
            for side, spans in ((gold, pair.gold), (predicted, pair.predicted)):
                side.append([layer.tags[tag] for tag in encode(spans, units, layer)[0]])
        scores |= _layer_scores(gold, predicted)
    return scores


def _layer_scores(gold: list[list[str]], predicted: list[list[str]]) -> dict[str, Scored]:
    present = sorted({tag[2:] for side in (gold, predicted) for tags in side for tag in tags if tag != "O"})
    if not present:
        return {}
    columns = precision_recall_fscore_support(gold, predicted, average=None, scheme=IOB2, zero_division=0)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return dict(zip(present, rows, strict=True))


def assert_agreement(pairs: Iterable[Pair], ours: Mapping[str, Counts], schema: Schema | None = None) -> None:
    """Raise ``EvaluationError`` where seqeval scores otherwise than our matcher: then one of the two is broken.

    seqeval writes 0 where a ratio is undefined.
    """
    theirs = seqeval_scores(pairs, schema)
    for label, counts in ours.items():
        mine = (counts.precision or 0.0, counts.recall or 0.0, counts.f1 or 0.0, counts.gold)
        if any(abs(a - b) > 1e-9 for a, b in zip(mine, theirs.get(label, (0.0, 0.0, 0.0, 0)), strict=True)):
            what = f"our matcher says {mine}, seqeval {theirs.get(label)}"
            raise EvaluationError(f"label {label}", what, "report this as a bug")
