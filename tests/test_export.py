"""Export: torch and ONNX agree, int8 stays close, the directory is complete, checked, and loads with plain transformers."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from transformers import AutoModelForTokenClassification, AutoTokenizer, BertConfig, BertForTokenClassification

from fazhi.errors import ModelError
from fazhi.model_dir import ModelDirectory
from fazhi.schema import default_schema
from models.export import difference, export, quantize_rows
from train.tokenizer import as_fast


def save_run(folder, toy, labels=None):
    torch.manual_seed(0)
    labels = labels or default_schema().id2label
    config = BertConfig(
        vocab_size=4000, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64,
        max_position_embeddings=300, pad_token_id=1, num_labels=len(labels), id2label=labels,
        label2id={name: index for index, name in labels.items()}, initializer_range=0.2,
    )  # fmt: skip
    BertForTokenClassification(config).save_pretrained(folder)
    as_fast(toy).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def exported(tmp_path_factory, toy):
    folder = tmp_path_factory.mktemp("export")
    run = save_run(folder / "best", toy)
    (run / "temperatures.json").write_text(json.dumps({"statement": 1.5, "metric": 1.25}))
    worst = export(run, folder / "fazhi-toy", keep_float=True)
    return run, folder / "fazhi-toy", worst


def test_torch_and_the_float_graph_agree(exported):
    run, out, worst = exported
    assert worst <= 1e-3
    model = AutoModelForTokenClassification.from_pretrained(run).eval()
    assert difference(model, out / "model.onnx") <= 1e-3


def test_int8_stays_close_and_is_small(exported):
    run, out, _ = exported
    model = AutoModelForTokenClassification.from_pretrained(run).eval()
    ids = torch.randint(4, 4000, (2, 50), generator=torch.Generator().manual_seed(1))
    expected = model(input_ids=ids).logits.detach().numpy()
    session = onnxruntime.InferenceSession(str(out / "model.int8.onnx"))
    (found,) = session.run(None, {"input_ids": ids.numpy()})
    assert found.shape == expected.shape
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.99
    assert (out / "model.int8.onnx").stat().st_size < (out / "model.onnx").stat().st_size / 2


def test_attention_is_one_operator_and_products_are_int8(exported):
    _, out, _ = exported
    graph = onnx.load(out / "model.int8.onnx").graph
    kinds = Counter(node.op_type for node in graph.node)
    assert kinds["MultiHeadAttention"] == 2
    assert kinds["MatMulInteger"] == 2 * 6 + 1
    assert not kinds["MatMul"] + kinds["Softmax"] + kinds["Transpose"]
    assert [item.name for item in graph.input] == ["input_ids"]


def test_a_model_directory_is_exported_again_to_the_same_answers(exported, tmp_path):
    _, out, _ = exported
    export(out, tmp_path / "again")
    ids = torch.randint(4, 4000, (1, 50), generator=torch.Generator().manual_seed(2)).numpy()
    sessions = [onnxruntime.InferenceSession(str(folder / "model.int8.onnx")) for folder in (out, tmp_path / "again")]
    first, second = (session.run(None, {"input_ids": ids})[0] for session in sessions)
    np.testing.assert_allclose(second, first, atol=0.05 * np.abs(first).max())  # through float16
    assert (tmp_path / "again" / "model.safetensors").read_bytes() == (out / "model.safetensors").read_bytes()
    assert json.loads((tmp_path / "again" / "config.json").read_text()) == json.loads((out / "config.json").read_text())


def test_the_directory_opens_and_its_sums_hold(exported):
    _, out, _ = exported
    directory = ModelDirectory.open(out)
    assert directory.weights.name == "model.int8.onnx"
    assert directory.temperatures == {"statement": 1.5, "metric": 1.25}
    assert directory.window == (254, 64)
    assert directory.specials == (0, 2, 1)
    assert set(json.loads((out / "checksums.json").read_text())) == {path.name for path in out.iterdir()} - {"checksums.json"}


def test_plain_transformers_loads_the_half_precision_weights(exported):
    run, out, _ = exported
    half = AutoModelForTokenClassification.from_pretrained(out, dtype=torch.float32)
    assert half.config.id2label == default_schema().id2label
    whole = AutoModelForTokenClassification.from_pretrained(run).state_dict()
    assert all(torch.allclose(tensor, whole[name], atol=1e-3) for name, tensor in half.state_dict().items())
    assert AutoTokenizer.from_pretrained(out).pad_token == "<pad>"


def test_a_file_that_was_altered_is_refused(exported, tmp_path):
    _, out, _ = exported
    for path in out.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "tokenizer.json").write_text((tmp_path / "tokenizer.json").read_text() + " ")
    with pytest.raises(ModelError, match=r"tokenizer\.json"):
        ModelDirectory.open(tmp_path)


def test_a_run_without_files_or_with_other_labels_is_refused(tmp_path, toy):
    with pytest.raises(ModelError, match=r"config\.json is missing"):
        export(tmp_path / "nothing", tmp_path / "out")
    save_run(tmp_path / "other", toy, {0: "O", 1: "B-X", 2: "I-X"})
    with pytest.raises(ModelError, match="its labels"):
        export(tmp_path / "other", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_looked_up_tables_get_a_scale_a_row():
    table = np.random.default_rng(0).normal(size=(50, 8)).astype(np.float32) * np.logspace(-2, 2, 50, dtype=np.float32)[:, None]
    node = helper.make_node("Gather", ["table", "ids"], ["rows"])
    graph = helper.make_graph(
        [node], "g",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, ["n"])],
        [helper.make_tensor_value_info("rows", TensorProto.FLOAT, ["n", 8])],
        [numpy_helper.from_array(table, "table")],
    )  # fmt: skip
    model = helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 20)])
    quantize_rows(model, smallest=100)
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    (rows,) = session.run(None, {"ids": np.arange(50)})
    assert np.all(np.abs(rows - table) <= np.abs(table).max(axis=1, keepdims=True) / 250)
