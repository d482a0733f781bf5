"""Bench (d): how near the encoder comes to the bare matrix products of its own shapes on the same core.

Both sides run in onnxruntime with one thread, as the runtime does: the shipped int8 graph, and a graph that holds nothing but
the products of one window (int8 by int8 with weights of their own, and the float32 products of the attention).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from fazhi.backends import OnnxBackend
from fazhi.model_dir import ModelDirectory


@dataclass(frozen=True, slots=True)
class Shapes:
    """The sizes of an encoder and the tokens of a window, special tokens included."""

    tokens: int
    hidden: int
    inner: int
    heads: int
    layers: int

    @property
    def products(self) -> list[tuple[int, int]]:
        """Rows and columns of every weight matrix of a layer."""
        return [(self.hidden, self.hidden)] * 4 + [(self.hidden, self.inner), (self.inner, self.hidden)]

    @property
    def operations(self) -> int:
        """Multiplications and additions of all matrix products of one window."""
        weights = sum(2 * self.tokens * rows * columns for rows, columns in self.products)
        return self.layers * (weights + 2 * 2 * self.tokens**2 * self.hidden)


def shapes(model: Path) -> Shapes:
    """Read the shapes from a model directory."""
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    names = ("hidden_size", "intermediate_size", "num_attention_heads", "num_hidden_layers")
    return Shapes(ModelDirectory.open(model).window[0] + 2, *(int(config[name]) for name in names))


def bare_products(shape: Shapes) -> bytes:
    """Return an ONNX graph of the matrix products of one window and nothing else."""
    dice = np.random.default_rng(0)
    nodes, weights, outputs = [], [], []
    for layer in range(shape.layers):
        for index, (rows, columns) in enumerate(shape.products):
            name = f"w{layer}_{index}"
            weights.append(numpy_helper.from_array(dice.integers(-127, 127, (rows, columns), dtype=np.int8), name))
            nodes.append(helper.make_node("MatMulInteger", [f"x{rows}", name], [f"y{name}"]))
            outputs.append(helper.make_tensor_value_info(f"y{name}", TensorProto.INT32, [1, shape.tokens, columns]))
        for pair, width in ((("q", "k"), shape.tokens), (("p", "v"), shape.hidden // shape.heads)):
            name = f"a{layer}_{pair[0]}"
            nodes.append(helper.make_node("MatMul", list(pair), [name]))
            outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, shape.heads, shape.tokens, width]))
    inputs = [helper.make_tensor_value_info(n, _kind(v), list(v.shape)) for n, v in feed(shape).items()]
    graph = helper.make_graph(nodes, "products", inputs, outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _kind(value: np.ndarray[Any, Any]) -> int:
    return int(helper.np_dtype_to_tensor_dtype(value.dtype))


def feed(shape: Shapes) -> dict[str, np.ndarray[Any, Any]]:
    """Return the inputs of the bare products."""
    dice = np.random.default_rng(1)
    head = shape.hidden // shape.heads
    found: dict[str, Any] = {
        f"x{n}": dice.integers(0, 255, (1, shape.tokens, n), dtype=np.uint8) for n in (shape.hidden, shape.inner)
    }
    sizes = {"q": (shape.tokens, head), "k": (head, shape.tokens), "p": (shape.tokens, shape.tokens), "v": (shape.tokens, head)}
    return found | {name: dice.random((1, shape.heads, *size), dtype=np.float32) for name, size in sizes.items()}


def measure(model: Path, rounds: int) -> dict[str, float]:
    """Return seconds a window of the encoder and of its bare products, in turn, and the operations of a window."""
    shape = shapes(model)
    directory = ModelDirectory.open(model)
    backend = OnnxBackend(directory.weights, directory.specials, 1)
    window = np.random.default_rng(2).integers(4, 1000, shape.tokens - 2)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    bare = onnxruntime.InferenceSession(bare_products(shape), options, providers=["CPUExecutionProvider"])
    inputs = feed(shape)
    encoder, products = [], []
    for _ in range(rounds):
        encoder.append(_timed(lambda: backend.logits([window])))
        products.append(_timed(lambda: bare.run(None, inputs)))
    seconds = float(np.median(encoder)), float(np.median(products))
    return {"encoder": seconds[0], "products": seconds[1], "operations": float(shape.operations)}


def _timed(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started
