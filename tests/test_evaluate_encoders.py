"""Baselines out of an encoder: random weights, and a linear head on a frozen one."""

import json

import numpy as np
import pytest
import torch
from torch import nn
from transformers import AutoModel, AutoModelForTokenClassification, AutoTokenizer, BertConfig, BertModel
from typer.testing import CliRunner

from evaluate.baselines.encoders import app, fit_head, hidden_states, windows_of, write_random
from fazhi.document import Document, Span
from fazhi.errors import EvaluationError
from fazhi.schema import default_schema
from train.config import load_config
from train.finetune import FinetuneConfig
from train.tokenizer import as_fast


@pytest.fixture
def base(toy, tmp_path):
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "num_attention_heads": 2, "intermediate_size": 32, "num_hidden_layers": 2}
    config = BertConfig(vocab_size=toy.get_vocab_size(), pad_token_id=1, max_position_embeddings=300, **sizes)
    BertModel(config, add_pooling_layer=False).save_pretrained(tmp_path / "base")
    as_fast(toy).save_pretrained(tmp_path / "base")
    return tmp_path / "base"


def weights(folder):
    return AutoModel.from_pretrained(folder, add_pooling_layer=False).state_dict()


def test_random_weights_keep_sizes_and_tokens(base, tmp_path):
    for seed in (1, 2):
        write_random(str(base), tmp_path / str(seed), seed)
    first, second, own = weights(tmp_path / "1"), weights(tmp_path / "2"), weights(base)
    assert {name: row.shape for name, row in first.items()} == {name: row.shape for name, row in own.items()}
    name = "encoder.layer.0.attention.self.query.weight"
    assert not torch.equal(first[name], own[name])
    assert not torch.equal(first[name], second[name])
    text = "受理行政复议申请57件"
    ids = [AutoTokenizer.from_pretrained(folder)(text)["input_ids"] for folder in (base, tmp_path / "1")]
    assert ids[0] == ids[1]
    with pytest.raises(EvaluationError, match="no encoder"):
        write_random(str(tmp_path / "nowhere"), tmp_path / "x", 1)


def test_hidden_states_are_those_of_each_window_alone(base, toy):
    tokenizer, schema = AutoTokenizer.from_pretrained(base), default_schema()
    encoder = AutoModel.from_pretrained(base, add_pooling_layer=False).eval()
    documents = [Document("a", "受理行政复议申请57件", spans=(Span(0, 11, "METRIC"),)), Document("b", "办理", spans=())]
    windows = windows_of(documents, tokenizer, schema)
    found = list(hidden_states(encoder, windows, tokenizer))
    assert [len(rows) for rows in found] == [len(tags) for _, tags in windows]
    with torch.inference_mode():
        alone = encoder(**tokenizer("办理", return_tensors="pt")).last_hidden_state[0, 1:-1]
    assert torch.allclose(found[1].float(), alone, atol=0.05)
    assert windows[0][1].tolist() == [[0, 1], *[[0, 2]] * (len(windows[0][1]) - 1)]


def test_the_head_learns_what_is_linear():
    schema = default_schema()
    torch.manual_seed(0)
    states = torch.randn(400, 12)
    tags = torch.stack([states[:, :5].argmax(1), states[:, 5:8].argmax(1)], dim=1)
    head = nn.Linear(12, schema.size)
    before = head.weight.detach().clone()
    several = [fit_head(head, states.half(), tags, schema, 0) for _ in range(8)]
    assert several[-1] < several[0] < 3
    assert not torch.equal(before, head.weight)


def test_a_frozen_run_changes_only_the_head(base, tmp_path):
    file = tmp_path / "train.jsonl"
    row = {"id": "a", "text": "受理行政复议申请57件，办理件" * 30, "spans": [[0, 11, "METRIC"], [12, 15, "MEASURE"]]}
    file.write_text(json.dumps(row), encoding="utf-8")
    result = CliRunner().invoke(app, ["frozen", str(file), "--base", str(base), "--out", str(tmp_path / "run")])
    assert result.exit_code == 0, result.output
    assert "trained on 1 reports" in result.output
    refused = CliRunner().invoke(app, ["frozen", str(tmp_path / "none.jsonl"), "--out", str(tmp_path / "none")])
    assert (refused.exit_code, "there is no such file" in refused.output) == (2, True)
    model = AutoModelForTokenClassification.from_pretrained(tmp_path / "run")
    assert model.config.id2label == default_schema().id2label
    assert all(torch.equal(row, model.base_model.state_dict()[name]) for name, row in weights(base).items())
    assert np.isfinite(model.classifier.weight.detach().numpy()).all()


def test_random_weights_are_trained_on_the_same_documents(root):
    ours, theirs = (load_config(root / "configs" / name, FinetuneConfig) for name in ("finetune.yaml", "baselines/random.yaml"))
    assert theirs.data == ours.data
