"""Distillation: the student's layers, the loss, the teachers' cached answers, and a tiny run."""

from __future__ import annotations

import json
import lzma
from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertForTokenClassification

from fazhi.document import Document
from fazhi.errors import ConfigError
from fazhi.schema import default_schema
from tests.training_runs import weights_of
from train.dataset import IGNORE
from train.distill import (
    DistillConfig,
    DistillTrainer,
    Unlabelled,
    check_models,
    distill,
    distillation_loss,
    mixed_plan,
    soft_labels,
    starting_point,
    unlabelled_examples,
)
from train.documents import DataConfig
from train.encoders import take_layers
from train.optimizer import OptimConfig
from train.tokenizer import as_fast


def teacher(layers=4):
    torch.manual_seed(0)
    schema = default_schema()
    config = BertConfig(
        vocab_size=60, hidden_size=16, num_hidden_layers=layers, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=300, pad_token_id=1, num_labels=schema.size, id2label=schema.id2label,
        label2id={name: index for index, name in schema.id2label.items()},
    )  # fmt: skip
    return BertForTokenClassification(config).eval()


def test_the_student_starts_from_the_named_layers():
    big = teacher()
    small = take_layers(big, (2, 4))
    assert small.config.num_hidden_layers == 2
    for mine, theirs in ((0, 1), (1, 3)):
        ours, of_teacher = small.bert.encoder.layer[mine].state_dict(), big.bert.encoder.layer[theirs].state_dict()
        assert all(torch.equal(ours[name], of_teacher[name]) for name in ours)
    assert torch.equal(small.classifier.weight, big.classifier.weight)
    assert big.config.num_hidden_layers == 4


@pytest.mark.parametrize("layers", [(), (0, 2), (2, 5)])
def test_layers_that_the_teacher_lacks_are_an_error(layers):
    with pytest.raises(ConfigError, match=r"1 … 4"):
        take_layers(teacher(), layers)


def test_the_loss_is_zero_where_the_student_agrees_and_nothing_is_labelled():
    schema = default_schema()
    logits = torch.randn(2, 5, schema.size)
    soft = torch.cat([torch.log_softmax(logits[..., layer.slice], -1) for layer in schema.layers], -1).transpose(1, 2)
    tags, known = torch.full((2, 2, 5), IGNORE), torch.ones(2, 5, dtype=torch.bool)
    loss = distillation_loss(logits, soft, tags, known, schema, 2.0, 0.5)
    assert loss.item() == pytest.approx(0, abs=1e-5)
    assert distillation_loss(logits + torch.randn(2, 5, schema.size), soft, tags, known, schema, 2.0, 0.5) > 0.01


def test_hard_labels_alone_are_cross_entropy_over_known_tokens():
    schema = default_schema()
    logits, tags = torch.randn(1, 4, schema.size), torch.tensor([[[0, 1, 2, 3], [0, 1, 2, IGNORE]]])
    known = torch.tensor([[True, True, True, False]])
    loss = distillation_loss(logits, torch.zeros(1, schema.size, 4), tags, known, schema, 1.0, 1.0)
    statement = torch.nn.functional.cross_entropy(logits[0, :3, :5], tags[0, 0, :3])
    metric = torch.nn.functional.cross_entropy(logits[0, :3, 5:], tags[0, 1, :3])
    assert torch.isclose(loss, statement + metric)


def write_sources(tmp_path, toy):
    teacher().save_pretrained(tmp_path / "teacher")
    as_fast(toy).save_pretrained(tmp_path / "teacher")
    lines = []
    for index in range(6):
        text = f"受理行政复议申请{index}件，办理件{index}件。"
        meta = {"publisher": "乙" if index > 3 else "甲"}
        lines.append(json.dumps({"id": str(index), "text": text, "spans": [[0, 10, "METRIC"]], "meta": meta}))
    (tmp_path / "data.jsonl").write_text("\n".join(lines))
    with lzma.open(tmp_path / "bare.jsonl.xz", "wt", encoding="utf-8") as stream:
        stream.writelines(json.dumps({"text": "办理行政复议，受理申请。" * 9}) + "\n" for _ in range(4))
    return DistillConfig(
        teachers=(str(tmp_path / "teacher"),),
        out=str(tmp_path / "student"),
        layers=(2, 4),
        window=20,
        evaluations=1,
        data=DataConfig(jsonl=(str(tmp_path / "data.jsonl"),), dev_publishers=("乙",)),
        unlabelled=Unlabelled((str(tmp_path / "bare.jsonl.xz"),), characters=250, epochs=2),
        optim=OptimConfig(batch=2, epochs=2),
    )


