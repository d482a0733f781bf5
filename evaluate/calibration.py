"""How far span scores can be trusted: calibration error, reliability, risk and coverage, and what review by score is worth."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from evaluate.pairs import Pair
from evaluate.spans import key
from evaluate.units import clauses_of
from fazhi.calibration import fit_temperature

Floats = npt.NDArray[np.float64]
BINS = 10
SHARES = (0.05, 0.1, 0.2, 0.3, 0.5)
"""Shares of the predicted spans, the least sure first, for which the gain of a review is told."""


def scored(pairs: Iterable[Pair]) -> tuple[Floats, Floats]:
    """Return the scores of all predicted spans that have one, and for each 1 if it is strictly right, 0 if not."""
    rows = [
        (span.score, key(span) in gold)
        for pair in pairs
        for gold in [{key(span) for span in pair.gold}]
        for span in pair.predicted
        if span.score is not None
    ]
    scores = np.array([score for score, _ in rows], dtype=np.float64)
    return scores, np.array([right for _, right in rows], dtype=np.float64)


def reliability(scores: Floats, right: Floats, bins: int = BINS) -> list[dict[str, float]]:
    """Return for each non-empty bin of equal width its lower edge, size, mean score, and share of right spans."""
    places = np.minimum((scores * bins).astype(int), bins - 1)
    rows = []
    for at in range(bins):
        here = places == at
        if here.any():
            row = {"low": at / bins, "count": int(here.sum()), "score": scores[here].mean(), "right": right[here].mean()}
            rows.append({name: round(float(value), 4) for name, value in row.items()})
    return rows


def calibration_error(scores: Floats, right: Floats, bins: int = BINS) -> float:
    """Return the expected calibration error over bins of equal width (Naeini et al. 2015)."""
    places = np.minimum((scores * bins).astype(int), bins - 1)
    gaps = [abs(float((scores[places == at] - right[places == at]).sum())) for at in range(bins)]
    return sum(gaps) / len(scores)


def logit(scores: Floats) -> Floats:
    """Return ``log(p / (1 - p))``, scores clipped to ``[1e-6, 1 - 1e-6]``."""
    p = np.clip(scores, 1e-6, 1 - 1e-6)
    return np.log(p / (1 - p))


def rescaled(scores: Floats, temperature: float) -> Floats:
    """Return the scores after division of their logits by a temperature."""
    return 1 / (1 + np.exp(-logit(scores) / temperature))


def span_temperature(scores: Floats, right: Floats) -> float:
    """Fit the temperature of span scores (on development reports, never on those that are scored)."""
    half = logit(scores) / 2
    return fit_temperature(np.stack([-half, half], axis=1), right.astype(np.int64))


def risk_coverage(scores: Floats, right: Floats, points: int = 50) -> list[dict[str, float]]:
    """Return the share of wrong spans among the surest ones, at up to ``points`` coverages (El-Yaniv and Wiener 2010).

    Spans of equal score come together: within such a block each counts as the block's average.
    """
    errors = _smoothed(-scores, 1 - right)
    kept = np.unique(np.linspace(1, len(scores), min(points, len(scores))).astype(int))
    return [{"coverage": round(k / len(scores), 4), "risk": round(float(errors[k - 1] / k), 4)} for k in kept]


def _smoothed(order_by: Floats, values: Floats) -> Floats:
    """Return the cumulative sum of values by ascending ``order_by``, ties given their mean."""
    _, group, sizes = np.unique(order_by, return_inverse=True, return_counts=True)
    means: Floats = np.bincount(group, weights=values) / sizes
    return np.cumsum(np.repeat(means, sizes))


def review_gain(pairs: Sequence[Pair], shares: Sequence[float] = SHARES) -> list[dict[str, float | None]]:
    """Return what reading the least sure predicted spans, each with its clause, is worth.

    ``share`` of the spans are read; ``wrong_spans`` is the share of the wrong predictions among them, ``all_errors`` that of
    all errors (spurious and missed spans) whose clause is read: a miss in a clause without any prediction is never seen.
    """
    scores, weight, wrong, total = _review_rows(pairs)
    if not len(scores):
        return []
    spans, gone = _smoothed(scores, wrong), _smoothed(scores, weight)
    rows: list[dict[str, float | None]] = []
    for share in shares:
        read = max(1, round(share * len(scores)))
        wrong_found = float(spans[read - 1] / wrong.sum()) if wrong.sum() else None
        rows.append(
            {"share": share, "wrong_spans": wrong_found, "all_errors": float(gone[read - 1] / total) if total else None}
        )
    return rows


def _review_rows(pairs: Sequence[Pair]) -> tuple[Floats, Floats, Floats, int]:
    """Return for every scored span its score, the errors that reading it settles first, and whether it is itself wrong."""
    rows: list[tuple[float, int, bool]] = []
    total = 0
    for pair in pairs:
        starts = [clause.outer_start for clause in clauses_of(pair.text)]
        gold, found = ({key(span) for span in side} for side in (pair.gold, pair.predicted))
        errors: dict[int, int] = {}
        for start, _, _ in gold ^ found:
            clause = bisect_right(starts, start) - 1
            errors[clause] = errors.get(clause, 0) + 1
        total += sum(errors.values())
        for span in sorted((s for s in pair.predicted if s.score is not None), key=lambda s: s.score or 0.0):
            settled = errors.pop(bisect_right(starts, span.start) - 1, 0)
            rows.append((span.score or 0.0, settled, key(span) not in gold))
    columns = [np.array([row[at] for row in rows], dtype=np.float64) for at in range(3)]
    return columns[0], columns[1], columns[2], total


def calibration(pairs: Sequence[Pair], development: Sequence[Pair] | None = None) -> dict[str, Any] | None:
    """Return all of the above for the predicted spans; ``None`` where no span has a score.

    With development reports, a temperature is fitted on them and the error after it is told as well.
    """
    scores, right = scored(pairs)
    if not len(scores):
        return None
    out: dict[str, Any] = {
        "spans": len(scores),
        "error": calibration_error(scores, right),
        "brier": float(np.mean((scores - right) ** 2)),
        "reliability": reliability(scores, right),
        "risk_coverage": risk_coverage(scores, right),
        "review": review_gain(pairs),
    }
    if development is not None:
        on_dev = scored(development)
        if len(on_dev[0]):
            temperature = span_temperature(*on_dev)
            out["temperature"] = temperature
            out["error_after"] = calibration_error(rescaled(scores, temperature), right)
    return out
