"""Adaptation: n-gram masking, exact resume, two processes."""

from __future__ import annotations

import json
import lzma
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
import yaml
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoModelForTokenClassification, BertConfig, BertModel

from fazhi.errors import ConfigError, InputError
from train.config import load_config
from train.dataset import read_texts
from train.pretrain import IGNORE, Adaptation, PretrainConfig, mask_ngrams, packed_tokens, pretrain
from train.tokenizer import as_fast


@given(st.integers(1, 4), st.integers(1, 60), st.integers(1, 5), st.floats(0.05, 0.5), st.integers(0, 99))
def test_masking_asks_for_the_share_and_changes_nothing_else(batch, tokens, ngram, share, seed):
    rng = np.random.default_rng(seed)
    ids = rng.integers(5, 50, (batch, tokens))
    masked, targets = mask_ngrams(ids, rng, share, ngram, 4, 50)
    asked = targets != IGNORE
    assert (asked.sum(1) == max(1, round(share * tokens))).all()
    assert np.array_equal(masked[~asked], ids[~asked])
    assert np.array_equal(targets[asked], ids[asked])
    assert ((masked >= 4) & (masked < 50)).all()


@pytest.fixture
def config(tmp_path, toy):
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    BertModel(BertConfig(vocab_size=60, pad_token_id=1, **sizes), add_pooling_layer=False).save_pretrained(tmp_path / "base")
    as_fast(toy).save_pretrained(tmp_path / "base")
    with lzma.open(tmp_path / "texts.jsonl.xz", "wt", encoding="utf-8") as stream:
        stream.writelines(json.dumps({"text": f"受理行政复议申请{n}件，办理件{n}件。" * 5}) + "\n" for n in range(5))
    settings = {"window": 16, "batch": 4, "steps": 4, "every": 2, "warmup": 1, "bf16": False, "lr": 0.01}
    return PretrainConfig(str(tmp_path / "base"), str(tmp_path / "out"), (str(tmp_path / "texts.jsonl.xz"),), **settings)


def with_changes(config, **changes):
    return PretrainConfig(**{name: changes.get(name, getattr(config, name)) for name in config.__slots__})


def test_a_run_that_was_cut_resumes_to_the_same_weights(config, tmp_path, monkeypatch):
    pretrain(config)
    cut = with_changes(config, out=str(tmp_path / "cut"))
    original = Adaptation.advance

    def dies(self):
        if self.step == 3:
            raise KeyboardInterrupt
        return original(self)

    monkeypatch.setattr(Adaptation, "advance", dies)
    with pytest.raises(KeyboardInterrupt):
        pretrain(cut)
    monkeypatch.undo()
    pretrain(cut)
    whole, resumed = (torch.load(tmp_path / name / "state.pt")["model"] for name in ("out", "cut"))
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    base = BertModel.from_pretrained(config.base, add_pooling_layer=False).state_dict()
    tuned = AutoModelForTokenClassification.from_pretrained(tmp_path / "out").bert.state_dict()
    assert any(not torch.equal(base[name], tuned[name]) for name in base)


def test_texts_too_short_or_missing_are_named(config, toy, tmp_path):
    with pytest.raises(ConfigError, match="less than one window"):
        packed_tokens(with_changes(config, window=5000), as_fast(toy))
    with pytest.raises(InputError, match=r"none\.jsonl"):
        list(read_texts(tmp_path / "none.jsonl"))
    assert sum(map(len, read_texts(tmp_path / "texts.jsonl.xz", 120))) == 120


def test_the_shipped_configuration_loads(root):
    assert load_config(root / "configs" / "pretrain.yaml", PretrainConfig).steps > 0


@pytest.mark.slow
def test_two_processes_train_together(config, root, tmp_path):
    raw = {name: getattr(config, name) for name in config.__slots__} | {"texts": list(config.texts)}
    (tmp_path / "two.yaml").write_text(yaml.safe_dump(raw))
    command = [sys.executable, "-m", "accelerate.commands.launch", "--cpu", "--num_processes", "2", "--num_machines", "1"]
    command += [
        "--mixed_precision",
        "no",
        "--dynamo_backend",
        "no",
        "-m",
        "train.pretrain",
        "--config",
        str(tmp_path / "two.yaml"),
    ]
    environment = {**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.count("step 4 loss") == 1
    assert (tmp_path / "out" / "model.safetensors").exists()
