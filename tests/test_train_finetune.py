"""Fine-tuning: loss, rates, attention and dropout; a tiny run that is killed resumes to the same weights."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn
from transformers import BertForTokenClassification, BertModel, BertTokenizerFast

from data.inline import REPORTS
from fazhi.document import Document, Span
from fazhi.errors import ConfigError, InputError
from fazhi.extractor import Extractor
from fazhi.schema import default_schema
from fazhi.tokens import Tokens
from models.export import export
from tests.training_runs import bert, run_config, save_base, weights_of, write_data
from train.attention import SequenceDropout, speed_up
from train.config import load_config
from train.dataset import Example, make_examples
from train.documents import DataConfig, load_documents
from train.encoders import load_model
from train.finetune import FinetuneConfig, LayeredTrainer, Task, arguments, train
from train.losses import symmetric_divergence
from train.optimizer import OptimConfig, parameter_groups
from train.regularize import displaced, mean_weights
from train.scoring import PLACEMENTS, fit_temperatures, logits_of, span_f1


@pytest.fixture
def base(toy, tmp_path):
    return save_base(tmp_path / "base", toy)


def test_rates_fall_from_the_head_down():
    model = BertForTokenClassification(bert(num_labels=8))
    rates = {}
    for group in parameter_groups(model, OptimConfig(lr=1.0, decay=0.5, head=3.0)):
        for parameter in group["params"]:
            rates[id(parameter)] = (group["lr"], group["weight_decay"])
    named = {name: rates[id(parameter)] for name, parameter in model.named_parameters()}
    assert len(rates) == len(named)
    assert named["classifier.weight"] == (3.0, 0.01)
    assert named["bert.encoder.layer.1.output.dense.weight"] == (1.0, 0.01)
    assert named["bert.encoder.layer.0.output.dense.bias"] == (0.5, 0.0)
    assert named["bert.embeddings.word_embeddings.weight"] == (0.25, 0.01)


@pytest.mark.parametrize("padded", [False, True])
def test_our_attention_gives_what_transformers_gives(padded):
    torch.manual_seed(0)
    model = BertForTokenClassification(bert(num_labels=8)).eval()
    ids = torch.randint(4, 60, (2, 12))
    mask = torch.ones_like(ids) if padded else None
    if mask is not None:
        mask[1, 7:] = 0
    before = model(input_ids=ids, attention_mask=mask).logits
    speed_up(model, 0.3)
    after = model(input_ids=ids, attention_mask=mask).logits
    keep = torch.ones_like(ids, dtype=torch.bool) if mask is None else mask.bool()
    assert torch.allclose(before[keep], after[keep], atol=1e-5)
    assert not torch.allclose(model.train()(input_ids=ids, attention_mask=mask).logits[keep], after[keep], atol=1e-3)


def test_dropout_shares_its_mask_along_the_sequence():
    torch.manual_seed(0)
    dropped = SequenceDropout(0.5).train()(torch.ones(2, 5, 64))
    assert set(dropped.unique().tolist()) == {0.0, 2.0}
    assert torch.equal(dropped[:, 0], dropped[:, 4])
    assert torch.equal(SequenceDropout(0.5).eval()(torch.ones(1, 2, 4)), torch.ones(1, 2, 4))


def test_parts_of_the_data_are_nested_and_copies_of_written_reports_vary(tmp_path):
    write_data(tmp_path / "data.jsonl")
    real = DataConfig(jsonl=(str(tmp_path / "data.jsonl"),), dev_publishers=("乙",))

    def ids(**changes):
        documents, dev = load_documents(replace(real, **changes), tmp_path)
        return [document.id for document in documents], {document.id for document in dev}

    whole, dev = ids()
    assert dev == {"6", "7"}
    assert set(whole) == set("012345")
    assert ids(share=0.5)[0] == whole[:3]
    reports = str(REPORTS)
    small, dev = ids(reports=reports, share=0.0, limit=4)
    assert len(small) == 4
    assert dev > {"6", "7"}
    assert set(ids(reports=reports, share=0.0, limit=9)[0]) > set(small)
    every, dev = ids(reports=reports, share=0.0, splits=("train", "validation", "test"))
    assert len(every) >= 200
    assert dev == {"6", "7"}
    twice, _ = load_documents(replace(real, reports=reports, share=0.0, limit=4, weight=2), tmp_path)
    assert [document.id for document in twice] == small * 2
    assert all(a.text != b.text and len(a.spans) == len(b.spans) for a, b in zip(twice[:4], twice[4:], strict=True))


def test_a_base_can_be_cut_to_some_of_its_layers(base):
    whole, _ = load_model(base, default_schema(), 0.0)
    cut, _ = load_model(base, default_schema(), 0.0, (2,))
    assert cut.config.num_hidden_layers == 1
    assert torch.equal(cut.bert.encoder.layer[0].output.dense.weight, whole.bert.encoder.layer[1].output.dense.weight)


EVERYTHING = {"rdrop": 1.0, "fgm": 0.5, "boundary": 2.0, "weights": (1.0, 2.0), "schedule": "constant", "accumulate": 2}


@pytest.mark.parametrize(("optim", "changes"), [({}, {}), (EVERYTHING, {"average": 2, "balance": True})])
def test_a_killed_run_resumes_to_the_same_weights(base, tmp_path, monkeypatch, optim, changes):
    train(run_config(base, tmp_path, "whole", optim, **changes), tmp_path)
    calls = []

    def dies(self, *_, **__):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return original(self)

    original = LayeredTrainer.evaluate
    monkeypatch.setattr(LayeredTrainer, "evaluate", dies)
    with pytest.raises(KeyboardInterrupt):
        train(run_config(base, tmp_path, "cut", optim, **changes), tmp_path)
    monkeypatch.undo()
    train(run_config(base, tmp_path, "cut", optim, **changes), tmp_path)
    whole, cut = weights_of(tmp_path / "whole"), weights_of(tmp_path / "cut")
    assert all(torch.equal(whole[name], cut[name]) for name in whole)
    assert json.loads((tmp_path / "cut" / "best" / "temperatures.json").read_text()).keys() == {"statement", "metric"}


def test_a_balanced_run_differs_in_the_biases_of_the_head_alone(base, tmp_path, monkeypatch):
    placed = []

    def fit(logits, *_):
        placed.append(len(logits))
        return {"MEASURE": -0.4, "PROBLEM": 0.0, "METRIC": 0.2}

    monkeypatch.setattr("train.finetune.fit_biases", fit)
    train(run_config(base, tmp_path, "plain"), tmp_path)
    scores = train(run_config(base, tmp_path, "balanced", balance=True), tmp_path)
    plain, balanced = weights_of(tmp_path / "plain"), weights_of(tmp_path / "balanced")
    assert {name for name in plain if not torch.equal(plain[name], balanced[name])} == {"classifier.bias"}
    moved = (balanced["classifier.bias"] - plain["classifier.bias"]).tolist()
    assert moved == pytest.approx([0, -0.4, -0.4, 0, 0, 0, 0.2, 0.2], abs=1e-6)
    assert placed == [len(PLACEMENTS)]
    assert json.loads((tmp_path / "balanced" / "best" / "dev.json").read_text()) == scores


@pytest.mark.parametrize("evaluation", [3, 4])  # the one that ends the patience; the best one's, when the run had stopped
def test_a_run_killed_near_its_early_stop_stops_there_all_the_same(base, tmp_path, monkeypatch, evaluation):
    marks, calls, original = [0.9, 0.5, 0.6, *[0.95] * 9], [], LayeredTrainer.evaluate

    def evaluate(self, *_, **__):
        at = self.state.global_step // self.args.eval_steps - 1
        calls.append(at)
        if len(calls) == deadly:
            raise KeyboardInterrupt
        monkeypatch.setattr("train.finetune.score", lambda *_: {"mean": marks[at]})
        return original(self)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(LayeredTrainer, "evaluate", evaluate)
    settings = replace(run_config(base, tmp_path, "whole", patience=2, average=2), evaluations=8)
    deadly = 0
    train(settings, tmp_path)
    assert calls == [0, 1, 2, 2, 2]  # three of the run, the best again, the mean
    calls.clear()
    deadly, settings = evaluation, replace(settings, out=str(tmp_path / "cut"))
    with pytest.raises(KeyboardInterrupt):
        train(settings, tmp_path)
    train(settings, tmp_path)
    assert max(calls) == 2
    assert not (tmp_path / "runs").exists()  # where TensorBoard writes unless told the run's folder
    whole, cut = weights_of(tmp_path / "whole"), weights_of(tmp_path / "cut")
    assert all(torch.equal(whole[name], cut[name]) for name in whole)


def make_trainer(base, tmp_path, dropout=0.0, **optim):
    settings = run_config(base, tmp_path, "steps", optim)
    model, _ = load_model(base, default_schema(), dropout)
    task = Task(default_schema(), settings.optim, [], (0, 2, 1))
    trainer = LayeredTrainer(task, model=model, args=arguments(settings, 9), eval_dataset=[])
    trainer.current_gradient_accumulation_steps = 1
    return trainer


def make_batch(seed):
    torch.manual_seed(seed)
    tags = torch.stack([torch.randint(0, len(layer.tags), (2, 9)) for layer in default_schema().layers], 1)
    tags[:, :, -1] = -100
    return {"input_ids": torch.randint(4, 60, (2, 9)), "tags": tags}


def gradients(trainer):
    return {name: parameter.grad.clone() for name, parameter in trainer.model.named_parameters() if parameter.grad is not None}


def test_rdrop_adds_the_divergence_of_two_passes_over_tokens_that_count(base, tmp_path):
    batch, plain, double = make_batch(0), make_trainer(base, tmp_path, 0.3), make_trainer(base, tmp_path, 0.3, rdrop=0.7)
    double.model.load_state_dict(plain.model.state_dict())
    plain.model.train(), double.model.train()
    torch.manual_seed(5)
    losses, passes = zip(*(plain.compute_loss(plain.model, batch, return_outputs=True) for _ in range(2)), strict=True)
    one, two = (outputs.logits for outputs in passes)
    divergence = symmetric_divergence(one, two, batch["tags"] != -100, default_schema())
    torch.manual_seed(5)
    loss = double.compute_loss(double.model, batch)
    assert divergence > 1e-4
    assert torch.isclose(loss, sum(losses) / 2 + 0.7 * divergence)


def test_fgm_adds_the_gradient_at_displaced_embeddings_of_the_batch_alone_and_puts_them_back(base, tmp_path):
    plain, trainer = make_trainer(base, tmp_path), make_trainer(base, tmp_path, fgm=0.5)
    trainer.model.load_state_dict(plain.model.state_dict())
    before = {name: tensor.clone() for name, tensor in trainer.model.state_dict().items()}
    words = plain.model.get_input_embeddings().weight
    expected = {}
    for batch in (make_batch(0), make_batch(1)):  # the second batch is accumulated onto the first
        plain.model.zero_grad()
        loss = plain.training_step(plain.model, dict(batch))
        kept = words.detach().clone()
        with torch.no_grad():
            words.add_(0.5 * words.grad / words.grad.norm())
        plain.training_step(plain.model, dict(batch))
        with torch.no_grad():
            words.copy_(kept)
        expected = {name: gradient + expected.get(name, 0) for name, gradient in gradients(plain).items()}
        assert torch.equal(trainer.training_step(trainer.model, dict(batch)), loss)
    found = gradients(trainer)
    assert found.keys() == expected.keys()
    assert all(torch.allclose(found[name], expected[name], atol=1e-6) for name in expected)
    assert all(torch.equal(tensor, before[name]) for name, tensor in trainer.model.state_dict().items())


def test_a_weight_is_put_back_after_an_error_and_a_zero_gradient_moves_nothing():
    torch.manual_seed(0)
    weight = nn.Parameter(torch.randn(4, 3))
    before = weight.detach().clone()

    def fails():
        with displaced(weight, torch.ones(4, 3), 2.0):
            assert (weight - before).norm().item() == pytest.approx(2.0, abs=1e-5)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fails()
    assert torch.equal(weight, before)
    with displaced(weight, torch.zeros(4, 3), 2.0):
        assert torch.equal(weight, before)


@pytest.mark.parametrize(("mean", "kept"), [(0.9, True), (0.8, False)])
def test_the_mean_of_the_last_checkpoints_is_kept_if_it_is_as_good_as_the_best(base, tmp_path, monkeypatch, mean, kept):
    scores = iter([0.9, 0.4, 0.5, 0.3, 0.9, mean])  # four evaluations of the run, the best again, the mean
    monkeypatch.setattr("train.finetune.score", lambda *_: {"mean": next(scores)})
    settings = replace(run_config(base, tmp_path, "run", average=3), evaluations=4)
    found = train(settings, tmp_path)
    folders = sorted((tmp_path / "run").glob("checkpoint-*"), key=lambda folder: int(folder.name.split("-")[1]))
    assert len(folders) == 4
    wanted = mean_weights(folders[1:]) if kept else mean_weights(folders[:1])
    best = weights_of(tmp_path / "run")
    assert best.keys() == wanted.keys()
    assert all(torch.equal(best[name], wanted[name].float()) for name in best)
    assert found["eval_mean"] == json.loads((tmp_path / "run" / "best" / "dev.json").read_text())["eval_mean"] == 0.9


def test_a_constant_rate_stays_and_a_trunk_can_be_branched(base, tmp_path):
    train(run_config(base, tmp_path, "trunk", {"schedule": "constant"}), tmp_path)
    state = json.loads(max((tmp_path / "trunk").glob("checkpoint-*/trainer_state.json")).read_text())
    rates = [entry["learning_rate"] for entry in state["log_history"] if "learning_rate" in entry]
    assert rates
    assert len(set(rates)) == 1
    train(run_config(str(tmp_path / "trunk" / "best"), tmp_path, "branch", {"lr": 0.0}, seed=7), tmp_path)
    trunk, branch = weights_of(tmp_path / "trunk"), weights_of(tmp_path / "branch")
    assert all(torch.equal(trunk[name], branch[name]) for name in trunk)


@pytest.mark.parametrize("values", [{"schedule": "cosine"}, {"boundary": 0.0}, {"rdrop": -1.0}, {"fgm": -1.0}])
def test_options_without_meaning_are_errors(values):
    with pytest.raises(ConfigError, match=f"optim.*{next(iter(values))}"):
        OptimConfig(**values)


def test_weights_are_one_a_layer():
    with pytest.raises(ConfigError, match="statement, metric"):
        Task(default_schema(), OptimConfig(weights=(1.0,)), [], (0, 2, 1))


def test_no_documents_is_an_error(tmp_path):
    write_data(tmp_path / "data.jsonl")
    with pytest.raises(ConfigError, match="0 for dev"):
        load_documents(DataConfig(jsonl=(str(tmp_path / "data.jsonl"),)), tmp_path / "c.yaml")


def test_a_folder_without_the_corpus_is_told_rather_than_left_out(tmp_path):
    write_data(tmp_path / "data.jsonl")
    data = DataConfig((str(tmp_path / "data.jsonl"),), reports=str(tmp_path), dev_publishers=("乙",))
    with pytest.raises(InputError, match="holds no report of the written corpus; start in the checkout"):
        load_documents(data, tmp_path / "c.yaml")


def test_real_reports_that_are_not_there_are_told_with_the_way_out(tmp_path, monkeypatch):
    monkeypatch.setenv("FAZHI_SHARED", str(tmp_path))
    with pytest.raises(InputError, match=r"spans\.jsonl: cannot be read; .*FAZHI_SHARED"):
        load_documents(DataConfig(jsonl=("shared/train/spans.jsonl",)), tmp_path / "c.yaml")


def test_listed_label_issues_are_applied_to_the_real_documents(tmp_path):
    write_data(tmp_path / "data.jsonl")
    line = {"file": "7.txt", "start": 0, "end": 10, "layer": "metric", "reason": "§5"}
    line |= {"given": [[0, 10, "METRIC"]], "proposed": [[2, 10, "METRIC"]]}
    (tmp_path / "issues.jsonl").write_text(json.dumps(line))
    data = DataConfig((str(tmp_path / "data.jsonl"),), str(tmp_path / "issues.jsonl"), dev_publishers=("乙",))
    _, dev = load_documents(data, tmp_path / "c.yaml")
    assert [document.spans[0].start for document in sorted(dev, key=lambda d: d.id)] == [0, 2]


def test_a_base_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigError, match="cannot be loaded"):
        load_model(str(tmp_path / "nothing"), default_schema(), 0.0)


def save_hub_style(folder):
    """Write an encoder with word pieces, as the hub's Chinese BERTs have them."""
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"受理行政复议申请办件建立制度执法不足，。、0123456789"]
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(words))
    BertTokenizerFast(vocab=str(folder / "vocab.txt")).save_pretrained(folder)
    BertModel(bert(vocab_size=len(words), pad_token_id=0)).save_pretrained(folder)
    return str(folder)


