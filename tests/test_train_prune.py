"""Narrowing feed-forward layers: what goes, what the others take over, and the model that comes out."""

import json

import pytest
import torch
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoModelForTokenClassification, BertConfig, BertForTokenClassification, BertModel

from fazhi.errors import ConfigError
from fazhi.schema import default_schema
from train import prune
from train.prune import narrow, second_moments, surgeon
from train.tokenizer import as_fast


def moments_of(rows):
    return (rows.T @ rows).double() / len(rows)


def test_neurons_that_others_can_stand_in_for_go_without_a_trace():
    torch.manual_seed(0)
    free = torch.randn(500, 5)
    rows = torch.cat([free, free @ torch.randn(5, 3)], dim=1)
    weight = torch.randn(4, 8)
    kept, new = surgeon(weight, moments_of(rows), 5)
    assert kept.tolist() == sorted(set(kept.tolist()))
    assert new.shape == (4, 5)
    wanted = rows @ weight.T
    assert (rows[:, kept] @ new.T - wanted).abs().max() < 0.05 * wanted.abs().max()


def test_the_silent_and_the_unheard_go_first():
    torch.manual_seed(0)
    rows, weight = torch.randn(400, 6), torch.randn(3, 6)
    rows[:, 2] = 0.0
    weight[:, 4] = 0.0
    kept, _ = surgeon(weight, moments_of(rows), 4)
    assert kept.tolist() == [0, 1, 3, 5]


@settings(max_examples=30)
@given(st.integers(0, 1000), st.integers(1, 12))
def test_the_reply_is_never_worse_than_dropping_the_same_neurons(seed, width):
    torch.manual_seed(seed)
    rows = torch.relu(torch.randn(300, 12) @ torch.randn(12, 12))
    weight = torch.randn(5, 12)
    kept, new = surgeon(weight, moments_of(rows), width)
    wanted = rows @ weight.T
    mended, dropped = ((rows[:, kept] @ w.T - wanted).square().mean() for w in (new, weight[:, kept]))
    assert len(kept) == width
    assert mended <= dropped * 1.001 + 1e-6


@pytest.mark.parametrize("width", [0, -1, 13])
def test_a_width_that_the_layer_does_not_have_is_refused(width):
    with pytest.raises(ConfigError, match="not within 1 … 12"):
        surgeon(torch.ones(2, 12), torch.eye(12), width)


def small_model(width=32):
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=50, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=width, num_labels=7
    )
    return BertForTokenClassification(config).eval()


def test_second_moments_are_those_of_the_inputs():
    linear = torch.nn.Linear(3, 2)
    rows = torch.randn(4, 5, 3)
    found = second_moments(linear, lambda: linear(rows))
    assert torch.allclose(found, moments_of(rows.flatten(0, 1)), atol=1e-6)
    assert not linear._forward_pre_hooks


def test_a_full_width_changes_nothing_and_a_smaller_one_little(tmp_path):
    model, ids = small_model(), torch.randint(5, 50, (8, 20))
    with torch.no_grad():
        before = model(input_ids=ids).logits
        narrow(model, lambda: model(input_ids=ids), 32)
        assert torch.allclose(model(input_ids=ids).logits, before, atol=1e-5)
        narrow(model, lambda: model(input_ids=ids), 20)
        after = model(input_ids=ids).logits
    assert (after - before).norm() < 0.1 * before.norm()
    assert model.config.intermediate_size == 20
    model.save_pretrained(tmp_path)
    again = AutoModelForTokenClassification.from_pretrained(tmp_path).eval()
    assert again.bert.encoder.layer[1].output.dense.weight.shape == (16, 20)
    with torch.no_grad():
        assert torch.allclose(again(input_ids=ids).logits, after, atol=1e-6)


def test_the_command_writes_a_model_that_loads(toy, tmp_path, capsys):
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    BertModel(BertConfig(vocab_size=60, pad_token_id=1, **sizes), add_pooling_layer=False).save_pretrained(tmp_path / "base")
    as_fast(toy).save_pretrained(tmp_path / "base")
    texts, base = tmp_path / "texts.jsonl", str(tmp_path / "base")
    texts.write_text(json.dumps({"text": "受理行政复议申请12件，办理件3件。" * 60}) + "\n", encoding="utf-8")
    prune.main(base, tmp_path / "out", width=8, texts=[str(texts)], reports="")
    model = AutoModelForTokenClassification.from_pretrained(tmp_path / "out")
    assert model.config.num_labels == default_schema().size
    assert {p.shape[0] for n, p in model.named_parameters() if n.endswith("intermediate.dense.weight")} == {8}
    assert "8 neurons" in capsys.readouterr().out
    texts.write_text('{"text": "短"}\n', encoding="utf-8")
    for file, said in ((tmp_path / "none.jsonl", "none.jsonl"), (texts, "no text has 254 tokens")):
        with pytest.raises(typer.Exit):
            prune.main(base, tmp_path / "other", width=8, texts=[str(file)], reports="")
        assert said in capsys.readouterr().err
    assert not (tmp_path / "other").exists()
