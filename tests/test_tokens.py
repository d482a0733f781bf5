"""Documents to tokens: offsets are exact, whatever the text; nothing stands across a digit, a sign or a line."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models
from transformers import AutoTokenizer

from fazhi.errors import ConfigError
from fazhi.tokens import LINE_BREAK, tokenize
from train.base import BaseFile, Header
from train.tokenizer import as_fast, build, candidates, same_pieces

TEXTS = st.text(
    st.one_of(
        st.sampled_from("受理行政复议申请办件5７0１％，（）㎡ \u3000\u00a0\n\r\t\u200b\ufeff龘😀👨‍👩‍👧m①"),
        st.characters(exclude_categories=["Cs"]),
    )
)


@given(text=TEXTS)
def test_offsets_are_exact_whatever_the_text(toy, text):
    tokens = tokenize(text, toy)
    assert len(tokens.ids) == len(tokens.offsets)
    covered = [False] * len(text)
    for start, end in tokens.offsets.tolist():
        assert 0 <= start < end <= len(text)
        assert not any(covered[start:end])
        covered[start:end] = [True] * (end - start)
    assert tokens.offsets.tolist() == sorted(tokens.offsets.tolist())
    left = {char for char, seen in zip(text, covered, strict=True) if not seen}
    assert all(char.isspace() or char in "\u200b\u200c\u200d\u2060\ufeff" for char in left)


@given(text=TEXTS)
def test_known_tokens_are_the_text_at_their_place(toy, text):
    tokenizer = toy
    tokens = tokenize(text, tokenizer)
    for index, (start, end) in zip(tokens.ids.tolist(), tokens.offsets.tolist(), strict=True):
        piece = tokenizer.id_to_token(index)
        assert piece == text[start:end] or piece == "<unk>"
        if piece == "<unk>":
            assert end - start == 1


def test_full_width_signs_have_pieces_of_their_own(toy):
    tokenizer = toy
    text = "受理行政复议申请１0件，１％（㎡）"
    tokens = tokenize(text, tokenizer)
    pieces = [tokenizer.id_to_token(index) for index in tokens.ids.tolist()]
    assert pieces == ["受理", "行政", "复议", "申请", "１", "0", "件", "，", "１", "％", "（", "㎡", "）"]


def test_an_alias_starts_as_the_mean_of_what_it_stands_for():
    names = ["<s>", "<pad>", "</s>", "<unk>", "m", "2", "▁", "<mask>"]
    table = np.arange(16, dtype=np.float32)
    base = BaseFile(Header(2, 1, 1, 2, 8, 8, 1, 1e-12), tuple((n, -1.0) for n in names), {"㎡": "m2"}, {"emb.word": table})
    tokenizer, rows = build(candidates(base, "㎡"), base)
    assert torch.equal(rows[tokenizer.token_to_id("㎡")], torch.tensor([9.0, 10.0]))


def test_the_pieces_of_another_model_come_back_in_its_order():
    names = ["<s>", "<pad>", "</s>", "<unk>", "m", "2", "受理", "行政", "▁", "<mask>"]
    table = {"emb.word": np.arange(20, dtype=np.float32)}
    base = BaseFile(Header(2, 1, 1, 2, 10, 8, 1, 1e-12), tuple((n, -1.0) for n in names), {"㎡": "m2"}, table)
    every = candidates(base, "㎡")
    theirs, rows = build([every[4], every[0], every[2]], base)
    vocabulary = sorted(theirs.get_vocab(), key=theirs.token_to_id)
    mine, again = build(same_pieces(base, vocabulary), base)
    assert mine.to_str() == theirs.to_str()
    assert torch.equal(again, rows)
    with pytest.raises(ConfigError, match=r"1 pieces of it, such as .*办理"):
        same_pieces(base, [*vocabulary, "办理"])
    with pytest.raises(ConfigError, match="other special tokens"):
        same_pieces(base, ["[CLS]", *vocabulary[1:]])


def test_rare_characters_are_unknown_one_by_one(toy):
    tokens = tokenize("受理龘龘😀件", toy)
    assert tokens.offsets.tolist() == [[0, 2], [2, 3], [3, 4], [4, 5], [5, 6]]
    assert tokens.ids.tolist()[1:4] == [3, 3, 3]


def test_one_line_break_token_between_lines_that_are_not_blank(toy):
    tokenizer = toy
    tokens = tokenize("\n受理\n \n\n件\n", tokenizer)
    assert [tokenizer.id_to_token(index) for index in tokens.ids.tolist()] == ["受理", LINE_BREAK, "件"]
    assert tokens.offsets.tolist() == [[1, 3], [3, 4], [7, 8]]


def test_blank_text_has_no_tokens(toy):
    assert len(tokenize(" \n\u3000", toy)) == 0
    assert tokenize("", toy).offsets.shape == (0, 2)


def test_a_line_break_token_needs_a_place_in_the_vocabulary():
    plain = Tokenizer(models.WordLevel({"[UNK]": 0, "ab": 1}, unk_token="[UNK]"))
    assert tokenize("ab\nab", plain).ids.tolist() == [1, 1]


def test_saved_tokenizer_loads_with_transformers_and_gives_the_same(toy, tmp_path):
    as_fast(toy).save_pretrained(tmp_path)
    again = AutoTokenizer.from_pretrained(tmp_path)
    text = "受理行政复议申请57件"
    assert again(text)["input_ids"] == [0, *tokenize(text, toy).ids.tolist(), 2]
    assert Tokenizer.from_file(str(tmp_path / "tokenizer.json")).encode(text, add_special_tokens=False).ids == (
        tokenize(text, toy).ids.tolist()
    )
