"""Predictions of a model directory or a baseline on the texts of a gold file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

from evaluate.units import window_overlaps
from fazhi.document import Document
from fazhi.errors import EvaluationError
from fazhi.extractor import Extractor
from fazhi.ingest import from_text
from fazhi.offsets import OffsetMap
from fazhi.tokens import tokenize
from fazhi.windows import plan_windows


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
        return Extractor.from_pretrained(model)
    kind = json.loads(about.read_text(encoding="utf-8")).get("kind")
    if kind == "crf":
        from evaluate.baselines.crf import CrfBaseline

        return CrfBaseline.load(about.parent)
    if kind == "spacy":
        from evaluate.baselines.spacy_spans import SpacyBaseline

        return SpacyBaseline.load(about.parent)
    raise EvaluationError(about, f"unknown kind {kind!r}", "train the baseline again, see docs/evaluation.md")


def prepare(gold: Iterable[Document], model: Predictor, raw: bool = False) -> list[Document]:
    """Return what the model is given: the bare texts, without anything of their annotation.

    A model takes the way that a user's file takes, through ingest, so that its spans carry source offsets; baselines, and
    everything with ``raw``, get the text as it is.
    """
    bare = [Document(document.id, document.text) for document in gold]
    if raw or not isinstance(model, Extractor):
        return bare
    return [from_text(document.text, document.id) for document in bare]


def predict(model: Predictor, gold: Iterable[Document], raw: bool = False) -> list[Document]:
    """Predict on the texts of the gold documents."""
    return list(model.extract_many(prepare(gold, model, raw)))


def seams(model: Predictor, documents: Iterable[Document]) -> dict[str, list[tuple[int, int]]] | None:
    """Return for each document the extents of its source in which two of the model's windows overlap.

    ``None`` where the model has no windows.
    """
    if not isinstance(model, Extractor):
        return None
    size, overlap = model.model.window
    found: dict[str, list[tuple[int, int]]] = {}
    for document in documents:
        tokens = tokenize(document.text, model.model.tokenizer)
        offsets = [(int(a), int(b)) for a, b in tokens.offsets]
        places = OffsetMap(document.alignment)
        windows = plan_windows(document.text, tokens.offsets, size, overlap)
        found[document.id] = [places.to_source(*extent) for extent in window_overlaps(offsets, windows)]
    return found
