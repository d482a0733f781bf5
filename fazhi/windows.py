"""Overlapping token windows over a whole report, and the way back: one row of logits a token, nothing truncated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]


def spans_of_windows(tokens: int, size: int, overlap: int) -> list[tuple[int, int]]:
    """Cover ``range(tokens)`` with windows of at most ``size`` tokens, neighbours sharing at least ``overlap``.

    All windows but a single short one have exactly ``size`` tokens: the last is moved back rather than cut short, so that
    every token is seen with as much context as there is. Raises ``ValueError`` unless ``0 <= overlap < size``.
    """
    if not 0 <= overlap < size:
        raise ValueError(f"window overlap {overlap} must be at least 0 and less than the size {size}")
    if tokens <= size:
        return [(0, tokens)] if tokens else []
    starts = [*range(0, tokens - size, size - overlap), tokens - size]
    return [(start, start + size) for start in starts]


def stitch(windows: Sequence[tuple[int, int]], logits: Sequence[FloatArray], tokens: int) -> FloatArray:
    """Average the windows' rows (each ``(end - start, labels)``) into ``(tokens, labels)``.

    A row counts by its distance to the nearer end of its window (plus one), because a token in the middle has seen both
    sides of its context. Where one window covers a token its row is returned as it is.
    """
    width = logits[0].shape[1] if logits else 0
    total = np.zeros((tokens, width), dtype=np.float32)
    weight = np.zeros((tokens, 1), dtype=np.float32)
    for (start, end), rows in zip(windows, logits, strict=True):
        here = np.arange(1, end - start + 1, dtype=np.float32)
        w = np.minimum(here, here[::-1])[:, None]
        total[start:end] += rows * w
        weight[start:end] += w
    stitched: FloatArray = total / np.maximum(weight, np.float32(1e-9))
    return stitched
