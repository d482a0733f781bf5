"""Linear-chain CRFs (Lafferty et al. 2001, by python-crfsuite).

One over a clause's characters for METRIC, one over a report's clauses for statements.

``python -m evaluate.baselines.crf FILE… --out models/runs/crf`` trains on documents of JSON Lines files.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import exp, log
from pathlib import Path
from typing import Annotated, Any

import typer

from evaluate.baselines.features import metric_features, statement_features
from evaluate.baselines.training import AsIn, Files, one_line_errors, read_training
from fazhi.clauses import Clause, clauses
from fazhi.document import Document, Span
from fazhi.errors import MissingExtraError
from fazhi.rules import has_value
from fazhi.schema import Layer, Schema, default_schema
from fazhi.tagging import decode, encode

try:
    import pycrfsuite
except ImportError as error:
    raise MissingExtraError("python-crfsuite", "evaluate") from error

PARAMETERS = {"c1": 0.05, "c2": 0.01, "max_iterations": 120, "feature.possible_transitions": True}
"""L1 and L2 penalties and L-BFGS steps."""

Sequences = Iterator[tuple[list[list[str]], list[str]]]


def token_sequences(documents: Iterable[Document], layer: Layer) -> Sequences:
    """Yield features and BIO tags of every clause that holds a value."""
    for document in documents:
        for clause in filter(lambda c: has_value(document.text[c.start : c.end]), clauses(document.text)):
            inside = [span for span in document.spans if clause.start <= span.start and span.end <= clause.end]
            tags, _ = encode(inside, _characters(clause), layer)
            yield metric_features(document.text, clause), [layer.tags[tag] for tag in tags]


def clause_sequences(documents: Iterable[Document], layer: Layer) -> Sequences:
    """Yield features and labels (``O`` for none) of the clauses of every report."""
    for document in documents:
        found = filled(document.text)
        labels = {(span.start, span.end): span.label for span in document.spans if span.label in layer.labels}
        yield statement_features(document.text, found), [labels.get((c.start, c.end), "O") for c in found]


def filled(text: str) -> list[Clause]:
    """Return the clauses that hold more than blanks."""
    return [clause for clause in clauses(text) if clause.start < clause.end]


def _characters(clause: Clause) -> list[tuple[int, int]]:
    return [(at, at + 1) for at in range(clause.start, clause.end)]


def train(documents: Sequence[Document], out: Path, schema: Schema | None = None) -> None:
    """Train one CRF a layer and save them in the folder ``out``, with a ``baseline.json`` that says what lies there."""
    schema = schema or default_schema()
    out.mkdir(parents=True, exist_ok=True)
    for layer in schema.layers:
        trainer = pycrfsuite.Trainer(verbose=False)
        trainer.set_params(PARAMETERS)
        sequences = clause_sequences if layer.unit == "clause" else token_sequences
        for features, tags in sequences(documents, layer):
            trainer.append(features, tags)
        trainer.train(str(out / f"{layer.name}.crfsuite"))
    about: dict[str, Any] = {"kind": "crf", "name": "CRF", "layers": schema.to_json(), "reports": len(documents)}
    (out / "baseline.json").write_text(json.dumps(about, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


@dataclass(frozen=True, slots=True)
class CrfBaseline:
    """The trained CRFs of a folder."""

    schema: Schema
    taggers: dict[str, Any]

    @classmethod
    def load(cls, folder: Path) -> CrfBaseline:
        """Load what ``train`` saved."""
        schema = Schema.from_json(json.loads((folder / "baseline.json").read_text(encoding="utf-8"))["layers"])
        taggers = {layer.name: pycrfsuite.Tagger() for layer in schema.layers}
        for name, tagger in taggers.items():
            tagger.open(str(folder / f"{name}.crfsuite"))
        return cls(schema, taggers)

    def extract_many(self, documents: Iterable[Document]) -> Iterator[Document]:
        """Extract document after document."""
        return map(self.extract, documents)

    def extract(self, document: Document) -> Document:
        """Return the document with spans, scored by marginal probabilities, on its own text."""
        spans: list[Span] = []
        for layer in self.schema.layers:
            find = self._statements if layer.unit == "clause" else self._tokens
            spans += find(document.text, layer)
        return document.with_spans(spans)

    def _statements(self, text: str, layer: Layer) -> Iterator[Span]:
        found, tagger = filled(text), self.taggers[layer.name]
        if not found:
            return
        for at, (clause, label) in enumerate(zip(found, tagger.tag(statement_features(text, found)), strict=True)):
            if label != "O":
                inside = text[clause.start : clause.end]
                yield Span(clause.start, clause.end, label, layer.name, inside, tagger.marginal(label, at))

    def _tokens(self, text: str, layer: Layer) -> Iterator[Span]:
        tagger = self.taggers[layer.name]
        for clause in filter(lambda c: has_value(text[c.start : c.end]), filled(text)):
            tags = tagger.tag(metric_features(text, clause))
            for span in decode([layer.tags.index(tag) for tag in tags], _characters(clause), layer):
                places = range(span.start - clause.start, span.end - clause.start)
                score = exp(sum(log(max(tagger.marginal(tags[at], at), 1e-9)) for at in places) / len(places))
                yield Span(span.start, span.end, span.label, layer.name, text[span.start : span.end], score)


def main(files: Files, out: Annotated[Path, typer.Option(help="Folder for the two CRFs.")], as_in: AsIn = None) -> None:
    """Train the CRF baseline."""
    with one_line_errors():
        documents = read_training(files, as_in)
        train(documents, out)
    typer.echo(f"{out}: trained on {len(documents)} reports")


if __name__ == "__main__":
    typer.run(main)
