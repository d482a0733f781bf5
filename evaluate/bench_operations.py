"""Bench (d): how near the encoder comes to the bare matrix products of its own shapes on the same core.

Both sides run in onnxruntime with one thread, as the runtime does: the shipped int8 graph, and each of its products alone (int8
by int8 with weights, and the float32 products of the attention), as often as a window needs it.
"""

from __future__ import annotations

import json
import time
from collections import Counter
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

Inputs = dict[str, np.ndarray[Any, Any]]


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


def bare_products(shape: Shapes) -> list[tuple[bytes, Inputs, int]]:
    """Return every kind of matrix product of a window: an ONNX graph of it alone, inputs for it, and how often it is done."""
    dice = np.random.default_rng(0)
    found: list[tuple[bytes, Inputs, int]] = []
    for (rows, columns), times in Counter(shape.products).items():
        weights = dice.integers(-127, 127, (rows, columns), dtype=np.int8)
        inputs: Inputs = {"x": dice.integers(0, 255, (1, shape.tokens, rows), dtype=np.uint8)}
        found.append((_graph("MatMulInteger", inputs, weights, [1, shape.tokens, columns]), inputs, times * shape.layers))
    head = shape.hidden // shape.heads
    for left, right in ((head, shape.tokens), (shape.tokens, head)):  # queries by keys, probabilities by values
        sizes = {"x": (1, shape.heads, shape.tokens, left), "w": (1, shape.heads, left, right)}
        inputs = {name: dice.random(size, dtype=np.float32) for name, size in sizes.items()}
        found.append((_graph("MatMul", inputs, None, [1, shape.heads, shape.tokens, right]), inputs, shape.layers))
    return found


def _graph(kind: str, inputs: Inputs, weights: np.ndarray[Any, Any] | None, output: list[int]) -> bytes:
    given = [helper.make_tensor_value_info(name, _kind(value), list(value.shape)) for name, value in inputs.items()]
    result = helper.make_tensor_value_info("y", TensorProto.INT32 if kind == "MatMulInteger" else TensorProto.FLOAT, output)
    constants = [] if weights is None else [numpy_helper.from_array(weights, "w")]
    graph = helper.make_graph([helper.make_node(kind, ["x", "w"], ["y"])], "product", given, [result], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _kind(value: np.ndarray[Any, Any]) -> int:
    return int(helper.np_dtype_to_tensor_dtype(value.dtype))


def session(graph: bytes) -> onnxruntime.InferenceSession:
    """Return a session of one thread, as the runtime's are."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def measure(model: Path, rounds: int) -> dict[str, float]:
    """Return seconds a window of the encoder and of its bare products, taken in turn, and the operations of a window.

    A product counts as it runs with everything in the cache: the second of two runs.
    """
    shape = shapes(model)
    directory = ModelDirectory.open(model)
    backend = OnnxBackend(directory.weights, directory.specials, 1)
    window = np.random.default_rng(2).integers(4, 1000, shape.tokens - 2)
    products = [(_runner(session(graph), inputs), times) for graph, inputs, times in bare_products(shape)]
    seconds: list[list[float]] = [[] for _ in products]
    encoder = []
    for _ in range(rounds):
        encoder.append(_timed(lambda: backend.logits([window])))
        for (run, _), found in zip(products, seconds, strict=True):
            run()
            found.append(_timed(run))
    total = sum(times * float(np.median(found)) for (_, times), found in zip(products, seconds, strict=True))
    return {"encoder": float(np.median(encoder)), "products": total, "operations": float(shape.operations)}


def _runner(session: Any, inputs: Inputs) -> Callable[[], object]:  # noqa: ANN401 - onnxruntime is untyped
    """Bind inputs and output to memory that is there: fresh memory for the output would cost more than some products."""
    bound = session.io_binding()
    for name, value in inputs.items():
        bound.bind_cpu_input(name, value)
    (output,) = session.run(None, inputs)
    bound.bind_ortvalue_output("y", onnxruntime.OrtValue.ortvalue_from_numpy(output))
    return lambda: session.run_with_iobinding(bound)


def _timed(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started