def test_the_configuration_for_hub_encoders_trains_exports_and_extracts(root, tmp_path, monkeypatch):
    """All of configs/finetune-hub.yaml but its encoder, its folder, and how much it reads."""
    path = root / "configs" / "finetune-hub.yaml"
    settings = load_config(path, FinetuneConfig, {"base": save_hub_style(tmp_path / "base"), "out": str(tmp_path / "hub")})
    monkeypatch.chdir(root)
    few = replace(
        settings, evaluations=1, data=replace(settings.data, limit=2), optim=replace(settings.optim, epochs=1, batch=4)
    )
    scores = train(few, path)
    assert set(scores) >= {"eval_METRIC", "eval_MEASURE", "eval_PROBLEM"}
    export(tmp_path / "hub" / "best", tmp_path / "model")
    extractor = Extractor.from_pretrained(tmp_path / "model")
    assert extractor.model.specials == (2, 3, 0)
    text = "受理行政复议申请57件，建立制度。"
    document = extractor.extract(Document("a", text))
    assert all(span.text == text[span.start : span.end] for span in document.spans)
    assert document.text == text


class Elsewhere(nn.Module):
    """A model on a device that is not the CPU: its input must come there, and its answer must go back."""

    def __init__(self, labels):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1, device="meta"))
        self.labels, self.devices = labels, []

    def forward(self, input_ids, attention_mask):
        self.devices += [input_ids.device.type, *([] if attention_mask is None else [attention_mask.device.type])]
        return SimpleNamespace(logits=torch.zeros(*input_ids.shape, self.labels))


