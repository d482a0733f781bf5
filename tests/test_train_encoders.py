"""Models that training is given: those that do not fit, are damaged or out of reach are told in one line."""

from __future__ import annotations

import json

import pytest
import torch
import typer
from transformers import BertForTokenClassification

from fazhi.errors import ConfigError
from fazhi.schema import default_schema
from tests.training_runs import bert, save_base
from train import distill, finetune, prepare, pretrain
from train.attention import NAME
from train.encoders import load_model
from train.tokenizer import as_fast

HUB = "hfl/chinese-macbert-base"


def save_classifier(folder, toy, names, **sizes):
    labels = dict(enumerate(names))
    numbers = {name: index for index, name in labels.items()}
    config = bert(num_labels=len(labels), id2label=labels, label2id=numbers, **sizes)
    BertForTokenClassification(config).save_pretrained(folder)
    as_fast(toy).save_pretrained(folder)
    return str(folder)


@pytest.mark.parametrize("names", [["O", "B-X", "I-X"], ["O", *"ABCDEFG"]])  # another number of labels, and the same
def test_a_head_with_other_labels_is_refused(tmp_path, toy, names):
    folder = save_classifier(tmp_path / "other", toy, names)
    with pytest.raises(ConfigError, match=rf"other: its labels are {', '.join(names)}; .*configs/labels\.yaml"):
        load_model(folder, default_schema(), 0.0)


def test_a_head_with_our_labels_is_kept(tmp_path, toy):
    folder = save_classifier(tmp_path / "ours", toy, default_schema().id2label.values())
    model, _ = load_model(folder, default_schema(), 0.0)
    assert torch.equal(model.classifier.weight, BertForTokenClassification.from_pretrained(folder).classifier.weight)


def test_more_pieces_than_embeddings_are_refused(tmp_path, toy):
    folder = save_classifier(tmp_path / "small", toy, default_schema().id2label.values(), vocab_size=20)
    with pytest.raises(ConfigError, match=rf"its tokenizer has {toy.get_vocab_size()} pieces, its model 20 embeddings"):
        load_model(folder, default_schema(), 0.0)


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json"])
def test_a_truncated_file_is_told(tmp_path, toy, name):
    folder = save_base(tmp_path / "base", toy)
    raw = (tmp_path / "base" / name).read_bytes()
    (tmp_path / "base" / name).write_bytes(raw[: len(raw) // 2])
    with pytest.raises(ConfigError, match=r"base: cannot be loaded \(.+\); run python -m train\.prepare"):
        load_model(folder, default_schema(), 0.0)


def write(tmp_path, **values):
    (tmp_path / "c.yaml").write_text(json.dumps({"out": str(tmp_path / "out"), **values}), encoding="utf-8")
    return tmp_path / "c.yaml"


@pytest.mark.parametrize("name", [HUB, "nowhere/at/all"])
@pytest.mark.parametrize("stage", ["finetune", "pretrain", "distill"])
def test_a_hub_name_without_a_network_is_one_line(root, tmp_path, monkeypatch, capsys, stage, name):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("transformers.utils.hub.is_offline_mode", lambda: True)
    data = {"reports": str(root / "data" / "reports"), "limit": 1}
    path = {
        "finetune": lambda: write(tmp_path, base=name, data=data),
        "pretrain": lambda: write(tmp_path, base=name, reports=data["reports"]),
        "distill": lambda: write(tmp_path, teachers=[name], data=data),
    }[stage]()
    with pytest.raises(typer.Exit) as caught:
        {"finetune": finetune, "pretrain": pretrain, "distill": distill}[stage].main(path)
    assert caught.value.exit_code == 2
    *_, said = capsys.readouterr().err.splitlines()  # the hub's client may tell its own tries before
    assert said.startswith(f"error: {name}: cannot be loaded (")
    assert "where there is a network" in said


def test_prepare_tells_a_model_that_is_not_there(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(prepare, "four_bit", lambda: None)
    for option in ({"like": str(tmp_path / "none")}, {"weights": str(tmp_path / "none")}):
        with pytest.raises(typer.Exit):
            prepare.main(tmp_path / "out", **option)
        assert "none: cannot be loaded" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("cuda", [False, True])
def test_a_gpu_keeps_the_fused_attention(tmp_path, toy, monkeypatch, cuda):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    model, _ = load_model(save_base(tmp_path / "base", toy), default_schema(), 0.1)
    assert model.config._attn_implementation == ("sdpa" if cuda else NAME)
