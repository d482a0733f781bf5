"""Spans ↔ BIO tags, layer by layer, over tokens that carry code-point offsets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fazhi.document import Span
from fazhi.schema import Layer

Offsets = Sequence[tuple[int, int]]
"""Half-open code-point extent of each token, ascending and not overlapping."""


def encode(spans: Iterable[Span], offsets: Offsets, layer: Layer) -> tuple[list[int], list[Span]]:
    """Return one tag index (into ``layer.tags``) a token, and the spans that no token can carry or whose borders cut one.

    A span whose border falls inside a token still gets the tokens it overlaps; it is returned so that the caller can count
    what tokenisation loses. Spans of other layers are left out; overlap within the layer raises ``ValueError``.
    """
    tags, inexact = [0] * len(offsets), []
    mine = sorted(span for span in spans if span.label in layer.labels)
    at = 0
    for span in mine:
        while at < len(offsets) and offsets[at][1] <= span.start:
            at += 1
        stop = at
        while stop < len(offsets) and offsets[stop][0] < span.end:
            stop += 1
        if any(tags[at:stop]):
            raise ValueError(f"{span.label} [{span.start}, {span.end}) overlaps another span of layer {layer.name}")
        begin = 1 + 2 * layer.labels.index(span.label)
        tags[at:stop] = [begin, *[begin + 1] * (stop - at - 1)] if stop > at else []
        if stop == at or (offsets[at][0], offsets[stop - 1][1]) != (span.start, span.end):
            inexact.append(span)
    return tags, inexact


def decode(tags: Sequence[int], offsets: Offsets, layer: Layer) -> list[Span]:
    """Return the spans of a tag sequence, strict IOB2: ``I-X`` without a ``B-X`` before it starts no span."""
    spans: list[Span] = []
    first: int | None = None
    for at, tag in enumerate([*tags, 0]):
        label = (tag - 1) // 2
        continues = first is not None and tag and tag % 2 == 0 and (tags[first] - 1) // 2 == label
        if first is not None and not continues:
            spans.append(Span(offsets[first][0], offsets[at - 1][1], layer.labels[(tags[first] - 1) // 2], layer.name))
            first = None
        if tag % 2 == 1:
            first = at
    return spans
