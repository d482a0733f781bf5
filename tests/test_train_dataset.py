"""Training windows: they cover every token, come back the same, and carry the right tags."""

from __future__ import annotations

import json
import lzma

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fazhi.document import Document, Span
from fazhi.errors import InputError
from fazhi.schema import default_schema
from train.dataset import (
    IGNORE,
    Collator,
    WindowDataset,
    make_examples,
    plan_epochs,
    random_windows,
    read_jsonl,
    read_texts,
    split_publishers,
)

TEXT = "受理行政复议申请57件，办理件5件。"


def document(text=TEXT, **meta):
    return Document("one", text, meta, (Span(0, 11, "METRIC"), Span(12, 17, "MEASURE")))


def dataset(toy, noise=0.0, epochs=1, size=6):
    examples = make_examples([document()], toy, default_schema())
    return WindowDataset(examples, toy, plan_epochs(examples, size, epochs, seed=3), 3, noise)


@given(st.lists(st.integers(1, 60), min_size=1, max_size=5), st.integers(1, 20), st.integers(0, 9))
def test_windows_cover_every_token_and_stay_inside(lengths, size, seed):
    windows = random_windows(lengths, size, np.random.default_rng(seed))
    for index, length in enumerate(lengths):
        mine = [(start, end) for which, start, end in windows if which == index]
        assert all(start >= 0 and end <= length and end - start == min(size, length) for start, end in mine)
        assert set(range(length)) == {at for start, end in mine for at in range(start, end)}
        assert len(mine) <= length // size + 2


def test_the_plan_depends_on_seed_and_epoch_alone(toy):
    examples = make_examples([document()], toy, default_schema())
    assert plan_epochs(examples, 4, 3, 5) == plan_epochs(examples, 4, 3, 5)
    assert plan_epochs(examples, 4, 3, 5)[: len(plan_epochs(examples, 4, 1, 5))] == plan_epochs(examples, 4, 1, 5)


def test_a_window_has_special_tokens_and_its_tags(toy):
    item = dataset(toy, size=50)[0]
    assert item["input_ids"][0] == 0
    assert item["input_ids"][-1] == 2
    pieces = [toy.id_to_token(index) for index in item["input_ids"].tolist()[1:-1]]
    assert pieces == ["受理", "行政", "复议", "申请", "5", "7", "件", "，", "办理", "件", "5", "件", "<unk>"]
    assert item["tags"].tolist() == [
        [IGNORE, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 2, 2, 0, IGNORE],
        [IGNORE, 1, 2, 2, 2, 2, 2, 2, 0, 0, 0, 0, 0, 0, IGNORE],
    ]


def test_digit_noise_changes_digits_only_and_repeats(toy):
    plain, noisy = dataset(toy, size=50)[0]["input_ids"], dataset(toy, 1.0, size=50)
    first, again = noisy[0]["input_ids"], noisy[0]["input_ids"]
    assert torch.equal(first, again)
    digits = {toy.token_to_id(str(digit)) for digit in (0, 1, 2, 5, 7)}
    for before, after in zip(plain.tolist(), first.tolist(), strict=True):
        assert before == after or {before, after} <= digits


def test_batches_are_padded_and_masked_only_where_needed(toy):
    items = [dataset(toy, size=50)[0], dataset(toy, size=4)[0]]
    batch = Collator(1)(items)
    assert batch["input_ids"].shape == (2, 15)
    assert batch["attention_mask"].sum(1).tolist() == [15, 6]
    assert (batch["tags"][1, :, 6:] == IGNORE).all()
    assert (batch["input_ids"][1, 6:] == 1).all()
    assert "attention_mask" not in Collator(1)(items[:1] * 2)


def test_publishers_are_kept_apart_under_joint_names_too():
    documents = [document(publisher=name) for name in ("甲县司法局", "甲县司法局（办公室公开）", "甲县公安局")]
    train, dev = split_publishers(documents, ["甲县司法局"])
    assert [d.meta["publisher"] for d in train] == ["甲县公安局"]
    assert len(dev) == 2


def test_a_bad_line_is_named(tmp_path):
    (tmp_path / "a.jsonl").write_text(json.dumps({"id": "a", "text": "b"}) + "\n{}\n")
    with pytest.raises(InputError, match=r"a\.jsonl:2"):
        read_jsonl(tmp_path / "a.jsonl")
    with pytest.raises(InputError, match="cannot be read"):
        read_jsonl(tmp_path / "none.jsonl")


def test_borders_inside_a_token_are_counted(toy):
    cut = Document("two", TEXT, {}, (Span(1, 11, "METRIC"),))
    assert make_examples([cut], toy, default_schema())[0].inexact == 1


def test_an_empty_text_ends_nothing_and_the_limit_is_exact(tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in ("甲乙", "", "丙丁戊", "己")))
    assert list(read_texts(path)) == ["甲乙", "丙丁戊", "己"]
    assert list(read_texts(path, 4)) == ["甲乙", "丙丁"]
    assert list(read_texts(path, 2)) == ["甲乙"]


@pytest.mark.parametrize("name", ["t.jsonl", "t.jsonl.xz"])
def test_texts_that_are_damaged_are_told(tmp_path, name):
    (tmp_path / name).write_bytes(lzma.compress(json.dumps({"text": "甲"}).encode() * 50)[:-20])
    with pytest.raises(InputError, match="cannot be read as texts"):
        list(read_texts(tmp_path / name))
    (tmp_path / "t.jsonl").write_text("[1]")
    with pytest.raises(InputError, match="cannot be read as texts"):
        list(read_texts(tmp_path / "t.jsonl"))
