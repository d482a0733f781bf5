"""Encoders and token classifiers as training takes them; whatever of them does not fit is told before the first step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pickle import UnpicklingError
from typing import Any

import torch
import transformers
from safetensors import SafetensorError
from transformers import AutoConfig, AutoModelForTokenClassification, AutoTokenizer, PreTrainedModel

from fazhi.errors import ConfigError
from fazhi.schema import Schema
from train.attention import speed_up


def quiet() -> None:
    """Switch off transformers' progress bars and notes about the head that is new."""
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()


REMEDY = "run python -m train.prepare first, or give a directory, or a hub id where there is a network"


@contextmanager
def loading(name: str, remedy: str = REMEDY) -> Iterator[None]:
    """Turn what torch and transformers raise for a missing, unreachable or damaged file into a ``ConfigError``."""
    try:
        yield
    except (OSError, EOFError, ValueError, RuntimeError, SafetensorError, UnpicklingError) as error:
        why = [*str(error).strip().splitlines(), type(error).__name__][0][:160]
        raise ConfigError(name, f"cannot be loaded ({why})", remedy) from error


def load_tokenizer(name: str) -> Any:  # noqa: ANN401  a fast tokenizer
    """Return the fast tokenizer of a directory or hub id."""
    with loading(name):
        tokenizer = AutoTokenizer.from_pretrained(name)
    if getattr(tokenizer, "backend_tokenizer", None) is None:
        raise ConfigError(name, "it has no fast tokenizer", "give a model with a tokenizer.json")
    return tokenizer


def load_model(base: str, schema: Schema, dropout: float, layers: Sequence[int] = ()) -> tuple[PreTrainedModel, Any]:
    """Load an encoder or token classifier (directory or hub id) and its fast tokenizer.

    The head is new where the base has none. ``ConfigError`` where its labels are not the schema's, or where its tokenizer has
    more pieces than it has embeddings.
    """
    tokenizer = load_tokenizer(base)
    with loading(base):
        check_labels(base, schema)
        model = AutoModelForTokenClassification.from_pretrained(
            base,
            dtype=torch.float32,
            num_labels=schema.size,
            id2label=schema.id2label,
            label2id={name: index for index, name in schema.id2label.items()},
        )
    check_vocabulary(base, tokenizer, model)
    model = take_layers(model, layers) if layers else model
    speed_up(model, dropout)
    return model, tokenizer


def check_labels(name: str, schema: Schema, needed: bool = False) -> None:
    """Refuse a token classifier with other labels; an encoder without a head passes unless a head is ``needed``."""
    config = AutoConfig.from_pretrained(name)
    classifies = any("ForTokenClassification" in one for one in config.architectures or ())
    if (classifies or needed) and config.id2label != schema.id2label:
        what = f"its labels are {', '.join(config.id2label.values())}"
        raise ConfigError(name, what, "name a model with the labels of configs/labels.yaml, or the encoder it was made from")


def check_vocabulary(name: str, tokenizer: Any, model: PreTrainedModel) -> None:  # noqa: ANN401  a fast tokenizer
    """Refuse a tokenizer with ids that the model has no embeddings for."""
    if len(tokenizer) > model.config.vocab_size:
        what = f"its tokenizer has {len(tokenizer)} pieces, its model {model.config.vocab_size} embeddings"
        raise ConfigError(name, what, "copy both from the same run")


def take_layers(model: PreTrainedModel, layers: Sequence[int]) -> PreTrainedModel:
    """Return a copy of a BERT token classifier that keeps only these encoder layers, counted from 1."""
    count = model.config.num_hidden_layers
    if not layers or not all(1 <= layer <= count for layer in layers):
        raise ConfigError("layers", f"layers {list(layers)} are not within 1 … {count}", "name layers that the model has")
    config = type(model.config).from_dict({**model.config.to_dict(), "num_hidden_layers": len(layers)})
    renamed = {f"encoder.layer.{layer - 1}.": f"encoder.layer.{index}." for index, layer in enumerate(layers)}
    state = {}
    for name, tensor in model.state_dict().items():
        old = next((old for old in renamed if old in name), None)
        if old is not None:
            state[name.replace(old, renamed[old])] = tensor.clone()
        elif "encoder.layer." not in name:
            state[name] = tensor.clone()
    kept = AutoModelForTokenClassification.from_config(config)
    kept.load_state_dict(state)
    return kept
