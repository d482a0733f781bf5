"""Losses over layered labels: cross-entropy, heavier at the borders of a METRIC if wanted, and the divergence of R-Drop.

Everywhere logits are ``(batch, n, labels)`` and tags ``(batch, layers, n)``, ``-100`` where a token does not count.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from fazhi.schema import Layer, Schema
from train.dataset import IGNORE


def layered_loss(
    logits: torch.Tensor, tags: torch.Tensor, schema: Schema, weights: Sequence[float] = (), boundary: float = 1.0
) -> torch.Tensor:
    """Sum one cross-entropy a layer, each times its weight; ``boundary`` is the factor of tokens at a METRIC's border."""
    total = logits.new_zeros(())
    for index, layer in enumerate(schema.layers):
        loss = _cross_entropy(logits[..., layer.slice], tags[:, index], layer, boundary)
        total = total + loss * (weights[index] if weights else 1.0)
    return total


def _cross_entropy(logits: torch.Tensor, tags: torch.Tensor, layer: Layer, boundary: float) -> torch.Tensor:
    """Return the mean over one layer's tokens; ``logits`` ``(batch, n, tags)``, ``tags`` ``(batch, n)``."""
    rows, wanted = logits.flatten(0, 1), tags.flatten()
    if boundary == 1 or "METRIC" not in layer.labels:
        return nn.functional.cross_entropy(rows, wanted, ignore_index=IGNORE)
    near = at_borders(tags, 1 + 2 * layer.labels.index("METRIC")).flatten()
    factors = near * (boundary - 1) + (wanted != IGNORE)
    each = nn.functional.cross_entropy(rows, wanted, ignore_index=IGNORE, reduction="none")
    return (each * factors).sum() / factors.sum()


def at_borders(tags: torch.Tensor, begin: int) -> torch.Tensor:
    """Tell which tokens are the first or last of a span or just outside it: ``(batch, n)`` booleans of ``(batch, n)`` tags.

    ``begin`` is the tag of a span's first token, ``begin + 1`` that of its others. Where a window cuts a span is no border.
    """
    known = tags != IGNORE
    first = tags == begin
    last = torch.zeros_like(first)
    last[:, :-1] = (first | (tags == begin + 1))[:, :-1] & (tags[:, 1:] != begin + 1) & known[:, 1:]
    near = first | last
    near[:, :-1] |= first[:, 1:] & known[:, :-1]
    near[:, 1:] |= last[:, :-1]
    return near


def symmetric_divergence(one: torch.Tensor, two: torch.Tensor, counted: torch.Tensor, schema: Schema) -> torch.Tensor:
    """Return half of KL(one‖two) + KL(two‖one), a mean over tokens, summed over layers (R-Drop, Liang et al. 2021).

    ``one`` and ``two`` are the logits of two passes; ``counted`` ``(batch, layers, n)`` tells which tokens count.
    """
    total = one.new_zeros(())
    for index, layer in enumerate(schema.layers):
        p, q = (torch.log_softmax(logits[..., layer.slice][counted[:, index]], -1) for logits in (one, two))
        total = total + ((p.exp() - q.exp()) * (p - q)).sum(-1).mean() / 2
    return total
