"""Label biases: what a shifted model lacks is found, what a good one has is left alone, and only the head's bias moves."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from fazhi.document import Document, Span
from fazhi.schema import default_schema
from fazhi.tokens import Tokens
from train.balance import GRID, add_biases, best_bias, fit_biases, shifts
from train.dataset import Example

SCHEMA = default_schema()
STATEMENT, METRIC = SCHEMA.layers


def noisy_documents(offset):
    """Give documents of one-character clauses and logits that favour a label by ``offset`` more than they should."""
    rng = np.random.default_rng(3)
    examples, logits = [], []
    for number in range(40):
        truth = rng.choice(3, 60, p=[0.4, 0.3, 0.3])
        text = "甲。" * len(truth)
        offsets = np.stack([np.arange(len(text)), np.arange(len(text)) + 1], axis=1)
        labels = ["", "MEASURE", "PROBLEM"]
        spans = [Span(2 * at, 2 * at + 1, labels[kind], "statement", "甲") for at, kind in enumerate(truth) if kind]
        rows = np.zeros((len(text), SCHEMA.size), dtype=np.float32)
        rows[:, METRIC.slice.start] = 9
        rows[::2, :5] = rng.normal(0, 0.8, (len(truth), 5))
        for at, kind in enumerate(truth):
            rows[2 * at, 2 * kind - 1 if kind else 0] += 2
        rows[:, 3:5] += offset
        tags = np.zeros((2, len(text)), dtype=np.int64)
        examples.append(Example(Document(str(number), text, spans=tuple(spans)), Tokens([], offsets), tags, 0))
        logits.append(rows)
    return [logits, logits], examples


def test_a_label_that_is_named_too_often_or_too_rarely_is_put_right():
    assert fit_biases(*noisy_documents(1.2), SCHEMA)["PROBLEM"] == pytest.approx(-1.2, abs=0.3)
    assert fit_biases(*noisy_documents(-1.2), SCHEMA)["PROBLEM"] == pytest.approx(1.2, abs=0.3)


def test_a_model_in_balance_is_left_alone():
    assert fit_biases(*noisy_documents(0.0), SCHEMA) == {"MEASURE": 0.0, "PROBLEM": 0.0, "METRIC": 0.0}


def test_a_plateau_wins_over_a_lucky_peak_and_chance_over_nothing():
    curve = np.full(len(GRID), 0.8)
    curve[GRID == 1.0] = 0.83
    curve[(GRID < -0.5) & (GRID > -1.1)] = 0.82
    assert best_bias(curve) == -0.8
    curve = np.full(len(GRID), 0.8)
    curve[GRID == 1.0] = 0.805  # a third of that is below MIN_GAIN
    assert best_bias(curve) == 0.0


def test_both_tags_of_a_label_move_and_nothing_else():
    assert shifts(STATEMENT, {"PROBLEM": 0.4}).tolist() == pytest.approx([0, 0, 0, 0.4, 0.4])
    head = nn.Linear(4, SCHEMA.size)
    before = head.bias.detach().clone()
    weights = head.weight.detach().clone()
    add_biases(head, {"MEASURE": -0.6, "PROBLEM": 0.0, "METRIC": 0.2}, SCHEMA)
    assert (head.bias - before).tolist() == pytest.approx([0, -0.6, -0.6, 0, 0, 0, 0.2, 0.2], abs=1e-6)
    assert torch.equal(head.weight, weights)
