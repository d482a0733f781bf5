"""Error analysis: what was taken for what, which borders go wrong, which errors repeat — each with its sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from evaluate.pairs import Pair
from evaluate.semeval import align, same_extent, same_label
from evaluate.slices import normal
from fazhi.clauses import SENTENCE_ENDS
from fazhi.document import Span
from fazhi.schema import Schema, default_schema

KINDS = ("missed", "spurious", "boundary", "wrong label", "label and boundary")
CONTEXT = 90
"""At most so many characters of the sentence are shown on either side of an error."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One difference between gold and predictions, with the sentence ``text[left:right]`` around it."""

    report: str
    layer: str
    kind: str
    gold: Span | None
    predicted: Span | None
    left: int
    right: int
    sentence: str

    def to_json(self) -> dict[str, Any]:
        """Return the mistake with offsets into the report and into its sentence."""
        out: dict[str, Any] = {"report": self.report, "layer": self.layer, "kind": self.kind}
        out |= {"sentence": self.sentence, "at": self.left}
        for side, span in (("gold", self.gold), ("predicted", self.predicted)):
            out[side] = None if span is None else {"label": span.label, "start": span.start, "end": span.end}
            if span is not None and span.score is not None:
                out[side]["score"] = round(span.score, 4)
        return out


def kind_of(gold: Span | None, predicted: Span | None) -> str | None:
    """Name the kind of an aligned row, ``None`` where both sides are the same."""
    if gold is None or predicted is None:
        return "spurious" if gold is None else "missed"
    if same_extent(gold, predicted):
        return None if same_label(gold, predicted) else "wrong label"
    return "boundary" if same_label(gold, predicted) else "label and boundary"


def mistakes(pairs: Iterable[Pair], schema: Schema | None = None) -> list[Mistake]:
    """Return all differences, report by report, in order of place."""
    schema = schema or default_schema()
    found: list[Mistake] = []
    for pair in pairs:
        rows = [_mistake(pair, layer.name, *row) for layer in schema.layers for row in _rows(pair, layer.name)]
        found += sorted((row for row in rows if row), key=lambda m: (m.gold or m.predicted or Span(0, 1, "")).start)
    return found


def _rows(pair: Pair, layer: str) -> list[tuple[Span | None, Span | None]]:
    gold, predicted = ([span for span in side if span.layer == layer] for side in (pair.gold, pair.predicted))
    return align(gold, predicted)


def _mistake(pair: Pair, layer: str, gold: Span | None, predicted: Span | None) -> Mistake | None:
    kind = kind_of(gold, predicted)
    if kind is None:
        return None
    spans = [span for span in (gold, predicted) if span]
    left, right = sentence_around(pair.text, min(s.start for s in spans), max(s.end for s in spans))
    return Mistake(pair.id, layer, kind, gold, predicted, left, right, pair.text[left:right])


def sentence_around(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the extent of the sentence around a span, its final mark included, at most ``CONTEXT`` characters either way."""
    left = start
    while left > max(0, start - CONTEXT) and text[left - 1] not in SENTENCE_ENDS:
        left -= 1
    right = end
    while right < min(len(text), end + CONTEXT) and text[right - 1] not in SENTENCE_ENDS:
        right += 1
    return left, right


def confusion(pairs: Iterable[Pair], schema: Schema | None = None) -> dict[str, dict[str, dict[str, int]]]:
    """Return ``layer → gold label → predicted label → number`` of aligned spans; ``O`` is the side without a span."""
    schema = schema or default_schema()
    cells: dict[str, Counter[tuple[str, str]]] = {layer.name: Counter() for layer in schema.layers}
    for pair in pairs:
        for name, cell in cells.items():
            cell.update((g.label if g else "O", p.label if p else "O") for g, p in _rows(pair, name))
    out: dict[str, dict[str, dict[str, int]]] = {}
    for layer in schema.layers:
        names = [*layer.labels, "O"]
        out[layer.name] = {row: {column: cells[layer.name][row, column] for column in names} for row in names}
    return out


def boundary_errors(found: Iterable[Mistake], most: int = 20) -> list[dict[str, Any]]:
    """Return the most frequent border errors: the text that a prediction has too much or too little at one end."""
    tally: Counter[tuple[str, str, str, str]] = Counter()
    examples: dict[tuple[str, str, str, str], Mistake] = {}
    for mistake in found:
        for what in _border_differences(mistake):
            tally[what] += 1
            examples.setdefault(what, mistake)
    names = ("label", "side", "error", "text")
    return [
        {**dict(zip(names, what, strict=True)), "count": n, "example": examples[what].to_json()}
        for what, n in tally.most_common(most)
    ]


def _border_differences(mistake: Mistake) -> Iterator[tuple[str, str, str, str]]:
    gold, predicted = mistake.gold, mistake.predicted
    if mistake.kind != "boundary" or gold is None or predicted is None:
        return
    for side, truth, guess in (("start", gold.start, predicted.start), ("end", gold.end, predicted.end)):
        if truth != guess:
            low, high = sorted((truth, guess))
            extra = (guess < truth) == (side == "start")
            text = mistake.sentence[low - mistake.left : high - mistake.left]
            yield gold.label, side, "too much" if extra else "too little", text


def repeated(found: Sequence[Mistake], most: int = 20) -> list[dict[str, Any]]:
    """Return the errors that occur more than once: same kind, labels and phrases (digits do not count)."""
    groups: dict[tuple[str, ...], list[Mistake]] = {}
    for mistake in found:
        sides = [
            (span.label, normal(_phrase(mistake, span))) if span else ("O", "") for span in (mistake.gold, mistake.predicted)
        ]
        groups.setdefault((mistake.kind, *sides[0], *sides[1]), []).append(mistake)
    often = sorted((group for group in groups.values() if len(group) > 1), key=lambda group: -len(group))
    return [{"count": len(group), "kind": group[0].kind, "example": group[0].to_json()} for group in often[:most]]


def _phrase(mistake: Mistake, span: Span) -> str:
    return mistake.sentence[span.start - mistake.left : span.end - mistake.left]


def analysis(pairs: Sequence[Pair], schema: Schema | None = None, most: int = 500) -> dict[str, Any]:
    """Return all of the above; of the single mistakes the ``most`` that the model was surest of (misses after the others)."""
    found = mistakes(pairs, schema)
    kinds: dict[str, Counter[str]] = {}
    for mistake in found:
        span = mistake.gold or mistake.predicted
        kinds.setdefault(span.label if span else "O", Counter())[mistake.kind] += 1
    sure = sorted(found, key=lambda m: -(m.predicted.score or 0.0) if m.predicted else 0.0)
    return {
        "kinds": {label: {kind: tally[kind] for kind in KINDS} for label, tally in sorted(kinds.items())},
        "confusion": confusion(pairs, schema),
        "boundary": boundary_errors(found),
        "repeated": repeated(found),
        "total": len(found),
        "mistakes": [mistake.to_json() for mistake in sure[:most]],
    }
