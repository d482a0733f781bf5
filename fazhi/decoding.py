"""From logits to spans: one decoder a layer, by the unit of the layer.

Layers of unit ``clause`` score whole clauses: of the sequences *all O* and *B-X I-X … I-X* for every label X the likeliest
wins.
Layers of unit ``token`` run a semi-Markov Viterbi (Sarawagi and Cohen 2004) inside each clause: a segment costs its ``B`` and
``I`` tags, may be required to hold a value, and never crosses the clause. Both are exact for their constraints.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fazhi.clauses import Clause
from fazhi.document import Span
from fazhi.rules import has_value, trim_metric, widen_metric
from fazhi.schema import Layer, Schema

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

MAX_SEGMENT = 96
"""Longest segment in tokens; the longest METRIC of the real training reports has 57."""


@dataclass(frozen=True, slots=True)
class ClauseTokens:
    """The tokens of one text: their offsets, and for each clause the half-open range of its tokens."""

    text: str
    offsets: Sequence[tuple[int, int]]
    clauses: tuple[Clause, ...]
    first: IntArray
    last: IntArray

    @classmethod
    def align(cls, text: str, offsets: IntArray, clauses: Sequence[Clause]) -> ClauseTokens:
        """Find each clause's tokens: those that begin at or after its start and end at or before its end.

        ``offsets`` is ``(tokens, 2)``: half-open code-point extents, ascending.
        """
        first = np.searchsorted(offsets[:, 0], [clause.start for clause in clauses], side="left")
        last = np.searchsorted(offsets[:, 1], [clause.end for clause in clauses], side="right")
        pairs = [(start, end) for start, end in offsets.tolist()]
        return cls(text, pairs, tuple(clauses), first, np.maximum(first, last))


def log_softmax(logits: FloatArray, temperature: float = 1.0) -> FloatArray:
    """Return log-probabilities along the last axis of ``logits / temperature``."""
    scaled = logits / np.float32(temperature)
    shifted = scaled - scaled.max(axis=-1, keepdims=True)
    normal: FloatArray = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return normal


def decode(
    logits: FloatArray, tokens: ClauseTokens, schema: Schema, temperatures: Mapping[str, float] | None = None
) -> list[Span]:
    """Decode ``(tokens, schema.size)`` logits into the spans of all layers, in order of place."""
    spans: list[Span] = []
    for layer in schema.layers:
        spans += decode_layer(logits[:, layer.slice], tokens, layer, (temperatures or {}).get(layer.name, 1.0))
    return sorted(spans, key=lambda span: (span.start, -span.end, span.label))


def decode_layer(logits: FloatArray, tokens: ClauseTokens, layer: Layer, temperature: float = 1.0) -> list[Span]:
    """Decode ``(tokens, len(layer.tags))`` logits into the spans of one layer."""
    decoder = decode_clauses if layer.unit == "clause" else decode_segments
    return decoder(log_softmax(logits, temperature), tokens, layer)


def decode_clauses(log_probs: FloatArray, tokens: ClauseTokens, layer: Layer) -> list[Span]:
    """Give every clause its likeliest label or none; ``log_probs`` is ``(tokens, len(layer.tags))``.

    The score is the softmax over the labels (and none) of the mean log-probability a token: the sum would take the tokens of a
    clause, which nearly always agree, for independent witnesses.
    """
    used = np.flatnonzero(tokens.last > tokens.first)
    if not used.size:
        return []
    first, last = tokens.first[used], tokens.last[used]
    total = np.vstack([np.zeros((1, log_probs.shape[1]), log_probs.dtype), np.cumsum(log_probs, axis=0, dtype=np.float64)])
    paths = [total[last, 0] - total[first, 0]]
    for index in range(len(layer.labels)):
        begin, inside = 1 + 2 * index, 2 + 2 * index
        paths.append(log_probs[first, begin] + total[last, inside] - total[first + 1, inside])
    scores = np.stack(paths, axis=1) / (last - first)[:, None]
    probability = np.exp(log_softmax(scores.astype(np.float32)))
    best = scores.argmax(axis=1)
    return [
        _span(
            tokens,
            tokens.clauses[used[row]].start,
            tokens.clauses[used[row]].end,
            layer,
            best[row],
            probability[row, best[row]],
        )
        for row in np.flatnonzero(best)
    ]


def decode_segments(log_probs: FloatArray, tokens: ClauseTokens, layer: Layer) -> list[Span]:
    """Find the likeliest segments inside every clause; ``log_probs`` is ``(tokens, len(layer.tags))``.

    Clauses in which no token prefers anything to ``O`` are passed over. Segments of layer ``metric`` must hold a value and are
    given their shape by ``fazhi.rules``.
    """
    ruled = layer.name == "metric"
    lively = np.concatenate([[0], np.cumsum(log_probs[:, 1:].max(axis=1) > log_probs[:, 0])])
    spans: list[Span] = []
    for first, last in zip(tokens.first, tokens.last, strict=True):
        if lively[last] == lively[first]:
            continue
        values = [has_value(tokens.text[start:end]) if ruled else True for start, end in tokens.offsets[first:last]]
        for start, end, label in best_segments(log_probs[first:last], np.asarray(values)):
            score = _segment_score(log_probs[first:last], start, end, label)
            left, right = tokens.offsets[first + start][0], tokens.offsets[first + end - 1][1]
            if ruled:
                left, right = _shaped(tokens.text, left, right, spans[-1].end if spans else 0)
            if left < right:
                spans.append(_span(tokens, left, right, layer, label + 1, score))
    return spans


def _shaped(text: str, start: int, end: int, floor: int) -> tuple[int, int]:
    """Trim and widen one metric; nothing before ``floor``, where the metric before it ends, is taken."""
    start, end = trim_metric(text, max(start, floor), end)
    return widen_metric(text, start, end, floor) if start < end else (start, end)


def best_segments(log_probs: FloatArray, valued: npt.NDArray[np.bool_]) -> Iterator[tuple[int, int, int]]:
    """Yield the segments ``(start, end, label index)`` of the likeliest segmentation of one clause.

    ``log_probs`` is ``(n, 1 + 2 * labels)`` in the order ``O, B-X, I-X, …``; ``valued`` tells which tokens hold a value: every
    segment must contain one. Semi-Markov Viterbi; ``O(n · MAX_SEGMENT)`` for each label, vectorised over starts.
    """
    n = len(log_probs)
    gains = (log_probs[:, 1:] - log_probs[:, :1]).astype(np.float64)
    begins, insides = gains[:, 0::2], np.vstack([np.zeros((1, gains.shape[1] // 2)), np.cumsum(gains[:, 1::2], axis=0)])
    count = np.concatenate([[0], np.cumsum(valued)])
    best = np.zeros(n + 1)
    back: list[tuple[int, int] | None] = [None] * (n + 1)
    opening = begins - insides[1:]
    for end in range(1, n + 1):
        best[end] = best[end - 1]
        low = max(0, end - MAX_SEGMENT)
        usable = count[low:end] < count[end]
        if not usable.any():
            continue
        candidates = np.where(usable[:, None], best[low:end, None] + opening[low:end] + insides[end], -np.inf)
        start, label = np.unravel_index(int(candidates.argmax()), candidates.shape)
        if candidates[start, label] > best[end]:
            best[end], back[end] = candidates[start, label], (low + int(start), int(label))
    return reversed(list(_trace(back)))


def _trace(back: Sequence[tuple[int, int] | None]) -> Iterator[tuple[int, int, int]]:
    end = len(back) - 1
    while end > 0:
        step = back[end]
        if step is None:
            end -= 1
        else:
            yield step[0], end, step[1]
            end = step[0]


def _segment_score(log_probs: FloatArray, start: int, end: int, label: int) -> float:
    """Geometric mean of the segment's tag probabilities and of the probability that it ends where it ends."""
    begin, inside = 1 + 2 * label, 2 + 2 * label
    logs = [float(log_probs[start, begin]), *log_probs[start + 1 : end, inside].tolist()]
    if end < len(log_probs):
        logs.append(float(np.log1p(-min(np.exp(log_probs[end, inside]), 1 - 1e-6))))
    return float(np.exp(np.mean(logs)))


def _span(tokens: ClauseTokens, start: int, end: int, layer: Layer, label: int, score: float) -> Span:
    return Span(start, end, layer.labels[int(label) - 1], layer.name, tokens.text[start:end], float(score))
