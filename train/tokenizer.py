"""The tokenizer of our encoder: XLM-R's Unigram pieces, cut down to what Chinese text uses, never across a span border.

Blanks yield no token. Punctuation, symbols, digits, line breaks and characters without a piece each stand alone, so that no
span border falls inside a token and every rare character is an unknown token of its own. There is no normaliser, so
offsets are exact: a full-width or compatibility character (``，`` ``％`` ``㎡`` ``①``) has a piece of its own, whose vector
starts as the mean of those that the base model's normaliser would have given it.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from fazhi.errors import ConfigError
from fazhi.tokens import LINE_BREAK
from train.base import BaseFile

SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
MASK = "<mask>"
SPACE = "▁"
BLANKS = r"[^\S\n]|[\u200b\u200c\u200d\u2060\ufeff]"
ALONE = r"[\p{P}\p{S}\p{N}\p{C}\n]"
PUNCTUATION = (
    "，。、；：！？（）《》〈〉“”‘’【】〔〕「」『』［］—…·～％＋－＝／＜＞＆＊＃＠｜￥℃㎡㎏㎜㎝㎞"
    "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳⑴⑵⑶⑷⑸⑹⑺⑻⑼⑽㈠㈡㈢㈣㈤㈥㈦㈧㈨㈩０１２３４５６７８９〇×÷±≥"
    "≤√№‰°■□▲△●○★☆◆◇→←↑↓"
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of the vocabulary: its text, log-probability, and the rows of the base table whose mean is its vector."""

    text: str
    score: float
    rows: tuple[int, ...]


def _is_plain(text: str) -> bool:
    """Tell whether a piece can occur: our text has no ``▁``, and a sign that stands alone is in no longer piece."""
    if len(text) == 1:
        return True
    letters = all(unicodedata.category(char)[0] in "LM" for char in text)
    return letters and bool(text) and (text.isascii() or any(map(_is_chinese, text)))


def _is_chinese(char: str) -> bool:
    return "\u3400" <= char <= "\u9fff"


def candidates(base: BaseFile, characters: Iterable[str]) -> list[Piece]:
    """Return every piece that Chinese text may use: the base's own, and an alias for each of ``characters`` that lacks one.

    A character that the base neither has nor normalises to pieces of its own stays unknown.
    """
    found: dict[str, Piece] = {}
    for row, (text, score) in enumerate(base.pieces):
        if text not in SPECIAL and text != MASK and SPACE not in text and _is_plain(text):
            found[text] = Piece(text, score, (row,))
    own = {text: row for row, (text, _) in enumerate(base.pieces)}
    for char in sorted(set(characters)):
        parts = base.normaliser.get(char) or unicodedata.normalize("NFKC", char)
        rows = tuple(own[part] for part in parts if part in own and part not in SPECIAL)
        if char not in found and not char.isspace() and rows and len(rows) == len(parts):
            found[char] = Piece(char, min(base.pieces[row][1] for row in rows), rows)
    return list(found.values())


def same_pieces(base: BaseFile, vocabulary: Sequence[str]) -> list[Piece]:
    """Return the pieces of a vocabulary that this module built, in its order, its special tokens left out.

    ``ConfigError`` where the base has nothing to make a piece of.
    """
    names = vocabulary[len(SPECIAL) + 2 :]
    every = {piece.text: piece for piece in candidates(base, [name for name in names if len(name) == 1])}
    missing = [name for name in names if name not in every]
    if missing or list(vocabulary[: len(SPECIAL) + 2]) != [*SPECIAL, MASK, LINE_BREAK]:
        what = (
            f"the base has no vectors for {len(missing)} pieces of it, such as {missing[:3]}"
            if missing
            else "other special tokens"
        )
        raise ConfigError("vocabulary", what, "give a model whose tokenizer python -m train.prepare made")
    return [every[name] for name in names]


