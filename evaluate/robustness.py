"""The robustness suite: F1 on the same reports after each change of ``evaluate.perturb``, and the drop it brings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from evaluate.pairs import pair_up
from evaluate.perturb import PERTURBATIONS
from evaluate.predict import Predictor, predict
from evaluate.spans import by_label, micro
from fazhi.document import Document

Scores = dict[str, float | None]


def f1_scores(documents: Sequence[Document], model: Predictor, raw: bool = False) -> Scores:
    """Return strict F1 by label and ``micro`` of a model on annotated documents."""
    labels = by_label(pair_up(documents, predict(model, documents, raw)))
    return {**{label: counts.f1 for label, counts in labels.items()}, "micro": micro(labels).f1}


def robustness(documents: Sequence[Document], model: Predictor, raw: bool = False) -> dict[str, dict[str, Any]]:
    """Return ``{change: {"f1": by label, "difference": to the original}}``, the original first."""
    before = f1_scores(documents, model, raw)
    rows = {"original": {"f1": before, "difference": _difference(before, before)}}
    for name, change in PERTURBATIONS.items():
        after = f1_scores([change(document) for document in documents], model, raw)
        rows[name] = {"f1": after, "difference": _difference(before, after)}
    return rows


def _difference(before: Scores, after: Scores) -> Scores:
    return {name: None if f1 is None or after[name] is None else (after[name] or 0.0) - f1 for name, f1 in before.items()}
