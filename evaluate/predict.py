"""Predictions of a model directory or a baseline on the texts of a gold file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from fazhi.document import Document
from fazhi.errors import EvaluationError


class Predictor(Protocol):
    """What the suite needs of a model."""

    def extract_many(self, documents: Iterable[Document]) -> Iterator[Document]:
        """Yield the documents with predicted spans, in their order."""
        ...


def load_predictor(model: Path | str | None) -> Predictor:
    """Load a baseline (a folder with ``baseline.json``, or the word ``rules``) or else a model directory."""
    if str(model) == "rules":
        from evaluate.baselines.rules import RulesBaseline

        return RulesBaseline()
    about = Path(model or "") / "baseline.json"
    if model is None or not about.is_file():
        from fazhi.extractor import Extractor

        return Extractor.from_pretrained(model)
    kind = json.loads(about.read_text(encoding="utf-8")).get("kind")
    if kind == "crf":
        from evaluate.baselines.crf import CrfBaseline

        return CrfBaseline.load(about.parent)
    raise EvaluationError(about, f"unknown kind {kind!r}", "train the baseline again with python -m evaluate.baselines.crf")


def predict(model: Predictor, gold: Sequence[Document]) -> list[Document]:
    """Predict on the bare texts of the gold documents; nothing of their annotation reaches the model."""
    return list(model.extract_many(Document(document.id, document.text) for document in gold))
