"""Strict span F1 on documents kept apart, for monitoring and early stopping; the evaluation suite scores for the record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import nn

from fazhi.backends import run_batched
from fazhi.clauses import clauses
from fazhi.decoding import ClauseTokens, decode
from fazhi.document import Span
from fazhi.schema import Schema
from fazhi.windows import FloatArray, plan_windows, stitch
from train.dataset import Example

WINDOW, OVERLAP, BATCH_TOKENS = 254, 64, 4096
PLACEMENTS = ((WINDOW, OVERLAP), (254, 16), (200, 40), (254, 127))
"""Sizes and overlaps of windows, in tokens: scores that tell two models apart are means over them."""


@torch.inference_mode()  # type: ignore[untyped-decorator]  # torch is untyped here
def logits_of(
    model: nn.Module,
    examples: Sequence[Example],
    specials: tuple[int, int, int],
    window: int = WINDOW,
    overlap: int = OVERLAP,
) -> list[FloatArray]:
    """Return ``(tokens, labels)`` logits for each document: windows as the extractor cuts and stitches them, bf16.

    The model stays on the device where it is.
    """
    training, device = model.training, next(model.parameters()).device
    model.eval()
    plans = [plan_windows(example.document.text, example.tokens.offsets, window, overlap) for example in examples]
    windows = [example.tokens.ids[a:b] for example, plan in zip(examples, plans, strict=True) for a, b in plan]

    def forward(ids: np.ndarray, mask: np.ndarray) -> FloatArray:  # type: ignore[type-arg]  # as run_batched gives them
        with torch.autocast(device.type, dtype=torch.bfloat16):
            inputs = torch.from_numpy(ids).to(device)
            attention = None if mask.all() else torch.from_numpy(mask).to(device)
            rows: FloatArray = model(input_ids=inputs, attention_mask=attention).logits.float().cpu().numpy()
        return rows

    rows = iter(run_batched(forward, windows, specials, BATCH_TOKENS))
    model.train(training)
    return [stitch(plan, [next(rows) for _ in plan], len(e.tokens)) for e, plan in zip(examples, plans, strict=True)]


def predict(logits: FloatArray, example: Example, schema: Schema) -> list[Span]:
    """Decode one document's logits."""
    text = example.document.text
    return decode(logits, ClauseTokens.align(text, example.tokens.offsets, clauses(text)), schema)


def span_f1(gold: Sequence[Sequence[Span]], found: Sequence[Sequence[Span]], labels: Sequence[str]) -> dict[str, float]:
    """Return strict F1 by label and their mean (``mean``); a label that neither side has counts as 1."""
    scores = {}
    for label in labels:
        truth = {(i, s.start, s.end) for i, spans in enumerate(gold) for s in spans if s.label == label}
        guess = {(i, s.start, s.end) for i, spans in enumerate(found) for s in spans if s.label == label}
        total = len(truth) + len(guess)
        scores[label] = 2 * len(truth & guess) / total if total else 1.0
    return {**scores, "mean": float(np.mean(list(scores.values())))}


def fit_temperatures(logits: Sequence[FloatArray], examples: Sequence[Example], schema: Schema) -> dict[str, float]:
    """Return for each layer the temperature of least cross-entropy on these documents (Guo et al. 2017), to 0.05.

    The decoders compare sums of differences of logits, so a temperature changes scores and no span.
    """
    rows = torch.from_numpy(np.concatenate(logits))
    tags = torch.from_numpy(np.concatenate([example.tags for example in examples], axis=1))
    grid = [step / 20 for step in range(8, 101)]
    best = {}
    for index, layer in enumerate(schema.layers):
        losses = [float(nn.functional.cross_entropy(rows[:, layer.slice] / t, tags[index])) for t in grid]
        best[layer.name] = grid[int(np.argmin(losses))]
    return best


def score(logits: Sequence[FloatArray], examples: Sequence[Example], schema: Schema) -> Mapping[str, float]:
    """Decode and score documents given their logits."""
    found = [predict(rows, example, schema) for rows, example in zip(logits, examples, strict=True)]
    return span_f1([example.document.spans for example in examples], found, schema.labels)
