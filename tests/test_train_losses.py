"""The losses over layered labels, each against torch's own or by hand."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from fazhi.schema import default_schema
from train.dataset import IGNORE
from train.losses import at_borders, layered_loss, symmetric_divergence

SCHEMA = default_schema()


def test_the_loss_is_one_cross_entropy_a_layer():
    torch.manual_seed(1)
    logits, tags = torch.randn(2, 3, SCHEMA.size), torch.tensor([[[0, 1, 2], [0, 1, -100]], [[4, 3, 0], [2, 0, 0]]])
    expected = nn.functional.cross_entropy(logits[..., :5].reshape(-1, 5), tags[:, 0].reshape(-1))
    metric = nn.functional.cross_entropy(logits[..., 5:].reshape(-1, 3), tags[:, 1].reshape(-1), ignore_index=-100)
    assert torch.isclose(layered_loss(logits, tags, SCHEMA), expected + metric)
    assert torch.isclose(layered_loss(logits, tags, SCHEMA, (1.0, 2.0)), expected + 2 * metric)


@pytest.mark.parametrize(
    ("tags", "borders"),
    [
        ([0, 0, 1, 2, 2, 2, 0, 0], [1, 2, 5, 6]),
        ([0, 1, 0, 0, 1, 1, 2, 0], [0, 1, 2, 3, 4, 5, 6, 7]),
        ([2, 2, 2, 0, 0, 1, 2, 2], [2, 3, 4, 5]),
        ([-100, 1, 2, 2, -100, -100], [1]),
        ([-100, 0, 0, 0, -100], []),
    ],
)
def test_the_tokens_on_both_sides_of_a_border_are_found(tags, borders):
    found = at_borders(torch.tensor([tags]), 1)[0].nonzero().flatten().tolist()
    assert found == borders


def test_only_the_borders_of_a_metric_weigh_more():
    torch.manual_seed(1)
    logits = torch.randn(2, 6, SCHEMA.size)
    tags = torch.tensor([[[0, 1, 2, 0, 0, -100]] * 2, [[1, 2, 2, 2, 3, 4], [0, 0, 0, 0, 0, 1]]])
    statement, metric = (layer.slice for layer in SCHEMA.layers)
    expected = nn.functional.cross_entropy(logits[..., statement].flatten(0, 1), tags[:, 0].flatten(), ignore_index=IGNORE)
    each = -torch.log_softmax(logits[..., metric], -1).gather(-1, tags[:, 1].clamp(min=0)[..., None])[..., 0]
    factors = torch.tensor([[3, 3, 3, 3, 1, 0], [1, 1, 1, 1, 3, 3]])
    expected = expected + (each * factors).sum() / factors.sum()
    assert torch.isclose(layered_loss(logits, tags, SCHEMA, boundary=3.0), expected)


def test_divergence_is_half_of_both_ways_over_the_tokens_that_count():
    torch.manual_seed(1)
    one, two = torch.randn(2, 5, SCHEMA.size), torch.randn(2, 5, SCHEMA.size)
    counted = torch.rand(2, len(SCHEMA.layers), 5) > 0.4
    expected = torch.zeros(())
    for index, layer in enumerate(SCHEMA.layers):
        p, q = (torch.log_softmax(rows[..., layer.slice][counted[:, index]], -1) for rows in (one, two))
        ways = [nn.functional.kl_div(a, b, reduction="batchmean", log_target=True) for a, b in ((p, q), (q, p))]
        expected = expected + sum(ways) / 2
    assert torch.isclose(symmetric_divergence(one, two, counted, SCHEMA), expected)
    assert symmetric_divergence(one, one, counted, SCHEMA) == 0
