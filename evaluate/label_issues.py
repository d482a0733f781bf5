"""``python -m evaluate.label_issues FILE… --out FILE``: labels of an annotated corpus that deserve a second look.

Confident learning (Northcutt, Jiang and Chuang 2021), as cleanlab does it, with out-of-fold probabilities of the CRF
baseline. A clause is an issue where another label is at least as probable as that label usually is where it is given; for
METRIC the whole tagging of a clause is compared with the likeliest one. The worst come first, by normalised margin:
probability of the given label minus that of the proposed one.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import typer

from evaluate.baselines.crf import CrfBaseline, filled, train
from evaluate.baselines.features import metric_features, statement_features
from evaluate.baselines.training import one_line_errors
from evaluate.pairs import read_documents
from fazhi.clauses import Clause
from fazhi.document import Document
from fazhi.errors import EvaluationError
from fazhi.rules import has_value
from fazhi.schema import Layer
from fazhi.tagging import decode, encode
from fazhi.writers import whole_file

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Issue:
    """A doubtful clause: what it is given, what is proposed (labels, or the METRIC texts), and the margin between the two."""

    report: str
    layer: str
    start: int
    end: int
    given: str
    proposed: str
    margin: float
    text: str


def folds(documents: Sequence[Document], count: int) -> list[list[Document]]:
    """Split documents into folds by the hash of their ids."""
    ordered = sorted(documents, key=lambda document: hashlib.sha256(document.id.encode()).hexdigest())
    return [ordered[at::count] for at in range(count)]


def confident_issues(probabilities: Floats, given: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return for each item the label that it confidently belongs to instead of its given one, or −1.

    ``probabilities`` is ``(n, labels)``, ``given`` ``(n,)``. The threshold of a label is its mean probability where it is
    given; a label that is never given has none.
    """
    labels = probabilities.shape[1]
    usual = [probabilities[given == k, k].mean() if (given == k).any() else np.inf for k in range(labels)]
    above = np.where(probabilities >= np.array(usual), probabilities, -1.0)
    best = above.argmax(axis=1)
    issue = (above.max(axis=1) > 0) & (best != given)
    return np.where(issue, best, -1)


def statement_issues(held: Iterable[tuple[CrfBaseline, Document]], layer: Layer) -> list[Issue]:
    """Find doubtful clauses of a clause layer; each document comes with a model that has not seen it."""
    labels = ["O", *layer.labels]
    places: list[tuple[Document, Clause]] = []
    rows: list[list[float]] = []
    given: list[int] = []
    for model, document in held:
        found, tagger = filled(document.text), model.taggers[layer.name]
        if not found:
            continue
        tagger.set(statement_features(document.text, found))
        known = tagger.labels()
        told = {(s.start, s.end): s.label for s in document.spans if s.label in layer.labels}
        for at, clause in enumerate(found):
            places.append((document, clause))
            rows.append([tagger.marginal(label, at) if label in known else 0.0 for label in labels])
            given.append(labels.index(told.get((clause.start, clause.end), "O")))
    if not rows:
        return []
    probabilities, truth = np.array(rows), np.array(given, dtype=np.int64)
    return [
        _issue(*places[at], layer.name, labels[truth[at]], labels[best], row[truth[at]] - row[best])
        for at, (best, row) in enumerate(zip(confident_issues(probabilities, truth), probabilities, strict=True))
        if best >= 0
    ]


def _issue(document: Document, clause: Clause, layer: str, given: str, proposed: str, margin: float) -> Issue:
    text = document.text[clause.start : clause.end]
    return Issue(document.id, layer, clause.start, clause.end, given, proposed, round(float(margin), 4), text)


def token_issues(held: Iterable[tuple[CrfBaseline, Document]], layer: Layer) -> list[Issue]:
    """Find clauses whose tagging by a token layer is less probable than another one."""
    issues: list[Issue] = []
    for model, document in held:
        tagger = model.taggers[layer.name]
        for clause in filled(document.text):
            if has_value(document.text[clause.start : clause.end]):
                issues += _compare_taggings(tagger, document, clause, layer)
    return issues


def _compare_taggings(tagger: Any, document: Document, clause: Clause, layer: Layer) -> Iterator[Issue]:  # noqa: ANN401
    units = [(at, at + 1) for at in range(clause.start, clause.end)]
    inside = [s for s in document.spans if clause.start <= s.start and s.end <= clause.end]
    given = [layer.tags[tag] for tag in encode(inside, units, layer)[0]]
    likeliest = tagger.tag(metric_features(document.text, clause))
    if given != likeliest:
        known = set(given) <= set(tagger.labels())
        margin = (tagger.probability(given) if known else 0.0) - tagger.probability(likeliest)
        sides = [_phrases(document.text, tags, units, layer) for tags in (given, likeliest)]
        yield _issue(document, clause, layer.name, sides[0], sides[1], margin)


def _phrases(text: str, tags: Sequence[str], units: Sequence[tuple[int, int]], layer: Layer) -> str:
    spans = decode([layer.tags.index(tag) for tag in tags], units, layer)
    return " | ".join(text[span.start : span.end] for span in spans) or "O"


def find_issues(documents: Sequence[Document], count: int = 5, least: float = -0.5) -> list[Issue]:
    """Train a CRF a fold, and return all issues with a margin of at most ``least``, the worst first."""
    if len(documents) < count:
        raise EvaluationError("label issues", f"{len(documents)} reports for {count} folds", "give more reports or fewer folds")
    parts = folds(documents, count)
    held: list[tuple[CrfBaseline, Document]] = []
    with tempfile.TemporaryDirectory() as folder:
        for number, part in enumerate(parts):
            rest = [document for other in parts for document in other if other is not part]
            train(rest, Path(folder) / str(number))
            model = CrfBaseline.load(Path(folder) / str(number))
            held += [(model, document) for document in part]
        layers = held[0][0].schema.layers
        found = [issue for layer in layers for issue in _layer_issues(held, layer)]
    return sorted(
        (issue for issue in found if issue.margin <= least), key=lambda issue: (issue.margin, issue.report, issue.start)
    )


def _layer_issues(held: Sequence[tuple[CrfBaseline, Document]], layer: Layer) -> list[Issue]:
    return statement_issues(held, layer) if layer.unit == "clause" else token_issues(held, layer)


def summary(issues: Iterable[Issue]) -> Mapping[str, int]:
    """Return the number of issues by layer."""
    counts: dict[str, int] = {}
    for issue in issues:
        counts[issue.layer] = counts.get(issue.layer, 0) + 1
    return counts


def main(
    files: Annotated[list[Path], typer.Argument(help="Annotated documents, JSON Lines.")],
    out: Annotated[Path, typer.Option(help="The issues, JSON Lines, the worst first.")],
    count: Annotated[int, typer.Option("--folds", min=2, help="Number of folds.")] = 5,
    least: Annotated[float, typer.Option(help="Only issues with a margin of at most this.")] = -0.5,
) -> None:
    """Rank the labels of a corpus by how doubtful they are."""
    with one_line_errors():
        issues = find_issues([document for file in files for document in read_documents(file)], count, least)
    with whole_file(out) as stream:
        stream.writelines(json.dumps(asdict(issue), ensure_ascii=False) + "\n" for issue in issues)
    typer.echo(f"{out}: " + ", ".join(f"{n} in layer {layer}" for layer, n in summary(issues).items()))


if __name__ == "__main__":
    typer.run(main)
