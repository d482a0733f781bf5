"""The model card: generated from numbers, equal to its golden copy (tests/data/card.md) for invented ones."""

from __future__ import annotations

import json

import pytest
import yaml

from models.card import context, interval, render

FACTS = {
    "base": ["some encoder (MIT)"],
    "data": ["three invented reports"],
    "recipe": ["train", "distil"],
    "hours": 1.5,
    "watts": 100,
    "limits": ["it is invented"],
}


@pytest.fixture
def model(tmp_path):
    folder = tmp_path / "fazhi-toy"
    folder.mkdir()
    config = {"num_hidden_layers": 2, "hidden_size": 32, "vocab_size": 4000, "window": 254}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "model.int8.onnx").write_bytes(b"0" * 1_500_000)
    (folder / "checksums.json").write_text(json.dumps({"model.int8.onnx": "ab" * 32}))
    return folder


def results():
    counts = {"precision": 0.9, "recall": 0.8, "f1": 0.847}
    return {
        "reports": 3,
        "characters": 1234,
        "strict": {"labels": {"METRIC": counts, "MEASURE": counts}},
        "intervals": {"METRIC": {"precision": None, "f1": [0.81, 0.88]}, "MEASURE": None},
    }


def test_the_card_is_the_golden_one(model, root):
    text = render(context(model, FACTS, {"real reports": results()}))
    assert text == (root / "tests" / "data" / "card.md").read_text(encoding="utf-8")


def test_intervals_of_the_suite_are_read():
    assert interval({"f1": [0.1, 0.2]}) == (0.1, 0.2)
    assert interval(None) == (None, None)
    assert interval({"f1": None}) == (None, None)


def test_shipped_facts_are_complete(root):
    facts = yaml.safe_load((root / "models" / "card.yaml").read_text(encoding="utf-8"))
    assert all(set(FACTS) <= set(of_model) for of_model in facts.values())
