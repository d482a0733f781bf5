"""Strict span scores: a prediction counts only where label, start and end are all right (CoNLL-2000, seqeval's strict mode).

``python -m evaluate.spans GOLD PRED`` prints the table. What has no gold span has no recall and no F1: they are ``None``, and
printed as *undefined*, never as 0 or 1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from evaluate.pairs import Pair, pair_up, read_documents
from fazhi.document import Span
from fazhi.errors import FazhiError
from fazhi.schema import Schema, default_schema

Scores = Mapping[str, "Counts"]
"""Counts by label, layer (``layer:metric``) or slice."""


@dataclass(frozen=True, slots=True)
class Counts:
    """True positives, predicted and gold spans, and the ratios between them; a ratio over nothing is ``None``."""

    correct: int = 0
    predicted: int = 0
    gold: int = 0

    def __add__(self, other: Counts) -> Counts:
        """Add up two disjoint sets of spans."""
        return Counts(self.correct + other.correct, self.predicted + other.predicted, self.gold + other.gold)

    @property
    def precision(self) -> float | None:
        """Share of the predicted spans that are right; ``None`` without predictions."""
        return self.correct / self.predicted if self.predicted else None

    @property
    def recall(self) -> float | None:
        """Share of the gold spans that are found; ``None`` without gold."""
        return self.correct / self.gold if self.gold else None

    @property
    def f1(self) -> float | None:
        """Harmonic mean, ``2·correct / (predicted + gold)``; ``None`` without gold."""
        return 2 * self.correct / (self.predicted + self.gold) if self.gold else None

    def to_json(self) -> dict[str, Any]:
        """Return the counts and, to four digits, the ratios; undefined ones are null."""
        out: dict[str, Any] = {"correct": self.correct, "predicted": self.predicted, "gold": self.gold}
        for name in ("precision", "recall", "f1"):
            value = getattr(self, name)
            out[name] = None if value is None else round(value, 6)
        return out


def key(span: Span) -> tuple[int, int, str]:
    """Return what must agree for a strict match."""
    return span.start, span.end, span.label


def count(pairs: Iterable[Pair], group: Callable[[Pair, Span], str | None] = lambda _, span: span.label) -> dict[str, Counts]:
    """Count strict matches by group (the label, if nothing else is said); spans whose group is ``None`` are left out.

    A matched span is counted in the group of its gold side; ``group`` must not look at what differs between the two.
    """
    tallies: dict[str, Counter[str]] = {name: Counter() for name in ("correct", "predicted", "gold")}
    for pair in pairs:
        gold = {key(span) for span in pair.gold}
        found = {key(span) for span in pair.predicted}
        for name, spans, other in (("gold", pair.gold, found), ("predicted", pair.predicted, gold)):
            for span in spans:
                value = group(pair, span)
                if value is None:
                    continue
                tallies[name][value] += 1
                tallies["correct"][value] += name == "gold" and key(span) in other
    groups = sorted(tallies["gold"] | tallies["predicted"])
    return {value: Counts(*(tallies[name][value] for name in ("correct", "predicted", "gold"))) for value in groups}


def by_label(pairs: Iterable[Pair], schema: Schema | None = None) -> dict[str, Counts]:
    """Count strict matches for every label of the schema, those without a span too, in the schema's order."""
    found = count(pairs)
    return {label: found.get(label, Counts()) for layer in (schema or default_schema()).layers for label in layer.labels}


def by_layer(labels: Scores, schema: Schema | None = None) -> dict[str, Counts]:
    """Add up the labels of each layer."""
    layers = (schema or default_schema()).layers
    return {layer.name: sum((labels[label] for label in layer.labels), Counts()) for layer in layers}


def micro(labels: Scores) -> Counts:
    """Add up all labels."""
    return sum(labels.values(), Counts())


def macro(labels: Scores) -> dict[str, float | None]:
    """Average each ratio over the labels that have gold spans; ``None`` where none has.

    (seqeval also averages in, as 0, labels that are only predicted.)
    """
    known = [counts for counts in labels.values() if counts.gold]
    return {name: _mean([getattr(counts, name) or 0.0 for counts in known]) for name in ("precision", "recall", "f1")}


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def percent(value: float | None) -> str:
    """Write a ratio as a percentage with one digit, or *undefined*."""
    return "undefined" if value is None else f"{100 * value:.1f}"


def table(pairs: Sequence[Pair], schema: Schema | None = None) -> Table:
    """Return the strict scores as a table for the terminal."""
    labels = by_label(pairs, schema)
    layers = {f"layer {name}": counts for name, counts in by_layer(labels, schema).items()}
    out = Table(title=f"Strict span scores, {len(pairs)} reports")
    out.add_column("")
    for heading in ("P", "R", "F1", "correct", "predicted", "gold"):
        out.add_column(heading, justify="right")
    for name, counts in {**labels, **layers, "micro": micro(labels)}.items():
        ratios = [percent(value) for value in (counts.precision, counts.recall, counts.f1)]
        out.add_row(name, *ratios, str(counts.correct), str(counts.predicted), str(counts.gold))
    out.add_row("macro", *(percent(value) for value in macro(labels).values()))
    return out


def main(gold: Path, pred: Path) -> None:
    """Print the strict span scores of predictions against gold (two JSON Lines files of documents)."""
    try:
        Console().print(table(pair_up(read_documents(gold), read_documents(pred))))
    except FazhiError as error:
        Console(stderr=True).print(f"error: {error}", style="red", markup=False, soft_wrap=True)
        raise typer.Exit(2) from error


if __name__ == "__main__":
    typer.run(main)
