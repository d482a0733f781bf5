"""Token windows over a whole report, cut at clause ends, and the way back: one row of logits a token, nothing truncated."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from fazhi.clauses import SENTENCE_ENDS, clauses

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
Window = tuple[int, int]
"""Half-open range of a document's tokens."""
SHORTEST = 4
"""No piece is shorter than this part of the longest, but the last: a window of few tokens costs a call and sees little."""


def plan_windows(text: str, offsets: IntArray, size: int, overlap: int) -> list[Window]:
    """Cover a document's tokens with windows of at most ``size``, cut at sentence ends.

    ``offsets`` is ``(tokens, 2)``, the tokens' extents in ``text``. The pieces between the cuts are about as long as each
    other and hold whole sentences; a sentence longer than a piece is cut at a clause end, a clause longer than a piece
    anywhere. Every piece is widened by half of ``overlap`` tokens of context to both sides. So a token is seen with its whole
    clause, and hardly any token twice. Raises ``ValueError`` unless ``0 <= overlap < size``.
    """
    if not 0 <= overlap < size:
        raise ValueError(f"window overlap {overlap} must be at least 0 and less than the size {size}")
    tokens, context = len(offsets), overlap // 2
    if tokens <= size:
        return [(0, tokens)] if tokens else []
    found = clauses(text)
    ends = np.searchsorted(offsets[:, 0], [clause.outer_end + 1 for clause in found])
    sentences = np.array([clause.separator in SENTENCE_ENDS for clause in found])
    cuts = _cuts(np.unique(ends[sentences]), np.unique(ends), tokens, size - 2 * context)
    return [(max(0, start - context), min(tokens, end + context)) for start, end in pairwise([0, *cuts])]


def _cuts(sentences: IntArray, ends: IntArray, tokens: int, room: int) -> list[int]:
    """Return where to cut ``range(tokens)`` into pieces of at most ``room`` tokens: at ``sentences``, or else at ``ends``."""
    cuts: list[int] = []
    at = 0
    while (left := tokens - at) > room:
        even = at + left / -(-left // room)
        least = at + room // SHORTEST
        for places, low in ((sentences, least), (ends, least), (ends, at)):
            near = places[np.searchsorted(places, low, "right") : np.searchsorted(places, at + room, "right")]
            if len(near):
                break
        at = int(near[np.abs(near - even).argmin()]) if len(near) else at + room
        cuts.append(at)
    return [*cuts, tokens] if at < tokens else cuts


def stitch(windows: Sequence[Window], logits: Sequence[FloatArray], tokens: int) -> FloatArray:
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
