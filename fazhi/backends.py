"""Backends: token ids in, logits out. onnxruntime here; torch in ``fazhi.backends_torch``.

A backend takes windows of ids without special tokens and returns one float32 array ``(len(window), labels)`` for each, in
their order.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import onnxruntime

from fazhi.errors import ModelError
from fazhi.windows import FloatArray

Ids = npt.NDArray[np.int64]
BATCH_TOKENS = 4096
"""Tokens a padded batch of the torch backend, padding included."""
SLOW_FUSIONS = ["SkipLayerNormFusion"]
"""Graph fusions of onnxruntime that cost more than they save: its fused kernel takes 5 times as long as add and norm apart."""


class Backend(Protocol):
    """What the extractor needs of a backend; ``labels`` is the number of logits a token."""

    labels: int

    def logits(self, windows: Sequence[Ids]) -> list[FloatArray]:
        """Return ``(len(window), labels)`` logits for each window."""
        ...


def batches(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Yield groups of indices, longest windows first, whose padded size stays within ``budget`` tokens (at least one each)."""
    order = sorted(range(len(lengths)), key=lambda index: -lengths[index])
    while order:
        size = max(1, budget // max(1, lengths[order[0]]))
        yield order[:size]
        order = order[size:]


def run_batched(
    forward: Callable[[Ids, Ids], FloatArray], windows: Sequence[Ids], specials: tuple[int, int, int], budget: int
) -> list[FloatArray]:
    """Add the special tokens, pad, run ``forward(ids, mask)`` → ``(batch, tokens, labels)``, and cut the windows out again.

    ``specials`` are the ids of begin, end and padding.
    """
    begin, end, pad = specials
    results: list[FloatArray | None] = [None] * len(windows)
    for group in batches([len(window) + 2 for window in windows], budget):
        width = len(windows[group[0]]) + 2
        ids = np.full((len(group), width), pad, dtype=np.int64)
        mask = np.zeros((len(group), width), dtype=np.int64)
        for row, index in enumerate(group):
            window = windows[index]
            ids[row, : len(window) + 2] = [begin, *window, end]
            mask[row, : len(window) + 2] = 1
        logits = forward(ids, mask)
        for row, index in enumerate(group):
            results[index] = logits[row, 1 : len(windows[index]) + 1]
    return [result for result in results if result is not None]


class OnnxBackend:
    """Runs an ONNX file with onnxruntime on the CPU, one window a call and as many calls at once as there are ``threads``.

    Dynamic int8 quantisation scales the activations of a whole call alike, padding included: with several windows in a call the
    answer for one would depend on its neighbours. One at a time, a document's spans are the same in whatever company it is
    extracted, nothing is padding, and cores that work on windows of their own never wait for each other.
    """

    def __init__(self, path: Path, specials: tuple[int, int, int], threads: int = 0) -> None:
        """Load the file; ``threads`` 0 means all cores this process may use."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"], disabled_optimizers=SLOW_FUSIONS
            )
        except Exception as error:  # onnxruntime raises a family of classes that share no public base
            what = f"{path.name} cannot be loaded ({str(error).splitlines()[0][:120]})"
            raise ModelError(path.parent, what, "export the model again with python -m models.export") from error
        self._inputs = {item.name for item in self._session.get_inputs()}
        self.labels = int(self._session.get_outputs()[0].shape[-1])
        self._specials = specials
        self._pool = ThreadPoolExecutor(threads or len(os.sched_getaffinity(0)), thread_name_prefix="fazhi-onnx")

    def logits(self, windows: Sequence[Ids]) -> list[FloatArray]:
        """Return ``(len(window), labels)`` logits for each window."""
        return list(self._pool.map(self._forward, windows))

    def _forward(self, window: Ids) -> FloatArray:
        ids = np.asarray([[self._specials[0], *window, self._specials[1]]], dtype=np.int64)
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        output = self._session.run(None, {name: value for name, value in feed.items() if name in self._inputs})[0]
        return np.asarray(output[0, 1:-1], dtype=np.float32)
