"""spaCy's blank ``zh`` with its own tok2vec: ``ner`` for METRIC, one label or none a clause (``spancat``) for statements.

``python -m evaluate.baselines.spacy_spans FILE… --out models/runs/spacy --minutes 12`` trains on documents of JSON Lines files.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from evaluate.baselines.training import AsIn, Files, one_line_errors, read_training
from fazhi.clauses import clauses
from fazhi.document import Document, Span
from fazhi.errors import MissingExtraError

try:
    import spacy
    from spacy.training import Example
    from thinc.types import Ragged
except ImportError as error:
    raise MissingExtraError("spacy", "bench") from error

STATEMENTS = "sc"
"""The key of the statements among a ``Doc``'s groups of spans (spaCy's default)."""
PART, BATCH, DROPOUT = 250, 6, 0.1
"""Characters of a training part (cut at line ends), parts a step, dropout."""


@spacy.registry.misc("fazhi.clauses.v1")  # type: ignore[untyped-decorator]  # spaCy is untyped here
def clause_suggester() -> Any:  # noqa: ANN401
    """Return spaCy's function that names the candidates of ``spancat``: all clauses."""

    def suggest(docs: Sequence[Any], *, ops: Any = None) -> Ragged:  # noqa: ANN401 - thinc's array module
        found = [[doc.char_span(c.start, c.end, alignment_mode="expand") for c in clauses(doc.text)] for doc in docs]
        rows = [[(span.start, span.end) for span in spans if span] for spans in found]
        flat = np.array([row for one in rows for row in one], dtype="i").reshape(-1, 2)
        lengths = np.array([len(one) for one in rows], dtype="i")
        return Ragged((ops or np).asarray(flat), (ops or np).asarray(lengths))

    return suggest


def pipes() -> Any:  # noqa: ANN401 - spaCy is untyped here
    """Return the untrained pipeline: one token a character, one tok2vec that both components share."""
    nlp = spacy.blank("zh")
    nlp.add_pipe("tok2vec")
    shared = {"@architectures": "spacy.Tok2VecListener.v1", "width": 96, "upstream": "*"}
    nlp.add_pipe("ner", config={"model": {"tok2vec": shared}})
    suggester = {"@misc": "fazhi.clauses.v1"}
    nlp.add_pipe("spancat_singlelabel", config={"suggester": suggester, "model": {"tok2vec": shared}})
    return nlp


def parts(document: Document) -> Iterator[Document]:
    """Cut a document at line ends into parts of about ``PART`` characters, with the spans of each."""
    lines = document.text.splitlines(keepends=True)
    start, at = 0, 0
    for number, line in enumerate(lines, 1):
        at += len(line)
        if at - start < PART and number < len(lines):
            continue
        inside = [span for span in document.spans if start <= span.start and span.end <= at]
        moved = [Span(span.start - start, span.end - start, span.label) for span in inside]
        yield Document(f"{document.id}:{start}", document.text[start:at], spans=tuple(moved))
        start = at


def _labels(document: Document) -> dict[str, Any]:
    metrics = [(s.start, s.end, s.label) for s in document.spans if s.label == "METRIC"]
    statements = [(s.start, s.end, s.label) for s in document.spans if s.label != "METRIC"]
    return {"entities": metrics, "spans": {STATEMENTS: statements}}


@dataclass(frozen=True, slots=True)
class SpacyBaseline:
    """A trained pipeline; ``steps`` is how long it was trained."""

    nlp: Any
    steps: int = 0

    @classmethod
    def train(cls, documents: Iterable[Document], seed: int = 7, *, minutes: float = 0, steps: int = 0) -> SpacyBaseline:
        """Train for so many minutes of this process's CPU time or so many steps, whichever takes longer."""
        spacy.util.fix_random_seed(seed)
        nlp, rng, end = pipes(), random.Random(seed), time.process_time() + 60 * minutes
        cut = [part for document in documents for part in parts(document)]
        examples = [Example.from_dict(nlp.make_doc(part.text), _labels(part)) for part in cut]
        optimizer = nlp.initialize(lambda: examples)
        done = 0
        while done < steps or time.process_time() < end:
            nlp.update(rng.sample(examples, min(BATCH, len(examples))), sgd=optimizer, drop=DROPOUT)
            done += 1
        return cls(nlp, done)

    def save(self, folder: Path) -> None:
        """Write the pipeline in spaCy's own format, with a ``baseline.json`` that says what lies there."""
        folder.mkdir(parents=True, exist_ok=True)
        self.nlp.to_disk(folder / "pipeline")
        about = {"kind": "spacy", "name": "spaCy", "steps": self.steps}
        (folder / "baseline.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> SpacyBaseline:
        """Load what ``save`` wrote."""
        return cls(spacy.load(folder / "pipeline"))

    def extract_many(self, documents: Iterable[Document]) -> Iterator[Document]:
        """Extract document after document."""
        for document in documents:
            if document.text.strip():
                yield document.with_spans(sorted(_spans(self.nlp(document.text))))
            else:
                yield document


def _spans(doc: Any) -> Iterator[Span]:  # noqa: ANN401 - spaCy is untyped here
    for found in doc.ents:
        yield Span(found.start_char, found.end_char, found.label_, "metric", found.text)
    statements = doc.spans.get(STATEMENTS, ())
    scores = statements.attrs["scores"] if len(statements) else ()
    for found, score in zip(statements, scores, strict=True):
        yield Span(found.start_char, found.end_char, found.label_, "statement", found.text, np.asarray(score).item())


def main(
    files: Files,
    out: Annotated[Path, typer.Option(help="Folder for the pipeline.")],
    minutes: Annotated[float, typer.Option(help="CPU time of the training.")] = 12.0,
    seed: Annotated[int, typer.Option(help="Seed of weights and order.")] = 7,
    as_in: AsIn = None,
) -> None:
    """Train the spaCy baseline."""
    with one_line_errors():
        documents = read_training(files, as_in)
    baseline = SpacyBaseline.train(documents, seed, minutes=minutes)
    baseline.save(out)
    typer.echo(f"{out}: {baseline.steps} steps on {len(documents)} reports")


if __name__ == "__main__":
    typer.run(main)