def test_a_tiny_run_leaves_a_student_and_the_teachers_answers(tmp_path, toy):
    config = write_sources(tmp_path, toy)
    scores = distill(config, tmp_path / "c.yaml")
    assert 0 <= scores["eval_mean"] <= 1
    best = BertForTokenClassification.from_pretrained(tmp_path / "student" / "best")
    assert best.config.num_hidden_layers == 2
    assert best.config.id2label == default_schema().id2label
    (cache,) = (tmp_path / "student").glob("soft-*.npz")
    soft = np.load(cache)
    assert len(soft) == 4 + 2  # equal texts are asked about once
    rows = np.exp(soft[soft.files[0]].astype(np.float32))
    assert np.allclose([rows[:, layer.slice].sum(1).mean() for layer in default_schema().layers], 1, atol=1e-2)
    before = cache.stat().st_mtime_ns
    costly = replace(config, average=2, optim=replace(config.optim, rdrop=1.0, fgm=0.5, schedule="constant"))
    assert 0 <= distill(costly, tmp_path / "c.yaml", resume=False)["eval_mean"] <= 1
    assert cache.stat().st_mtime_ns == before


COSTLY = {"rdrop": 1.0, "fgm": 0.5, "schedule": "constant", "accumulate": 2}


@pytest.mark.parametrize(("optim", "average"), [({}, 0), (COSTLY, 2)])
def test_a_killed_run_resumes_to_the_same_weights(tmp_path, toy, monkeypatch, optim, average):
    config = write_sources(tmp_path, toy)
    config = replace(config, evaluations=3, average=average, optim=replace(config.optim, epochs=4, **optim))
    distill(config, tmp_path / "c.yaml")
    cut, calls, original = replace(config, out=str(tmp_path / "cut")), [], DistillTrainer.evaluate

    def dies(self, *_, **__):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return original(self)

    with monkeypatch.context() as patch:
        patch.setattr(DistillTrainer, "evaluate", dies)
        with pytest.raises(KeyboardInterrupt):
            distill(cut, tmp_path / "c.yaml")
    assert list((tmp_path / "cut").glob("checkpoint-*"))
    distill(cut, tmp_path / "c.yaml")
    whole, resumed = (weights_of(tmp_path / name) for name in ("student", "cut"))
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    with pytest.raises(ConfigError, match="begun with another temperature; "):
        distill(replace(cut, temperature=3.0), tmp_path / "c.yaml")


def test_a_teacher_without_weights_here_is_told(tmp_path, toy):
    config = write_sources(tmp_path, toy)
    (tmp_path / "teacher" / "model.safetensors").unlink()
    with pytest.raises(ConfigError, match=r"teacher: there is no model\.safetensors; give the local directory"):
        distill(config, tmp_path / "c.yaml")
    with pytest.raises(ConfigError, match="teachers: there are none"):
        distill(replace(config, teachers=()), tmp_path / "c.yaml")


@pytest.mark.parametrize("optim", [OptimConfig(boundary=2.0), OptimConfig(weights=(1.0, 2.0))])
def test_weights_of_tags_are_refused_rather_than_ignored(optim):
    with pytest.raises(ConfigError, match=r"no optim\.weights"):
        distill(DistillConfig(("t",), "o", optim=optim), "c.yaml")


def test_the_student_may_start_from_another_model(tmp_path, toy):
    config = replace(write_sources(tmp_path, toy), start=str(tmp_path / "half"), layers=())
    teacher(3).half().save_pretrained(tmp_path / "half")
    student = starting_point(config)
    assert student.config.num_hidden_layers == 3
    assert student.dtype == torch.float32
    assert starting_point(replace(config, layers=(1, 3))).config.num_hidden_layers == 2
    assert starting_point(replace(config, start="", layers=(4,))).config.num_hidden_layers == 1


