"""Adaptation: n-gram masking, exact resume, two processes."""

from __future__ import annotations

import json
import lzma
import os
import re
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from transformers import AutoModelForTokenClassification, BertConfig, BertModel

from fazhi.errors import ConfigError, InputError
from tests.conftest import free_port
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


def test_only_masked_positions_go_through_the_tied_head(config):
    run = Adaptation(config)
    ids, targets = run.batch()
    run.model.eval()
    decoder, words = run.model.get_output_embeddings().weight, run.model.get_input_embeddings().weight
    assert decoder.data_ptr() == words.data_ptr()
    seen = []
    run.model.cls.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].shape[:-1]))
    loss = run.module(ids, targets)
    assert seen == [(int((targets != IGNORE).sum()),)]
    assert torch.isclose(loss, run.model(input_ids=ids, labels=targets).loss, atol=1e-5)


def test_the_run_is_logged(config, tmp_path, capsys):
    pretrain(config)
    assert re.findall(r"step (\d) loss [\d.]+ \d+ tokens/s", capsys.readouterr().out) == ["2", "4"]
    (events,) = (tmp_path / "out").glob("events.out.tfevents.*")
    log = EventAccumulator(str(events)).Reload()
    assert [event.step for event in log.Scalars("loss")] == [event.step for event in log.Scalars("tokens_per_second")] == [2, 4]


def test_a_state_of_another_run_or_a_damaged_one_is_told(config, tmp_path):
    pretrain(config)
    with pytest.raises(ConfigError, match=r"begun with another lr; .*--fresh"):
        pretrain(with_changes(config, lr=0.5))
    (tmp_path / "out" / "state.pt").write_bytes((tmp_path / "out" / "state.pt").read_bytes()[:999])
    with pytest.raises(ConfigError, match=r"state\.pt: cannot be loaded .*--fresh"):
        pretrain(config)
    pretrain(with_changes(config, lr=0.5), fresh=True)


def launch(root, path):
    """Run two processes, joined by gloo, on a configuration (``--cpu`` would start one, whatever their number)."""
    command = [sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2", "--num_machines", "1"]
    command += ["--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", str(free_port())]
    command += ["-m", "train.pretrain", "--config", str(path)]
    environment = {**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=600, check=False)


def two_in_one(config):
    """Take the steps of two processes in one: the mean of both gradients, each with its own batch and dropout."""
    run = Adaptation(config)
    while run.step < config.steps:
        left = (config.steps - run.step) / (config.steps - config.warmup)
        for group in run.optimizer.param_groups:
            group["lr"] = config.lr * min((run.step + 1) / config.warmup, left)
        for process in range(2):
            run.accelerator = SimpleNamespace(process_index=process, device=torch.device("cpu"))
            ids, targets = run.batch()
            (run.module(ids, targets) / 2).backward()
        torch.nn.utils.clip_grad_norm_(run.module.parameters(), 1.0)
        run.optimizer.step()
        run.optimizer.zero_grad()
        run.step += 1
    return run.model.state_dict()


def distance(one, two):
    """Return the distance of all weights but the keys' biases: their gradient is 0 but for rounding, which Adam blows up."""
    names = [name for name in one if not name.endswith("key.bias")]
    return float(sum((one[name] - two[name]).square().sum() for name in names)) ** 0.5


@pytest.mark.slow
def test_two_processes_train_together(config, root, tmp_path):
    raw = {name: getattr(config, name) for name in config.__slots__} | {"texts": list(config.texts)}
    (tmp_path / "two.yaml").write_text(yaml.safe_dump(raw))
    done = launch(root, tmp_path / "two.yaml")
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.count("step 4 loss") == 1
    together = torch.load(tmp_path / "out" / "state.pt")["model"]
    pretrain(with_changes(config, out=str(tmp_path / "one")))
    single = torch.load(tmp_path / "one" / "state.pt")["model"]
    both = two_in_one(with_changes(config, out=str(tmp_path / "both")))
    assert distance(together, single) > 0.1
    assert distance(together, both) < 0.05 * distance(together, single)
