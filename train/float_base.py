"""The same base out of float weights: ``intfloat/multilingual-e5-small``, or any BERT encoder with Unigram pieces.

It becomes what the four-bit file is read into (``train.base``), so that pruning and all that follows are the same.
"""

from __future__ import annotations

import json
from typing import Any

import torch
from transformers import AutoModel

from fazhi.errors import ConfigError
from train.base import BaseFile, Header, names_of
from train.encoders import check_vocabulary, load_tokenizer, loading
from train.tokenizer import MASK, SPACE, SPECIAL

PLANE = 0x10000
"""Code points whose normalised forms are asked for: the basic plane."""


def read_checkpoint(name: str) -> BaseFile:
    """Read an encoder and its tokenizer from a directory or the hub; ``ConfigError`` where they are of another kind."""
    tokenizer = load_tokenizer(name)
    with loading(name):
        model = AutoModel.from_pretrained(name, dtype=torch.float32)
    if model.config.model_type != "bert":
        raise ConfigError(name, f"it is of type {model.config.model_type}", "give a BERT encoder with Unigram pieces")
    check_vocabulary(name, tokenizer, model)
    config = model.config
    header = Header(
        config.hidden_size,
        config.num_hidden_layers,
        config.num_attention_heads,
        config.intermediate_size,
        config.vocab_size,
        config.max_position_embeddings,
        config.type_vocab_size,
        config.layer_norm_eps,
    )
    state = model.state_dict()
    tensors = {short: state[long].numpy().reshape(-1) for short, long in names_of(header.layers).items()}
    return BaseFile(header, _pieces(name, tokenizer), _normaliser(tokenizer.backend_tokenizer), tensors)


def _pieces(name: str, tokenizer: Any) -> tuple[tuple[str, float], ...]:  # noqa: ANN401  a fast tokenizer
    """Return pieces and log-probabilities in the order of their ids."""
    kind = json.loads(tokenizer.backend_tokenizer.to_str())["model"]
    if kind["type"] != "Unigram":
        raise ConfigError(name, f"its pieces are {kind['type']}", "give a Unigram one, or fine-tune it as it is (base: …)")
    scores = dict(kind["vocab"])
    vocabulary: dict[str, int] = tokenizer.get_vocab()
    missing = {*SPECIAL, MASK, SPACE} - set(vocabulary)
    if missing:
        raise ConfigError(name, f"it has no pieces {' '.join(sorted(missing))}", "give a model with XLM-R's special pieces")
    return tuple((piece, float(scores.get(piece, 0.0))) for piece in sorted(vocabulary, key=vocabulary.__getitem__))


def _normaliser(tokenizer: Any) -> dict[str, str]:  # noqa: ANN401  a tokenizer of tokenizers
    """Return the characters that the tokenizer replaces, each with what it becomes."""
    if tokenizer.normalizer is None:
        return {}
    characters = (chr(code) for code in range(PLANE) if not 0xD800 <= code < 0xE000)
    found = ((char, tokenizer.normalizer.normalize_str(char)) for char in characters)
    return {char: normal for char, normal in found if normal != char}