def test_teachers_are_asked_in_single_precision(tmp_path, toy, monkeypatch):
    config = write_sources(tmp_path, toy)
    teacher().half().save_pretrained(tmp_path / "teacher")
    asked = []

    def answer(model, examples, _):
        asked.append(model.dtype)
        return [np.zeros((len(example.tokens), default_schema().size), dtype=np.float32) for example in examples]

    monkeypatch.setattr("train.distill.logits_of", answer)
    examples = unlabelled_examples([Document("a", "受理")], toy, default_schema())
    rows = soft_labels(config, examples, (0, 2, 1), default_schema())
    assert asked == [torch.float32]
    assert np.allclose(np.exp(rows[0][0].astype(np.float32)), [1 / 5] * 5 + [1 / 3] * 3, atol=1e-3)


def test_teachers_are_averaged_and_one_that_is_added_reads_alone(tmp_path, toy, monkeypatch):
    config = write_sources(tmp_path, toy)
    schema = default_schema()
    asked = []

    def answer(model, examples, _):
        """Each teacher is sure of one tag of each layer: the one that its number of hidden layers says."""
        asked.append(model.config.num_hidden_layers)
        logits = np.zeros((1, schema.size), dtype=np.float32)
        for layer in schema.layers:
            logits[:, layer.offset + model.config.num_hidden_layers % 2] = 20
        return [np.repeat(logits, len(example.tokens), axis=0) for example in examples]

    monkeypatch.setattr("train.distill.logits_of", answer)
    examples = unlabelled_examples([Document("a", "受理")], toy, schema)
    for layers in (3, 4):
        teacher(layers).save_pretrained(tmp_path / str(layers))
    names = [str(tmp_path / "3"), str(tmp_path / "4")]
    (alone,) = soft_labels(replace(config, teachers=tuple(names[:1])), examples, (0, 2, 1), schema)
    (both,) = soft_labels(replace(config, teachers=tuple(names)), examples, (0, 2, 1), schema)
    assert asked == [3, 4]
    for layer in schema.layers:
        assert np.allclose(np.exp(alone[:, layer.slice])[:, :2], [0, 1], atol=1e-3)
        assert np.allclose(np.exp(both[:, layer.slice])[:, :2], [0.5, 0.5], atol=1e-3)


@pytest.mark.parametrize("place", ["start", "second teacher"])
def test_models_that_do_not_fit_the_first_teacher_are_errors(tmp_path, toy, place):
    config, other = write_sources(tmp_path, toy), str(tmp_path / "other")
    change = {"start": other} if place == "start" else {"teachers": (*config.teachers, other)}
    config = replace(config, **change)

    def refused(match):
        with pytest.raises(ConfigError, match=rf"other: .*{match}"):
            distill(config, tmp_path / "c.yaml")

    refused("cannot be loaded")
    model = teacher(1)
    model.save_pretrained(other)
    as_fast(toy).save_pretrained(other)
    check_models(config, default_schema())
    tokenizer = json.loads((tmp_path / "other" / "tokenizer.json").read_text())
    pieces = tokenizer["model"]["vocab"]
    pieces[-1], pieces[-2] = pieces[-2], pieces[-1]  # as many, but not in the same order
    (tmp_path / "other" / "tokenizer.json").write_text(json.dumps(tokenizer))
    refused("pieces")
    model.config.id2label = {**model.config.id2label, 0: "statement:X"}
    model.save_pretrained(other)
    refused("labels.*statement:X")


def test_unlabelled_windows_are_spread_over_the_run(tmp_path, toy):
    config = write_sources(tmp_path, toy)
    bare = unlabelled_examples([Document("a", "受理行政复议" * 40)], toy, default_schema())
    plan = mixed_plan(config, bare * 3, bare)
    places = [index for index, (which, _, _) in enumerate(plan) if which == 3]
    assert places[0] < len(plan) / 4
    assert places[-1] > len(plan) * 3 / 4
