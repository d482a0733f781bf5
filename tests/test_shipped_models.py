"""The models as they are shipped: whole, small, told truly by their cards, loadable without code of ours, inside the wheel."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
import zipfile

import numpy as np
import pytest

from fazhi.model_dir import ModelDirectory
from fazhi.schema import default_schema

NAMES = ("fazhi-small", "fazhi-fast")
TEXT = "2023年，全市受理行政复议申请57件，审结52件。组织开展宪法宣传活动120余场次。一是执法力量不足，二是制度不健全。" * 3


@pytest.fixture(params=NAMES)
def model(request, root):
    return root / "models" / request.param


def sums(model):
    return json.loads((model / "checksums.json").read_text(encoding="utf-8"))


def test_it_is_whole_and_small(model):
    directory = ModelDirectory.open(model)
    assert set(sums(model)) == {path.name for path in model.iterdir()} - {"README.md", "checksums.json"}
    assert directory.weights.name == "model.int8.onnx"
    assert directory.weights.stat().st_size <= 20e6
    assert directory.schema == default_schema()
    assert directory.tokenizer.get_vocab_size() == directory.config["vocab_size"]
    assert all(0.3 < value < 5 for value in directory.temperatures.values())


def test_its_card_tells_its_files_and_the_scores_of_the_board(model, root):
    card = (model / "README.md").read_text(encoding="utf-8")
    assert dict(re.findall(r"^\| (\S+) \| [\d.]+ \| `(\w{64})` \|$", card, re.MULTILINE)) == sums(model)
    told = re.findall(r"^\| ([A-Z]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|", card, re.MULTILINE)
    kept = []
    for gold in ("gold", "built"):
        board = json.loads((root / "evaluate" / "scores" / f"{gold}-{model.name}.json").read_text(encoding="utf-8"))
        assert board["model"] == ModelDirectory(model).version
        for label, found in board["strict"]["labels"].items():
            kept.append((label, *(f"{found[name]:.3f}" for name in ("precision", "recall", "f1"))))
    assert told == kept


def test_plain_transformers_gives_the_answers_of_the_int8_file(model):
    transformers = pytest.importorskip("transformers", reason="pip install 'fazhi[train]'")
    torch = pytest.importorskip("torch", reason="pip install 'fazhi[train]'")
    from fazhi.backends import OnnxBackend
    from fazhi.tokens import tokenize

    directory = ModelDirectory.open(model)
    ids = tokenize(TEXT, directory.tokenizer).ids
    (quantised,) = OnnxBackend(directory.weights, directory.specials, 1).logits([ids])
    plain = transformers.AutoModelForTokenClassification.from_pretrained(model, dtype=torch.float32).eval()
    assert plain.config.id2label == default_schema().id2label
    tokenizer = transformers.AutoTokenizer.from_pretrained(model)
    assert tokenizer(TEXT)["input_ids"] == [0, *ids.tolist(), 2]
    with torch.inference_mode():
        rows = plain(**tokenizer(TEXT, return_tensors="pt")).logits[0, 1:-1].numpy()
    for layer in default_schema().layers:
        assert np.mean(rows[:, layer.slice].argmax(1) == quantised[:, layer.slice].argmax(1)) >= 0.98


def test_the_wheel_is_told_to_take_all_of_it_but_the_torch_weights(model, root):
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    taken = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    wanted = {path.name for path in model.iterdir()} - {"model.safetensors"}
    assert {name: f"fazhi/_models/{model.name}/{name}" for name in wanted} == {
        source.rpartition("/")[2]: place for source, place in taken.items() if source.startswith(f"models/{model.name}/")
    }


@pytest.mark.slow
def test_the_wheel_holds_the_models(root, tmp_path):
    wheels = pytest.importorskip("hatchling.builders.wheel", reason="pip install 'fazhi[dev]'")
    (built,) = wheels.WheelBuilder(str(root)).build(directory=str(tmp_path), versions=["standard"])
    with zipfile.ZipFile(built) as wheel:
        names = wheel.namelist()
        for name in NAMES:
            for file, digest in sums(root / "models" / name).items():
                inside = f"fazhi/_models/{name}/{file}"
                assert (inside in names) == (file != "model.safetensors")
                assert inside not in names or hashlib.sha256(wheel.read(inside)).hexdigest() == digest
    assert not [name for name in names if name.startswith(("train/", "data/", "tests/"))]
