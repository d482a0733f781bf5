"""``python -m annotation.agreement --pulled DIR``: how far annotators agree, and where they do not.

Writes ``agreement.json`` and ``disagreements.html`` beside what was pulled. On clauses: Cohen's κ a pair, Fleiss' κ and
Krippendorff's α over all; on spans: Krippendorff's unitizing α a label, strict and overlap F1 a pair, label and report.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from annotation import coefficients
from annotation.common import console, one_line_errors
from annotation.gold import Reading, readings
from annotation.store import Store, Text
from fazhi.clauses import clauses
from fazhi.document import Span
from fazhi.errors import InputError
from fazhi.labelling import default_labelling
from fazhi.writers import whole_file

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Shared:
    """One text that several people annotated."""

    text: Text
    people: tuple[Reading, ...]

    def clause_labels(self) -> Iterator[dict[str, str]]:
        """Yield, for every clause that holds anything, who gave it which statement label (``O`` for none)."""
        layer = next(layer for layer in default_labelling().schema.layers if layer.unit == "clause")
        marks = {p.annotator: {s.start: s.label for s in p.annotation.spans if s.layer == layer.name} for p in self.people}
        for clause in clauses(self.text.text):
            if clause.start < clause.end:
                yield {person: labels.get(clause.start, "O") for person, labels in marks.items()}

    def spans(self, person: Reading, label: str) -> list[Span]:
        """Return one person's spans of one label."""
        return [span for span in person.annotation.spans if span.label == label]


@dataclass(frozen=True, slots=True)
class F1:
    """Matches of two annotators' spans: ``both`` counts matched spans of either side, ``all`` the spans of both sides."""

    both: int = 0
    all: int = 0

    def __add__(self, other: F1) -> F1:
        """Add up disjoint sets of spans."""
        return F1(self.both + other.both, self.all + other.all)

    @property
    def value(self) -> float | None:
        """F1; ``None`` where neither annotator marked anything."""
        return self.both / self.all if self.all else None


def strict(one: Sequence[Span], other: Sequence[Span]) -> F1:
    """Count the spans whose both borders agree."""
    same = {(s.start, s.end) for s in one} & {(s.start, s.end) for s in other}
    return F1(2 * len(same), len(one) + len(other))


def overlap(one: Sequence[Span], other: Sequence[Span]) -> F1:
    """Count the spans that share at least a character with one of the other annotator's."""
    return F1(_meeting(one, other) + _meeting(other, one), len(one) + len(other))


def _meeting(one: Sequence[Span], other: Sequence[Span]) -> int:
    ordered = sorted(other)
    starts = [span.start for span in ordered]
    found = 0
    for span in one:
        at = bisect_right(starts, span.end - 1) - 1
        found += at >= 0 and ordered[at].end > span.start
    return found


def shared_texts(store: Store) -> list[Shared]:
    """Return the texts that at least two people finished without faults."""
    found = []
    for key, revisions in store.latest().items():
        people, _ = readings(store.texts[key], revisions)
        if len(people) > 1:
            found.append(Shared(store.texts[key], tuple(people)))
    return sorted(found, key=lambda item: (item.text.document, item.text.start))


def measure(texts: Sequence[Shared]) -> dict[str, Any]:
    """Return every coefficient, rounded to four digits; ``None`` where one is not defined."""
    labels = [row for item in texts for row in item.clause_labels()]
    pairs = sorted({pair for item in texts for pair in combinations(sorted(p.annotator for p in item.people), 2)})
    counts = Counter(len(row) for row in labels)
    most = max(counts, key=lambda size: (counts[size], size), default=0)
    return {
        "texts": len(texts),
        "clauses": len(labels),
        "annotators": sorted({person.annotator for item in texts for person in item.people}),
        "clause": {
            "cohen": {" / ".join(pair): _rounded(_cohen(labels, pair)) for pair in pairs},
            "fleiss": _rounded(coefficients.fleiss(list(row.values()) for row in labels if len(row) == most)),
            "alpha": _rounded(coefficients.alpha(list(row.values()) for row in labels)),
        },
        "unitizing_alpha": {label: _rounded(_unitizing(texts, [label])) for label in _labels()}
        | {"all": _rounded(_unitizing(texts, _labels()))},
        "f1": {" / ".join(pair): _f1(texts, pair) for pair in pairs},
        "reports": {name: _report(group) for name, group in _by_report(texts).items()},
    }


