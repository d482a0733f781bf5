"""The model directory: the one place where training and the runtime meet.

``config.json`` (label layers, windows, temperatures), ``tokenizer.json``, weights (``model.int8.onnx``, ``model.onnx`` or
``model.safetensors``) and ``checksums.json`` (SHA-256 a file), which is verified when there is one.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from fazhi.errors import ModelError, SchemaError
from fazhi.schema import Schema

DEFAULT = "small"
WEIGHTS = ("model.int8.onnx", "model.onnx", "model.safetensors")
_SPECIALS = (("<s>", "</s>", "<pad>"), ("[CLS]", "[SEP]", "[PAD]"))
_EXPORT_AGAIN = "export it again with python -m models.export, or leave --model out to use the shipped model"


def locate(model: str | Path | None = None) -> Path:
    """Return the directory of a model: a path, a shipped model's name (``small``, ``fast``), or a hub id.

    Without a name: ``FAZHI_MODEL``, the copy inside the package, the checkout's ``models/fazhi-small``, in this order.
    """
    name = str(model or os.environ.get("FAZHI_MODEL") or DEFAULT)
    if Path(name).is_dir():
        return Path(name)
    here = Path(__file__).parent
    for folder in (here / "_models", here.parent / "models"):
        if (folder / f"fazhi-{name}").is_dir():
            return folder / f"fazhi-{name}"
    if name.count("/") == 1 and not name.startswith((".", "/", "~")) and not Path(name).parent.is_dir():
        return _from_hub(name)
    raise ModelError(name, "no such directory", "give a model directory, 'small', 'fast', or a hub id such as org/name")


def _from_hub(name: str) -> Path:
    from huggingface_hub import snapshot_download  # comes with tokenizers; slow to import, and hardly anyone gets here

    patterns = ["*.json", "*.onnx", "*.safetensors"]
    try:
        return Path(snapshot_download(name, allow_patterns=patterns))
    except Exception as error:  # the hub client raises errors of httpx, requests and its own, by version
        what = f"cannot be fetched from the hub ({str(error).splitlines()[0][:120]})"
        raise ModelError(name, what, "check the name and the network, or give a local directory") from error


@dataclass(frozen=True)
class ModelDirectory:
    """An opened model directory; everything about it that is wrong is a ``ModelError``."""

    path: Path

    @classmethod
    def open(cls, model: str | Path | None = None, verify: bool = True) -> ModelDirectory:
        """Locate a model, verify its checksums, and see that nothing it needs is missing."""
        directory = cls(locate(model))
        if verify:
            directory.verify()
        _ = directory.schema, directory.weights
        return directory

    def verify(self) -> None:
        """Compare every file that ``checksums.json`` names with its SHA-256 sum; a directory without that file passes."""
        if not (self.path / "checksums.json").exists():
            return
        for name, expected in self._json("checksums.json").items():
            if not (self.path / name).exists():
                if name in WEIGHTS and any((self.path / other).exists() for other in WEIGHTS):
                    continue  # the wheel carries one form of the weights
                raise ModelError(self.path, f"{name} is missing", "copy the whole directory, or install fazhi again")
            if hashlib.sha256((self.path / name).read_bytes()).hexdigest() != expected:
                raise ModelError(
                    self.path, f"{name} is not the file it was (SHA-256 differs)", "copy it again, or " + _EXPORT_AGAIN
                )

    @cached_property
    def config(self) -> dict[str, Any]:
        """The model's ``config.json``."""
        return self._json("config.json")

    @cached_property
    def schema(self) -> Schema:
        """The label layers."""
        try:
            return Schema.from_model_config(self.config)
        except SchemaError as error:
            raise ModelError(self.path, str(error), _EXPORT_AGAIN) from error

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """The tokenizer of ``tokenizer.json``."""
        self._need("tokenizer.json")
        try:
            return Tokenizer.from_file(str(self.path / "tokenizer.json"))
        except Exception as error:  # tokenizers raises bare Exception
            raise ModelError(self.path, f"tokenizer.json cannot be read ({error})", _EXPORT_AGAIN) from error

    @property
    def weights(self) -> Path:
        """The weights: int8 ONNX, else float ONNX, else safetensors."""
        for name in WEIGHTS:
            if (self.path / name).is_file():
                return self.path / name
        raise ModelError(self.path, f"none of {', '.join(WEIGHTS)} is there", _EXPORT_AGAIN)

    @property
    def specials(self) -> tuple[int, int, int]:
        """The ids of the begin, end and padding tokens."""
        for names in _SPECIALS:
            begin, end, pad = (self.tokenizer.token_to_id(name) for name in names)
            if begin is not None and end is not None and pad is not None:
                return begin, end, pad
        raise ModelError(self.path, "tokenizer.json has neither <s> </s> <pad> nor [CLS] [SEP] [PAD]", _EXPORT_AGAIN)

    @property
    def window(self) -> tuple[int, int]:
        """Tokens a window (without special tokens) and tokens that neighbouring windows share."""
        return int(self.config.get("window", 254)), int(self.config.get("window_overlap", 64))

    @property
    def temperatures(self) -> dict[str, float]:
        """The calibrated temperature of each layer (1 where none was fitted)."""
        return {layer.name: float(self.config.get("temperatures", {}).get(layer.name, 1.0)) for layer in self.schema.layers}

    @cached_property
    def version(self) -> str:
        """Name and the first digits of the weights' SHA-256: changes whenever the model does."""
        digest = hashlib.sha256((self.path / "config.json").read_bytes() + self.weights.read_bytes()).hexdigest()
        return f"{self.path.name}-{digest[:12]}"

    def _need(self, name: str) -> None:
        if not (self.path / name).is_file():
            raise ModelError(self.path, f"{name} is missing", _EXPORT_AGAIN)

    def _json(self, name: str) -> dict[str, Any]:
        self._need(name)
        try:
            content = json.loads((self.path / name).read_text(encoding="utf-8"))
        except ValueError as error:
            raise ModelError(self.path, f"{name} is no JSON ({error})", _EXPORT_AGAIN) from error
        if not isinstance(content, dict):
            raise ModelError(self.path, f"{name} holds no object", _EXPORT_AGAIN)
        return content
