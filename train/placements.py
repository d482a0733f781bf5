"""``python -m train.placements MODEL… --config configs/narrow.yaml``: dev scores that do not hang on where windows fall.

Where the windows are cut moves F1 by a point or two, more than most models differ by. Exported models are scored on a
configuration's dev documents with every one of ``PLACEMENTS``: mean and spread, for the real and the written reports apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from fazhi.backends import OnnxBackend
from fazhi.clauses import clauses
from fazhi.decoding import ClauseTokens, decode
from fazhi.document import Document, Span
from fazhi.model_dir import ModelDirectory
from fazhi.tokens import tokenize
from fazhi.windows import plan_windows, stitch
from train.config import load_config, one_line_errors
from train.documents import load_documents
from train.finetune import FinetuneConfig
from train.scoring import PLACEMENTS, span_f1

ONNX = ("model.int8.onnx", "model.onnx")


def extract(directory: ModelDirectory, backend: OnnxBackend, document: Document, size: int, overlap: int) -> list[Span]:
    """Return the spans that a model finds with windows of this size and overlap."""
    tokens = tokenize(document.text, directory.tokenizer)
    plan = plan_windows(document.text, tokens.offsets, size, overlap)
    if not plan:
        return []
    logits = stitch(plan, backend.logits([tokens.ids[a:b] for a, b in plan]), len(tokens))
    aligned = ClauseTokens.align(document.text, tokens.offsets, clauses(document.text))
    return decode(logits, aligned, directory.schema, directory.temperatures)


def measure(model: str, documents: Sequence[Document], float32: bool = False, threads: int = 0) -> list[Mapping[str, float]]:
    """Return strict F1 a label and their mean, for each of ``PLACEMENTS``."""
    directory = ModelDirectory.open(model)
    backend = OnnxBackend(directory.path / ONNX[float32], directory.specials, threads)
    gold = [document.spans for document in documents]
    return [
        span_f1(gold, [extract(directory, backend, document, *placement) for document in documents], directory.schema.labels)
        for placement in PLACEMENTS
    ]


def line(scores: Sequence[Mapping[str, float]]) -> str:
    """Return mean ± standard deviation a label over the placements, and the mean of all."""
    shown = [f"{label} {np.mean(row):.4f}±{np.std(row):.4f}" for label in scores[0] if (row := [s[label] for s in scores])]
    return " ".join(shown)


def main(
    models: Annotated[list[str], typer.Argument(help="Exported model directories.")],
    config: Annotated[Path, typer.Option(help="Configuration of a fine-tuning, for its dev documents.")],
    float32: Annotated[bool, typer.Option("--float", help="Take model.onnx, which models.export --keep-float leaves.")] = False,
    threads: Annotated[int, typer.Option(help="Threads; 0: all cores.")] = 0,
) -> None:
    """Score exported models on dev, the mean over several placements of the windows."""
    with one_line_errors():
        _, dev = load_documents(load_config(config, FinetuneConfig).data, config)
        groups = {
            "real": [d for d in dev if d.meta.get("publisher")],
            "written": [d for d in dev if not d.meta.get("publisher")],
        }
        for model in models:
            for name, documents in groups.items():
                if documents:
                    found = line(measure(model, documents, float32, threads))
                    typer.echo(f"{model} {name} ({len(documents)}): {found}")


if __name__ == "__main__":
    typer.run(main)
