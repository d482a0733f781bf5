"""Record scores: whether values, units, bounds, indicators, periods and states of the records are right.

Predicted METRIC records are aligned with the gold ones by their spans (an overlap is enough), then compared field by field in
steps, each of which asks for all that the steps before it ask for. A field that the gold records do not tell is undefined.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from math import isclose
from typing import Any

from evaluate.pairs import Pair, bare
from evaluate.recordalign import Fields, Record, Records, aligned, predicted_records, records_on_gold_spans
from evaluate.semeval import same_extent
from evaluate.spans import Counts
from evaluate.totals import compare_totals, indicator_accuracy
from fazhi.errors import EvaluationError


def _same_value(gold: Fields, found: Fields) -> bool:
    names = ("value",) if gold.get("value") is not None else ("low", "high")
    return all(_close(gold.get(name), found.get(name)) for name in names)


def _close(a: float | None, b: float | None) -> bool:
    return a is b if a is None or b is None else isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)


def _same_text(name: str) -> Callable[[Fields, Fields], bool]:
    return lambda gold, found: bare(str(gold[name] or "")) == bare(str(found.get(name) or ""))


STEPS: tuple[tuple[str, bool, Callable[[Fields, Fields], bool]], ...] = (
    ("value", True, _same_value),
    ("unit", True, _same_text("unit")),
    ("bound", True, _same_text("bound")),
    ("indicator", False, _same_text("indicator")),
    ("period", False, _same_text("period")),
    ("status", False, _same_text("status")),
)
"""Name of the step, whether the field is a quantity's (or the record's), and when it is right."""


def known_steps(gold: Records) -> list[str]:
    """Return the steps whose field some gold record or quantity tells."""
    records = [item for items in gold.values() for item in items]
    told = {name for item in records for name in item.fields} | {n for i in records for q in i.quantities for n in q}
    return [name for name, _, _ in STEPS if name in told]


def step_counts(gold: Records, found: Records) -> dict[str, Counts | None]:
    """Count quantities that are right up to each step; ``None`` for a step that the gold does not tell."""
    known = known_steps(gold)
    totals: dict[str, Counts | None] = {name: Counts() if name in known else None for name, _, _ in STEPS}
    for name, items in gold.items():
        for truth, guess in aligned(items, found.get(name, ())):
            sizes = [len(side.quantities) if side else 0 for side in (guess, truth)]
            right = _right_up_to(truth, guess, known) if truth and guess else Counter[str]()
            for step in known:
                totals[step] = (totals[step] or Counts()) + Counts(right[step], *sizes)
    return totals


def _right_up_to(truth: Record, guess: Record, known: Sequence[str]) -> Counter[str]:
    """Count for each step the gold quantities that a predicted one, used once, equals up to that step."""
    right: Counter[str] = Counter()
    for depth in range(1, len(known) + 1):
        free = list(guess.quantities)
        for quantity in truth.quantities:
            match = next((q for q in free if _agree(truth, quantity, guess, q, known[:depth])), None)
            if match is not None:
                free.remove(match)
                right[known[depth - 1]] += 1
    return right


def _agree(truth: Record, quantity: Fields, guess: Record, other: Fields, steps: Sequence[str]) -> bool:
    checks = (
        same(quantity, other) if of_quantity else same(truth.fields, guess.fields)
        for name, of_quantity, same in STEPS
        if name in steps and name in (quantity if of_quantity else truth.fields)
    )
    return all(checks)


def whole_records(gold: Records, found: Records) -> Counts:
    """Count records whose span and every told field, of every quantity and no other quantity, are right."""
    known, total = known_steps(gold), Counts()
    for name, items in gold.items():
        for truth, guess in aligned(items, found.get(name, ())):
            right = bool(truth and guess and _whole(truth, guess, known))
            total += Counts(int(right), int(guess is not None), int(truth is not None))
    return total


def _whole(truth: Record, guess: Record, known: Sequence[str]) -> bool:
    if not same_extent(truth.span, guess.span) or len(truth.quantities) != len(guess.quantities):
        return False
    kinds = [[q.get("kind") for q in side.quantities] for side in (truth, guess)]
    told = all(kind is not None for kind in kinds[0])
    right = _right_up_to(truth, guess, known)
    return (not told or kinds[0] == kinds[1]) and (not known or right[known[-1]] == len(truth.quantities))


def scores(gold: Records, found: Records) -> dict[str, Any]:
    """Return all record scores as JSON."""
    steps = {name: None if counts is None else counts.to_json() for name, counts in step_counts(gold, found).items()}
    return {
        "steps": steps,
        "whole": whole_records(gold, found).to_json(),
        "indicator": indicator_accuracy(gold, found),
        "totals": compare_totals(gold, found),
    }


def record_scores(pairs: Sequence[Pair], gold: Records) -> dict[str, Any]:
    """Score the predictions' records and, beside them, those built from the gold spans."""
    gold = {pair.id: gold[pair.id] for pair in pairs if pair.id in gold}
    if not gold:
        raise EvaluationError("gold records", "none of the reports has any", "give the records of the reports in --gold")
    out = {"gold_spans": scores(gold, records_on_gold_spans(pairs, gold))}
    if any(pair.records for pair in pairs):
        out["predicted"] = scores(gold, predicted_records(pairs, gold))
    return out
