"""The model card: generated from numbers, equal to its golden copy (tests/data/card.md) for invented ones."""

from __future__ import annotations

import json
import shutil

import pytest
import typer
import yaml

from fazhi.model_dir import ModelDirectory
from models.card import context, interval, main, render
from models.export import write_checksums

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


def test_a_label_without_predictions_has_a_dash(model):
    found = results()
    found["strict"]["labels"]["METRIC"] = {"precision": None, "recall": 0.0, "f1": 0.0}
    assert "| METRIC | — | 0.000 | 0.000 | 0.810 – 0.880 |" in render(context(model, FACTS, {"real reports": found}))


def test_the_command_takes_the_scores_of_this_model_only(oracle, tmp_path, monkeypatch, capsys):
    folder = shutil.copytree(oracle, tmp_path / "fazhi-toy")
    sizes = {"num_hidden_layers": 2, "hidden_size": 32, "vocab_size": 18}
    config = json.loads((folder / "config.json").read_text(encoding="utf-8")) | sizes
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    path, facts = tmp_path / "results.json", tmp_path / "facts.yaml"
    facts.write_text(yaml.safe_dump({"fazhi-toy": FACTS}), encoding="utf-8")
    monkeypatch.setattr("models.card.FACTS", facts)

    def refused(match):
        with pytest.raises(typer.Exit) as caught:
            main(folder, path, path)
        assert caught.value.exit_code == 2
        assert match in capsys.readouterr().err

    refused("results.json: cannot be read; run make evaluate")
    path.write_text(json.dumps({**results(), "model": "fazhi-toy-0123456789ab"}), encoding="utf-8")
    refused("it scores fazhi-toy-0123456789ab, not fazhi-toy-")
    path.write_text(json.dumps({**results(), "model": ModelDirectory(folder).version}), encoding="utf-8")
    refused("checksums.json: cannot be read")
    write_checksums(folder)
    main(folder, path, path)
    assert "# fazhi-toy" in (folder / "README.md").read_text(encoding="utf-8")
    facts.write_text("other: {}", encoding="utf-8")
    refused("facts.yaml tells nothing of it; add fazhi-toy there")
