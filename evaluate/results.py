"""All scores of one evaluation as one JSON object: what the report shows and what comparisons read."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from evaluate import semeval, units
from evaluate.bootstrap import RESAMPLES, intervals
from evaluate.calibration import calibration
from evaluate.iob import assert_agreement
from evaluate.mistakes import analysis
from evaluate.pairs import Pair
from evaluate.recordalign import Records
from evaluate.records import record_scores
from evaluate.slices import by_slice, deduplicated, standard
from evaluate.spans import Counts, Scores, by_label, by_layer, macro, micro
from fazhi.document import Document
from fazhi.schema import Schema, default_schema

VERSION = 1
AGREEMENT: Mapping[str, float] = {"METRIC": 0.975, "kappa:statement": 0.97}
"""What two annotators reach on the real reports before adjudication (F1 of METRIC spans 0.96–0.99, κ of clauses 0.97)."""


@dataclass(frozen=True)
class Setting:
    """What an evaluation is told beside the pairs: names for the record, and optional material for more scores."""

    model: str = ""
    gold: str = ""
    schema: Schema = field(default_factory=default_schema)
    training: Sequence[Document] = ()
    development: Sequence[Pair] | None = None
    records: Records | None = None
    seams: Mapping[str, units.Extents] | None = None
    agreement: Mapping[str, float] = field(default_factory=lambda: dict(AGREEMENT))
    resamples: int = RESAMPLES


def evaluate(pairs: Sequence[Pair], setting: Setting | None = None) -> dict[str, Any]:
    """Score the pairs in every way. Raises ``EvaluationError`` should seqeval disagree with our strict matcher."""
    setting = setting or Setting()
    schema = setting.schema
    per_report = [by_label([pair], schema) for pair in pairs]
    labels = by_label(pairs, schema)
    assert_agreement(pairs, labels, schema)
    out: dict[str, Any] = {
        "version": VERSION,
        "model": setting.model,
        "gold": setting.gold,
        "reports": len(pairs),
        "characters": sum(len(pair.text) for pair in pairs),
        "python": platform.python_version(),
        "layers": schema.to_json(),
        "strict": _strict(labels, schema),
        "intervals": intervals(per_report, list(labels), setting.resamples),
        "semeval": semeval.to_json(semeval.score(pairs, schema)),
        "units": _units(pairs, setting),
        "slices": _slices(pairs, setting),
        "deduplicated": deduplicated(pairs),
        "calibration": calibration(pairs, setting.development),
        "records": record_scores(pairs, setting.records) if setting.records else None,
        "errors": analysis(pairs, schema),
        "per_report": {pair.id: _counts(report) for pair, report in zip(pairs, per_report, strict=True)},
    }
    out["relative"] = relative(out, setting.agreement)
    rounded: dict[str, Any] = _rounded(out)
    return rounded


def _strict(labels: Scores, schema: Schema) -> dict[str, Any]:
    return {
        "labels": {label: counts.to_json() for label, counts in labels.items()},
        "layers": {name: counts.to_json() for name, counts in by_layer(labels, schema).items()},
        "micro": micro(labels).to_json(),
        "macro": macro(labels),
    }


def _units(pairs: Sequence[Pair], setting: Setting) -> dict[str, Any]:
    clause = units.clause_scores(pairs, setting.schema)
    seams = None if setting.seams is None else _json(units.seam_loss(pairs, dict(setting.seams)))
    return {
        "characters": _json(units.character_counts(pairs, setting.schema)),
        "clauses": _json(clause["labels"]),
        "kappa": clause["kappa"],
        "cuts_and_joins": units.cuts_and_joins(pairs, setting.schema),
        "nesting": _json(units.by_nesting(pairs, setting.schema)),
        "seams": seams,
    }


def _slices(pairs: Sequence[Pair], setting: Setting) -> dict[str, Any]:
    found = by_slice(pairs, standard(setting.training))
    return {name: {value: _json(labels) for value, labels in rows.items()} for name, rows in found.items()}


def relative(results: Mapping[str, Any], agreement: Mapping[str, float]) -> dict[str, dict[str, float | None]]:
    """Return scores beside annotators' agreement: ``LABEL`` names a strict F1, ``kappa:layer`` a κ on clauses."""
    rows: dict[str, dict[str, float | None]] = {}
    for name, human in agreement.items():
        kappa = name.startswith("kappa:")
        labels = results["strict"]["labels"]
        score = results["units"]["kappa"].get(name.removeprefix("kappa:")) if kappa else labels.get(name, {}).get("f1")
        rows[name] = {"score": score, "annotators": human, "ratio": None if score is None else score / human}
    return rows


def _json(counts: Scores) -> dict[str, Any]:
    return {name: value.to_json() for name, value in counts.items()}


def _counts(report: Mapping[str, Counts]) -> dict[str, list[int]]:
    return {label: [counts.correct, counts.predicted, counts.gold] for label, counts in report.items()}


def report_counts(results: Mapping[str, Any]) -> dict[str, dict[str, Counts]]:
    """Read the counts of every report back from results."""
    return {name: {label: Counts(*row) for label, row in labels.items()} for name, labels in results["per_report"].items()}


def _rounded(value: Any) -> Any:  # noqa: ANN401 - walks through any JSON value
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, Mapping):
        return {name: _rounded(item) for name, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list | tuple) else value
