"""Faster parts for training on a CPU: plain matrix-product attention, and dropout that shares its mask along a sequence.

PyTorch's fused attention has a slow backward pass on CPUs: at 16 × 12 heads × 256 tokens × 32 in bf16 the two products and
a softmax take 23 ms there and back, the fused kernel 60 ms. Drawing a dropout mask for every element costs more than the
matrix products; one mask a sequence (variational dropout, Gal & Ghahramani 2016) costs nothing.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from transformers import AttentionInterface
from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS

NAME = "fazhi_products"


def products_attention(
    module: nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    **_: Any,  # noqa: ANN401  transformers passes more than we use
) -> tuple[torch.Tensor, None]:
    """Attend by two matrix products; ``query``, ``key``, ``value`` are ``(batch, heads, tokens, width)``."""
    scores = (query * (query.size(-1) ** -0.5 if scaling is None else scaling)) @ key.transpose(-1, -2)
    if attention_mask is not None:
        scores = scores.masked_fill(~attention_mask, -1e4) if attention_mask.dtype == torch.bool else scores + attention_mask
    weights = nn.functional.dropout(scores.softmax(-1), dropout, module.training)
    return (weights @ value).transpose(1, 2).contiguous(), None


class SequenceDropout(nn.Module):  # type: ignore[misc]  # torch is untyped here
    """Dropout of hidden states ``(batch, tokens, width)`` with one mask a sequence, shared by its tokens."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """Return the states, in training with a share ``rate`` of the width switched off and the rest scaled up."""
        if not self.training or self.rate == 0:
            return states
        keep = torch.rand(states.size(0), 1, states.size(-1), device=states.device) >= self.rate
        return states * (keep.to(states.dtype) / (1 - self.rate))


def speed_up(model: nn.Module, dropout: float) -> None:
    """Give a model the dropout of this module and, for a CPU, its attention; a GPU keeps the fused one.

    In place; nothing of it is saved with the weights.
    """
    if not torch.cuda.is_available():
        AttentionInterface.register(NAME, products_attention)
        ALL_MASK_ATTENTION_FUNCTIONS.register(NAME, ALL_MASK_ATTENTION_FUNCTIONS["sdpa"])
        model.set_attn_implementation(NAME)
    for parent in list(model.modules()):
        for name, child in parent.named_children():
            if not isinstance(child, nn.Dropout):
                continue
            if hasattr(parent, "query"):  # dropout of attention weights, one draw a pair of tokens: too dear
                child.p = 0.0
            else:
                setattr(parent, name, SequenceDropout(dropout).train(parent.training))