def _labels() -> list[str]:
    return list(default_labelling().looks)


def _cohen(labels: Iterable[dict[str, str]], pair: Pair) -> float | None:
    return coefficients.cohen((row[pair[0]], row[pair[1]]) for row in labels if pair[0] in row and pair[1] in row)


def _unitizing(texts: Sequence[Shared], labels: Sequence[str]) -> float | None:
    """Average unitizing α over the sets of people who shared texts, weighted by the texts' length."""
    groups: dict[tuple[str, ...], list[Shared]] = defaultdict(list)
    for item in texts:
        groups[tuple(person.annotator for person in item.people)].append(item)
    weighted = weight = 0.0
    for group in groups.values():
        length = sum(len(item.text.text) for item in group)
        value = coefficients.unitizing_alpha(_continuum(group, labels), length)
        if value is not None:
            weighted, weight = weighted + value * length, weight + length
    return weighted / weight if weight else None


def _continuum(group: Sequence[Shared], labels: Sequence[str]) -> list[dict[str, list[tuple[int, int]]]]:
    """Lay texts end to end: for each person, the intervals of every label."""
    people: list[dict[str, list[tuple[int, int]]]] = [defaultdict(list) for _ in group[0].people]
    at = 0
    for item in group:
        for marked, person in zip(people, item.people, strict=True):
            for label in labels:
                marked[label] += [(at + span.start, at + span.end) for span in item.spans(person, label)]
        at += len(item.text.text)
    return people


def _f1(texts: Sequence[Shared], pair: Pair) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for label in _labels():
        totals = {"strict": F1(), "overlap": F1()}
        for item in texts:
            by_name = {person.annotator: person for person in item.people}
            if pair[0] in by_name and pair[1] in by_name:
                one, other = (item.spans(by_name[name], label) for name in pair)
                totals["strict"] += strict(one, other)
                totals["overlap"] += overlap(one, other)
        found[label] = {name: _rounded(f1.value) for name, f1 in totals.items()}
    return found


def _by_report(texts: Sequence[Shared]) -> dict[str, list[Shared]]:
    groups: dict[str, list[Shared]] = defaultdict(list)
    for item in texts:
        groups[item.text.document].append(item)
    return groups


def _report(texts: Sequence[Shared]) -> dict[str, Any]:
    labels = [row for item in texts for row in item.clause_labels()]
    both = F1()
    for item in texts:
        for one, other in combinations(item.people, 2):
            for label in _labels():
                both += strict(item.spans(one, label), item.spans(other, label))
    alpha = coefficients.alpha(list(row.values()) for row in labels)
    return {"clauses": len(labels), "alpha": _rounded(alpha), "strict_f1": _rounded(both.value)}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def table(results: dict[str, Any]) -> Table:
    """Return the coefficients as a table for the terminal."""
    out = Table("", "value", title=f"Agreement: {results['texts']} texts, {results['clauses']} clauses")
    rows = [(f"Cohen κ, clauses, {pair}", value) for pair, value in results["clause"]["cohen"].items()]
    rows += [("Fleiss κ, clauses", results["clause"]["fleiss"]), ("Krippendorff α, clauses", results["clause"]["alpha"])]
    rows += [(f"Krippendorff unitizing α, {label}", value) for label, value in results["unitizing_alpha"].items()]
    for pair, labels in results["f1"].items():
        rows += [(f"F1 {kind}, {label}, {pair}", value) for label, kinds in labels.items() for kind, value in kinds.items()]
    for name, value in rows:
        out.add_row(name, "undefined" if value is None else f"{value:.3f}")
    return out


def main(pulled: Annotated[Path, typer.Option(help="Folder that annotation.pull filled.")]) -> None:
    """Measure the agreement of what was pulled."""
    from annotation.disagreements import write_page

    with one_line_errors():
        texts = shared_texts(Store.load(pulled))
        if not texts:
            raise InputError(pulled, "no text was finished by two people", "annotate some twice, then pull again")
        results = measure(texts)
        with whole_file(pulled / "agreement.json") as stream:
            json.dump(results, stream, ensure_ascii=False, indent=1)
        write_page(texts, results, pulled / "disagreements.html")
        console.print(table(results))
        typer.echo(f"{pulled / 'agreement.json'}, {pulled / 'disagreements.html'}")


if __name__ == "__main__":
    typer.run(main)