def build(pieces: Sequence[Piece], base: BaseFile) -> tuple[Tokenizer, torch.Tensor]:
    """Return the tokenizer and the word embeddings ``(vocabulary, hidden)`` that fit it."""
    names = {text: row for row, (text, _) in enumerate(base.pieces)}
    rows = [(names[text],) for text in (*SPECIAL, MASK, SPACE)] + [piece.rows for piece in pieces]
    vocabulary = [(text, 0.0) for text in (*SPECIAL, MASK, LINE_BREAK)] + [(piece.text, piece.score) for piece in pieces]
    table = torch.from_numpy(base.tensors["emb.word"].copy()).reshape(-1, base.header.hidden)
    vectors = torch.stack([table[list(mine)].mean(dim=0) for mine in rows])
    return _tokenizer(vocabulary), vectors


def _tokenizer(vocabulary: list[tuple[str, float]]) -> Tokenizer:
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=SPECIAL.index("<unk>")))
    singles = sorted({text for text, _ in vocabulary if len(text) == 1})
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(BLANKS), "removed"),
            pre_tokenizers.Split(Regex(ALONE), "isolated"),
            pre_tokenizers.Split(Regex(f"[^{_ranges(singles)}]"), "isolated"),
        ]
    )
    tokenizer.decoder = decoders.Fuse()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    tokenizer.add_special_tokens([*SPECIAL, MASK])
    return tokenizer


def _ranges(characters: Sequence[str]) -> str:
    """Write a set of characters as ranges of a regular expression's class."""
    runs: list[list[int]] = []
    for code in sorted(ord(char) for char in characters):
        if runs and code == runs[-1][1] + 1:
            runs[-1][1] = code
        else:
            runs.append([code, code])
    return "".join(f"\\x{{{first:x}}}-\\x{{{last:x}}}" for first, last in runs)


def as_fast(tokenizer: Tokenizer) -> PreTrainedTokenizerFast:
    """Wrap the tokenizer for transformers, with its special tokens named."""
    names = {"bos": 0, "eos": 2, "cls": 0, "sep": 2, "unk": 3, "pad": 1}
    special: dict[str, str] = {f"{name}_token": SPECIAL[index] for name, index in names.items()}
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        mask_token=MASK,
        model_max_length=512,
        model_input_names=["input_ids", "attention_mask"],
        **special,
    )


def count_pieces(tokenizer: Tokenizer, texts: Iterable[str], weight: int = 1) -> Counter[str]:
    """Count how often each piece is used in these texts, times a weight."""
    counts: Counter[str] = Counter()
    lines = (line for text in texts for line in text.split("\n") if line.strip())
    batch: list[str] = []
    for line in lines:
        batch.append(line)
        if len(batch) == 4096:
            _count(tokenizer, batch, counts, weight)
            batch = []
    _count(tokenizer, batch, counts, weight)
    return counts


def _count(tokenizer: Tokenizer, batch: list[str], counts: Counter[str], weight: int) -> None:
    ids = Counter(i for encoding in tokenizer.encode_batch_fast(batch, add_special_tokens=False) for i in encoding.ids)
    for index, count in ids.items():
        counts[str(tokenizer.id_to_token(index))] += count * weight


def prune(pieces: Sequence[Piece], counts: Mapping[str, int], size: int) -> list[Piece]:
    """Keep the ``size`` most used pieces, common Chinese characters (GB 2312), ASCII and usual signs always among them."""
    always = [piece for piece in pieces if _is_common(piece.text)]
    kept = {piece.text for piece in always}
    ranked = sorted(pieces, key=lambda piece: (-counts.get(piece.text, 0), piece.text))
    for piece in ranked:
        if len(kept) >= size:
            break
        kept.add(piece.text)
    return [piece for piece in pieces if piece.text in kept]


def _is_common(text: str) -> bool:
    if len(text) != 1:
        return False
    if text.isascii() or text in PUNCTUATION:
        return True
    try:
        return bool(text.encode("gb2312"))
    except UnicodeEncodeError:
        return False
