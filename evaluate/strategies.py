"""Hypothesis strategies and a builder for tests of scorers (needs the ``dev`` extra); nothing else imports this module."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from evaluate.pairs import Pair, pair_up
from fazhi.document import Document, Span
from fazhi.schema import Layer, default_schema

TEXT = "一、主要举措\n（一）组织开展宣讲，受理复议申请57件，办结52件。\n二、问题\n一是执法力量薄弱。" * 3


@st.composite
def layer_spans(draw: st.DrawFn, layer: Layer, length: int) -> list[Span]:
    """Draw spans of one layer that do not overlap, by a sorted draw of borders."""
    borders = sorted(draw(st.lists(st.integers(0, length), max_size=12, unique=True)))
    scores, labels = st.sampled_from([0.2, 0.6, 0.9, 1.0]), st.sampled_from(layer.labels)
    return [
        Span(start, end, draw(labels), layer.name, score=draw(scores))
        for start, end in pairwise(borders)
        if draw(st.booleans())
    ]


@st.composite
def pairs(draw: st.DrawFn, length: int = 30) -> Pair:
    """Draw a report with gold and predictions in all layers; the predictions share many spans with the gold."""
    gold: list[Span] = []
    predicted: list[Span] = []
    for layer in default_schema().layers:
        truth, other = draw(layer_spans(layer, length)), draw(layer_spans(layer, length))
        kept = [span for span in truth if draw(st.booleans())]
        gold += truth
        predicted += kept + [s for s in other if all(s.end <= k.start or k.end <= s.start for k in kept)]
    return Pair("r", "字，" * (length // 2), tuple(sorted(gold)), tuple(sorted(predicted)))


def make_pair(
    gold: Sequence[tuple[Any, ...]],
    predicted: Sequence[tuple[Any, ...]],
    text: str = TEXT,
    name: str = "r",
    meta: Mapping[str, Any] | None = None,
) -> Pair:
    """Build a checked pair out of ``(start, end, label[, score])`` tuples."""
    documents = [Document(name, text, meta or {}, tuple(map(_span, side))) for side in (gold, predicted)]
    return pair_up(documents[:1], documents[1:])[0]


def _span(item: tuple[Any, ...]) -> Span:
    start, end, label, *score = item
    return Span(start, end, label, score=score[0] if score else None)
