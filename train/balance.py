"""Label biases of best strict F1 on dev: a student taught by soft labels names too much of a label, or too little.

Training asks for likely tags, not for balanced spans. A constant added to the logits of a label's two tags moves its decision
threshold, as is usual for F1 (Lipton et al. 2014); it ends up in the head's own bias, so that nothing else has to know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import nn

from fazhi.clauses import clauses
from fazhi.decoding import ClauseTokens, decode_layer
from fazhi.schema import Layer, Schema
from fazhi.windows import FloatArray
from train.dataset import Example
from train.scoring import span_f1

GRID = np.arange(-10, 11) / 5
"""The biases that are tried, in logits."""
SWEEPS = 2
MIN_GAIN = 0.002
"""A label whose F1 gains less is left alone: on some dozen reports less than that is chance."""


def fit_biases(logits: Sequence[Sequence[FloatArray]], examples: Sequence[Example], schema: Schema) -> dict[str, float]:
    """Return for every label the bias of best strict F1 (mean of its layer's labels), 0 where none gains ``MIN_GAIN``.

    ``logits`` holds for each placement of the windows one ``(tokens, labels)`` array a document. A layer's labels are done in
    turn, ``SWEEPS`` times; the curve over ``GRID`` is smoothed by its neighbours, so that a plateau wins over a lucky peak.
    """
    aligned = [ClauseTokens.align(e.document.text, e.tokens.offsets, clauses(e.document.text)) for e in examples]
    biases = dict.fromkeys(schema.labels, 0.0)
    for layer in schema.layers:
        for label in layer.labels * (SWEEPS if len(layer.labels) > 1 else 1):
            tried = (shifts(layer, {**biases, label: bias}) for bias in GRID)
            biases[label] = best_bias([_f1(logits, examples, aligned, layer, shift) for shift in tried])
    return biases


def best_bias(curve: Sequence[float]) -> float:
    """Return the point of ``GRID`` where the smoothed ``curve`` is highest, 0 unless it gains ``MIN_GAIN`` there."""
    padded = np.pad(np.asarray(curve, dtype=np.float64), 1, mode="edge")
    smooth = (padded[:-2] + padded[1:-1] + padded[2:]) / 3
    zero, best = int(np.flatnonzero(GRID == 0)[0]), int(smooth.argmax())
    return float(GRID[best]) if smooth[best] >= smooth[zero] + MIN_GAIN else 0.0


def shifts(layer: Layer, biases: Mapping[str, float]) -> FloatArray:
    """Return what ``biases`` add to the logits of one layer's tags, ``(tags,)``: ``O`` stays, both tags of a label move."""
    return np.array([0.0, *np.repeat([biases.get(label, 0.0) for label in layer.labels], 2)], dtype=np.float32)


def add_biases(head: nn.Linear, biases: Mapping[str, float], schema: Schema) -> None:
    """Add the biases to those of a token classifier's head, in place."""
    with torch.no_grad():
        head.bias += torch.from_numpy(np.concatenate([shifts(layer, biases) for layer in schema.layers])).to(head.bias)


def _f1(
    logits: Sequence[Sequence[FloatArray]],
    examples: Sequence[Example],
    aligned: Sequence[ClauseTokens],
    layer: Layer,
    shift: FloatArray,
) -> float:
    """Return the mean strict F1 of a layer's labels over all placements, with ``shift`` added to its logits."""
    gold = [example.document.spans for example in examples]
    found = (
        [decode_layer(rows[:, layer.slice] + shift, tokens, layer) for rows, tokens in zip(placed, aligned, strict=True)]
        for placed in logits
    )
    return float(np.mean([span_f1(gold, spans, layer.labels)["mean"] for spans in found]))