def test_dev_is_scored_where_the_model_is(toy, monkeypatch):
    kinds = []
    monkeypatch.setattr("train.scoring.torch.autocast", lambda kind, dtype: kinds.append(kind) or nullcontext())
    examples = make_examples([Document("a", "受理申请57件。"), Document("b", "办件")], toy, default_schema())
    model = Elsewhere(default_schema().size)
    found = logits_of(model, examples, (0, 2, 1))
    assert [rows.shape for rows in found] == [(len(example.tokens), default_schema().size) for example in examples]
    assert set(kinds) == set(model.devices) == {"meta"}


def test_f1_by_hand():
    gold = [[Span(0, 2, "METRIC"), Span(3, 5, "METRIC"), Span(0, 5, "MEASURE")]]
    found = [[Span(0, 2, "METRIC"), Span(3, 6, "METRIC"), Span(7, 9, "METRIC")]]
    scores = span_f1(gold, found, default_schema().labels)
    assert scores["METRIC"] == pytest.approx(2 / 5)
    assert scores["MEASURE"] == 0
    assert scores["PROBLEM"] == 1


def test_temperatures_undo_a_known_scale():
    rng = np.random.default_rng(0)
    true = rng.normal(size=(4000, 8)).astype(np.float32)
    tags = []
    for layer in default_schema().layers:
        odds = np.exp(true[:, layer.slice])
        odds /= odds.sum(1, keepdims=True)
        tags.append([rng.choice(len(row), p=row.astype(float) / row.astype(float).sum()) for row in odds])
    tokens = Tokens(np.zeros(4000, dtype=np.int64), np.zeros((4000, 2), dtype=np.int64))
    example = Example(Document("a", "b"), tokens, np.array(tags), 0)
    fitted = fit_temperatures([true * 2], [example], default_schema())
    assert all(abs(value - 2) < 0.25 for value in fitted.values())
