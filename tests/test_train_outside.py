"""Public entity sets: a tag a character, whatever the tokens; a tiny set is learnt."""

import json
import lzma

import numpy as np
import pytest
import torch
from torch import nn
from transformers import BertConfig, BertModel

from fazhi.document import Document, Span
from fazhi.errors import ConfigError
from train.dataset import IGNORE
from train.optimizer import OptimConfig
from train.outside import batches, decode, loss_of, make_example, run, schema_of, spell
from train.tokenizer import as_fast

ENTITY = Document("a", "受理行政复议申请57件m ab", spans=(Span(1, 3, "X"), Span(6, 8, "Y"), Span(11, 14, "X")))


def test_long_tokens_are_spelt_out(toy):
    wide, narrow = (spell("受理行政复议", toy, width) for width in (4, 1))
    assert wide.offsets.tolist() == [[0, 2], [2, 4], [4, 6]]
    assert narrow.offsets.tolist() == [[at, at + 1] for at in range(6)]
    assert narrow.ids.tolist() == [toy.token_to_id(char) for char in "受理行政复议"]


@pytest.mark.parametrize("width", [1, 2, 4])
def test_a_border_inside_a_token_is_kept(toy, width):
    schema = schema_of([ENTITY], width)
    example = make_example(ENTITY, toy, schema)
    assert example.inexact == 0
    one_hot = np.eye(5, dtype=np.float32)[np.where(example.tags == IGNORE, 0, example.tags).T] * 9
    found = decode(one_hot.reshape(len(example.tokens), -1), example, schema.layers[0])
    assert [(s.start, s.end, s.label) for s in found] == [(s.start, s.end, s.label) for s in ENTITY.spans]


def test_entities_that_overlap_are_counted_as_lost(toy):
    document = Document("a", "受理行政复议", spans=(Span(0, 4, "X"), Span(2, 6, "X")))
    example = make_example(document, toy, schema_of([document], 2))
    assert example.inexact == 1
    assert example.tags.tolist() == [[1, 2, 0], [2, 2, 0]]


def test_the_loss_is_that_of_the_characters():
    torch.manual_seed(0)
    logits, tags = torch.randn(1, 2, 6), torch.tensor([[[0, 2], [1, IGNORE]]])
    rows = torch.stack([logits[0, 0, :3], logits[0, 0, 3:], logits[0, 1, :3]])
    assert torch.isclose(loss_of(logits, tags), nn.functional.cross_entropy(rows, torch.tensor([0, 1, 2])))


def test_batches_hold_every_sentence_once_and_neighbours_by_length():
    lengths = [3, 50, 4, 49, 5, 51, 3, 48]
    cut = batches(lengths, 2, np.random.default_rng(0))
    assert sorted(i for batch in cut for i in batch) == list(range(8))
    assert sorted(sorted(lengths[i] for i in batch) for batch in cut) == [[3, 3], [4, 5], [48, 49], [50, 51]]


def write(folder, split, count):
    rows = []
    for index in range(count):
        text = "受理行政复议办件"[index % 3 :] + "申请" + "m57"[index % 3]
        at = text.index("复议")
        rows.append(json.dumps({"id": f"{split}{index}", "text": text, "entities": [[at + 1, at + 3, "X"]]}))
    with lzma.open(folder / f"{split}.jsonl.xz", "wt", encoding="utf-8") as stream:
        stream.write("\n".join(rows))


def test_a_tiny_set_is_learnt_and_reported(toy, tmp_path):
    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "num_attention_heads": 2, "intermediate_size": 64, "num_hidden_layers": 2}
    encoder = BertConfig(vocab_size=toy.get_vocab_size(), pad_token_id=1, max_position_embeddings=300, **sizes)
    BertModel(encoder, add_pooling_layer=False).save_pretrained(tmp_path / "base")
    as_fast(toy).save_pretrained(tmp_path / "base")
    for split, count in (("train", 40), ("dev", 5), ("test", 5)):
        write(tmp_path, split, count)
    plan = OptimConfig(lr=1e-2, batch=8, epochs=6, dropout=0.0)
    rows = run("made-up", tmp_path, str(tmp_path / "base"), 3, tmp_path / "out", plan, width=2)
    told = json.loads((tmp_path / "out" / "made-up-3.json").read_text(encoding="utf-8"))
    assert told["results"] == rows
    assert [(row["split"], row["f1"]) for row in rows] == [("dev", 100.0), ("test", 100.0)]
    assert [entry["epoch"] for entry in told["history"]] == list(range(1, 7))
    assert told["history"][-1]["loss"] < told["history"][0]["loss"]


def test_a_folder_without_splits_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"holds the splits \[\]"):
        run("none", tmp_path, "nowhere", 0, tmp_path, OptimConfig())
