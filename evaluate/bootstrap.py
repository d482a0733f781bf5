"""Uncertainty: intervals by resampling whole reports, and paired tests between two models.

Spans of one report depend on each other, so reports are the unit (Efron and Tibshirani 1993; for NLP Koehn 2004, Yeh 2000).
Counts come as arrays ``(reports, labels, 3)``: correct, predicted, gold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from evaluate.spans import Counts

Array = npt.NDArray[Any]
RESAMPLES = 2000
EXACT_REPORTS = 11
"""Up to so many reports, the randomisation test goes through all ``2**n`` exchanges."""


def to_array(reports: Sequence[Mapping[str, Counts]], labels: Sequence[str]) -> Array:
    """Return the counts of every report and label as ``(reports, labels, 3)``."""
    rows = [[(c.correct, c.predicted, c.gold) for c in (report[label] for label in labels)] for report in reports]
    return np.array(rows, dtype=np.float64).reshape(len(reports), len(labels), 3)


def ratios(totals: Array) -> Array:
    """Return precision, recall and F1 ``(…, 3)`` of totals ``(…, 3)``; NaN where undefined (no gold: no recall, no F1)."""
    correct, predicted, gold = totals[..., 0], totals[..., 1], totals[..., 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        f1 = np.where(gold > 0, 2 * correct / (predicted + gold), np.nan)
        return np.stack([correct / predicted, correct / gold, f1], axis=-1)


def with_averages(totals: Array) -> Array:
    """Return the ratios of ``(…, labels, 3)`` totals with two rows more: micro, and the macro average of defined labels."""
    each = ratios(totals)
    known = np.where(totals[..., 2:] > 0, np.nan_to_num(each), np.nan)
    counted = np.maximum((totals[..., 2:] > 0).sum(axis=-2), 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        macro = np.nansum(known, axis=-2) / counted
    return np.concatenate([each, ratios(totals.sum(axis=-2))[..., None, :], macro[..., None, :]], axis=-2)


def resampled(counts: Array, resamples: int = RESAMPLES, seed: int = 0) -> Array:
    """Return the ratios ``(resamples, labels + 2, 3)`` of totals over reports drawn with replacement."""
    n = len(counts)
    draws = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=resamples)
    return with_averages(np.tensordot(draws.astype(np.float64), counts, axes=1))


def intervals(
    reports: Sequence[Mapping[str, Counts]], labels: Sequence[str], resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, dict[str, list[float] | None]]:
    """Return 95 % percentile intervals by label, ``micro`` and ``macro``; ``None`` with fewer than two reports or no gold."""
    names = [*labels, "micro", "macro"]
    if len(reports) < 2:
        return {name: dict.fromkeys(("precision", "recall", "f1")) for name in names}
    samples = resampled(to_array(reports, labels), resamples, seed)
    ends: dict[str, dict[str, list[float] | None]] = {name: {} for name in names}
    for at, name in enumerate(names):
        for column, ratio in enumerate(("precision", "recall", "f1")):
            values = samples[:, at, column]
            values = values[~np.isnan(values)]
            ends[name][ratio] = [round(float(v), 4) for v in np.percentile(values, (2.5, 97.5))] if len(values) else None
    return ends


def paired_tests(
    first: Sequence[Mapping[str, Counts]], second: Sequence[Mapping[str, Counts]], labels: Sequence[str], seed: int = 0
) -> dict[str, dict[str, Any]]:
    """Compare the F1 of two models on the same reports, by label, ``micro`` and ``macro``.

    ``difference`` is second − first; ``randomisation_p`` is the two-sided p of approximate randomisation (exact up to
    ``EXACT_REPORTS`` reports), ``interval`` and ``bootstrap_p`` (share of resamples in which the sign turns, doubled) come
    from the paired bootstrap. All are ``None`` where a label has no gold.
    """
    a, b = to_array(first, labels), to_array(second, labels)
    observed = _difference(a.sum(axis=0), b.sum(axis=0))
    moved = np.tensordot(_exchanges(len(a), seed), b - a, axes=1)
    swapped = _difference(a.sum(axis=0) + moved, b.sum(axis=0) - moved)
    pairs = resampled(b, seed=seed)[..., 2] - resampled(a, seed=seed)[..., 2]
    exact = len(a) <= EXACT_REPORTS
    out: dict[str, dict[str, Any]] = {}
    for at, name in enumerate([*labels, "micro", "macro"]):
        out[name] = _test(float(observed[at]), swapped[:, at], pairs[:, at], exact)
    return out


def _difference(a: Array, b: Array) -> Array:
    difference: Array = with_averages(b)[..., 2] - with_averages(a)[..., 2]
    return difference


def _exchanges(reports: int, seed: int) -> Array:
    """Return rows of 0 and 1: the reports that change sides."""
    if reports <= EXACT_REPORTS:
        return np.array(list(product((0.0, 1.0), repeat=reports)))
    return (np.random.default_rng(seed).random((RESAMPLES, reports)) < 0.5).astype(np.float64)


def _test(observed: float, swapped: Array, paired: Array, exact: bool) -> dict[str, Any]:
    if np.isnan(observed):
        return dict.fromkeys(("difference", "randomisation_p", "bootstrap_p", "interval"))
    extreme = int((np.abs(np.nan_to_num(swapped)) >= abs(observed) - 1e-12).sum())
    p = extreme / len(swapped) if exact else (extreme + 1) / (len(swapped) + 1)
    values = paired[~np.isnan(paired)]
    against = (min(int((values <= 0).sum()), int((values >= 0).sum())) + 1) / (len(values) + 1)
    interval = [round(float(v), 4) for v in np.percentile(values, (2.5, 97.5))]
    return {
        "difference": round(observed, 4),
        "randomisation_p": round(p, 4),
        "bootstrap_p": round(min(1.0, 2 * against), 4),
        "interval": interval,
    }
