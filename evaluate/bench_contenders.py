"""Who is timed against fazhi on the same reports: transformers' pipeline in float32 and on our ONNX file, and spaCy."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import onnxruntime
import torch
import transformers
from transformers import AutoConfig, AutoModelForTokenClassification, AutoTokenizer, PreTrainedModel, pipeline
from transformers.modeling_outputs import TokenClassifierOutput

from fazhi.clauses import clauses
from fazhi.document import Document
from fazhi.errors import MissingExtraError
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


def pipeline_float(model: Path, batch: int) -> Run:
    """Return transformers' pipeline on the same weights in float32, with the same windows."""
    weights = AutoModelForTokenClassification.from_pretrained(model, dtype=torch.float32).eval()
    return _pipeline(model, weights, batch)


def pipeline_onnx(model: Path, batch: int) -> Run:
    """Return the same pipeline on the ONNX file that fazhi runs; onnxruntime with its own settings, all cores a call."""
    return _pipeline(model, _OnnxModel(model), batch)


class _OnnxModel(PreTrainedModel):  # type: ignore[misc]  # transformers is untyped here
    """An onnxruntime session that a pipeline takes for a model."""

    def __init__(self, model: Path) -> None:
        super().__init__(AutoConfig.from_pretrained(model))
        self.place = torch.nn.Parameter(torch.zeros(1), requires_grad=False)  # a pipeline asks a parameter for the device
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = len(os.sched_getaffinity(0))
        weights = str(ModelDirectory.open(model).weights)
        self.session = onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor, **_: Any) -> TokenClassifierOutput:  # noqa: ANN401
        feed = {"input_ids": input_ids.numpy(), "attention_mask": attention_mask.numpy()}
        (logits,) = self.session.run(None, feed)
        return TokenClassifierOutput(logits=torch.from_numpy(logits))


def _pipeline(model: Path, weights: Any, batch: int) -> Run:  # noqa: ANN401 - transformers is untyped
    size, overlap = ModelDirectory.open(model).window
    tokenizer = AutoTokenizer.from_pretrained(model, model_max_length=size + 2)
    tagger = pipeline(
        "token-classification", model=weights, tokenizer=tokenizer, stride=overlap, aggregation_strategy="simple",
        batch_size=batch, device="cpu",
    )  # fmt: skip
    return lambda documents: sum(len(tagger(document.text)) for document in documents)


SPACY_STEPS, SPACY_CHARACTERS = 60, 1000


def spacy_baseline(train: Sequence[Document], seed: int = 7) -> Run:
    """Return spaCy's blank ``zh`` with its own tok2vec: ``ner`` for METRIC, ``spancat`` over clauses for statements.

    It is trained here, briefly, on the annotated documents: how fast it is does not depend on how long it was trained.
    """
    try:
        import spacy
        from spacy.training import Example
    except ImportError as error:
        raise MissingExtraError("spacy", "bench") from error
    spacy.util.fix_random_seed(seed)
    nlp = _spacy_pipes(spacy)
    examples = [Example.from_dict(nlp.make_doc(d.text), _spacy_labels(d)) for d in map(_first_part, train)]
    optimizer = nlp.initialize(lambda: examples[:50])
    dice = random.Random(seed)
    for _ in range(SPACY_STEPS):
        nlp.update(dice.sample(examples, 4), sgd=optimizer)

    def run(documents: Sequence[Document]) -> int:
        found = nlp.pipe(document.text for document in documents)
        return sum(len(doc.ents) + len(doc.spans.get("sc", ())) for doc in found)

    return run


def _spacy_pipes(spacy: Any) -> Any:  # noqa: ANN401 - spaCy is untyped here
    import numpy as np
    from thinc.types import Ragged

    def suggest(docs: Sequence[Any], *, ops: Any = None) -> Ragged:  # noqa: ANN401 - thinc's array module
        found = [[doc.char_span(c.start, c.end, alignment_mode="expand") for c in clauses(doc.text)] for doc in docs]
        rows = [[(span.start, span.end) for span in spans if span] for spans in found]
        flat = np.array([row for one in rows for row in one], dtype="i").reshape(-1, 2)
        lengths = np.array([len(one) for one in rows], dtype="i")
        return Ragged((ops or np).asarray(flat), (ops or np).asarray(lengths))

    spacy.registry.misc("fazhi.clauses.v1", func=lambda: suggest)
    nlp = spacy.blank("zh")  # one token a character
    nlp.add_pipe("tok2vec")
    shared = {"@architectures": "spacy.Tok2VecListener.v1", "width": 96, "upstream": "*"}
    nlp.add_pipe("ner", config={"model": {"tok2vec": shared}})
    nlp.add_pipe("spancat", config={"suggester": {"@misc": "fazhi.clauses.v1"}, "model": {"tok2vec": shared}})
    return nlp


def _first_part(document: Document) -> Document:
    end = max(SPACY_CHARACTERS, document.text.rfind("\n", 0, SPACY_CHARACTERS))
    spans = [span for span in document.spans if span.end <= end]
    return Document(document.id, document.text[:end]).with_spans(spans)


def _spacy_labels(document: Document) -> dict[str, Any]:
    metrics = [(s.start, s.end, s.label) for s in document.spans if s.label == "METRIC"]
    statements = [(s.start, s.end, s.label) for s in document.spans if s.label != "METRIC"]
    return {"entities": metrics, "spans": {"sc": statements}}
