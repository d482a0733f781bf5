"""Configurations: every file of configs/ loads, unknown keys and wrong kinds are named."""

from __future__ import annotations

import pytest

from fazhi.errors import ConfigError
from train.config import load_config
from train.distill import DistillConfig
from train.finetune import FinetuneConfig

KINDS = {
    **dict.fromkeys(
        ("finetune", "finetune-hub", "learning", "continue", "anew", "teachers", "narrow", "fast", "baselines/random"),
        FinetuneConfig,
    ),
    **dict.fromkeys(("distill", "refine", "ensemble"), DistillConfig),
}


@pytest.mark.parametrize(("name", "kind"), KINDS.items())
def test_shipped_configurations_load(root, name, kind):
    config = load_config(root / "configs" / f"{name}.yaml", kind)
    assert config.optim.epochs >= 1
    assert config.data.reports or config.data.dev_publishers


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("base: a\nout: b\nsped: 3", "unknown key sped"),
        ("base: a\nout: b\noptim: {learning_rate: 1}", "unknown key optim.learning_rate"),
        ("base: a\nout: b\noptim: 3", "optim. must be a mapping"),
        ("base: a\nout: b\nseed: many", "seed is 'many'"),
        ("base: a\nout: b\nseed: true", "seed is True"),
        ("base: a\nout: b\ndata: {jsonl: one}", "data.jsonl must be a list"),
        ("base: a", "lacks out;"),
        ("{}", "lacks base, out;"),
        ("base: [", "is not YAML"),
        ("3", "mapping"),
    ],
)
def test_mistakes_are_named(tmp_path, text, message):
    (tmp_path / "bad.yaml").write_text(text)
    with pytest.raises(ConfigError, match=message):
        load_config(tmp_path / "bad.yaml", FinetuneConfig)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.yaml: cannot be read"):
        load_config(tmp_path / "none.yaml", FinetuneConfig)


def test_whole_numbers_pass_for_floats_and_overrides_win(tmp_path):
    (tmp_path / "good.yaml").write_text("base: a\nout: b\noptim: {lr: 1}")
    config = load_config(tmp_path / "good.yaml", FinetuneConfig, {"out": "c", "seed": 7})
    assert (config.optim.lr, config.out, config.seed) == (1.0, "c", 7)
