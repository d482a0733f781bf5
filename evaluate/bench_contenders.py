"""Who is timed against fazhi on the same reports: transformers' pipeline in float32 and on our ONNX file, and spaCy."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import onnxruntime
import torch
import transformers
from transformers import AutoConfig, AutoModelForTokenClassification, AutoTokenizer, PreTrainedModel, pipeline
from transformers.modeling_outputs import TokenClassifierOutput

from fazhi.document import Document
from fazhi.extractor import Extractor
from fazhi.model_dir import ModelDirectory

transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()
Run = Callable[[Sequence[Document]], int]
"""Extracts documents and returns the number of spans found."""


def fazhi(model: Path, threads: int = 0) -> Run:
    """Return the whole of ``extract``: int8 encoder, decoding by clauses, source offsets, records."""
    extractor = Extractor.from_pretrained(model, threads=threads)
    return lambda documents: sum(len(document.spans) for document in extractor.extract_many(documents))


def on_one_core(run: Run) -> Run:
    """Return a run that has one core: what it starts, from its first call on, has the same one."""

    def pinned(documents: Sequence[Document]) -> int:
        cores = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {max(cores)})
        try:
            return run(documents)
        finally:
            os.sched_setaffinity(0, cores)

    return pinned


def pipeline_float(model: Path, batch: int) -> Run:
    """Return transformers' pipeline on the same weights in float32, with the same windows."""
    weights = AutoModelForTokenClassification.from_pretrained(model, dtype=torch.float32).eval()
    return _pipeline(model, weights, batch)


def pipeline_onnx(model: Path) -> Run:
    """Return the same pipeline on the ONNX file that fazhi runs; onnxruntime with its own settings, all cores a call.

    A window a call: the file takes no padding.
    """
    return _pipeline(model, _OnnxModel(model), 1)


class _OnnxModel(PreTrainedModel):  # type: ignore[misc]  # transformers is untyped here
    """An onnxruntime session that a pipeline takes for a model."""

    def __init__(self, model: Path) -> None:
        super().__init__(AutoConfig.from_pretrained(model))
        self.place = torch.nn.Parameter(torch.zeros(1), requires_grad=False)  # a pipeline asks a parameter for the device
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = len(os.sched_getaffinity(0))
        weights = str(ModelDirectory.open(model).weights)
        self.session = onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
        self.names = [item.name for item in self.session.get_inputs()]

    def forward(self, **inputs: Any) -> TokenClassifierOutput:  # noqa: ANN401
        (logits,) = self.session.run(None, {name: inputs[name].numpy() for name in self.names})
        return TokenClassifierOutput(logits=torch.from_numpy(logits))


def _pipeline(model: Path, weights: Any, batch: int) -> Run:  # noqa: ANN401 - transformers is untyped
    size, overlap = ModelDirectory.open(model).window
    tokenizer = AutoTokenizer.from_pretrained(model, model_max_length=size + 2)
    tagger = pipeline(
        "token-classification", model=weights, tokenizer=tokenizer, stride=overlap, aggregation_strategy="simple",
        batch_size=batch, device="cpu",
    )  # fmt: skip
    return lambda documents: sum(len(tagger(document.text)) for document in documents)


SPACY_STEPS = 160


def spacy_baseline(train: Sequence[Document], seed: int = 7) -> Run:
    """Return the spaCy baseline, trained here, briefly: how fast it is does not depend on how long it was trained."""
    from evaluate.baselines.spacy_spans import SpacyBaseline

    baseline = SpacyBaseline.train(train, seed, steps=SPACY_STEPS)
    return lambda documents: sum(len(document.spans) for document in baseline.extract_many(documents))
