"""``python -m train.prune --model RUN --width 1024 --out DIR``: narrow the feed-forward layers of a trained token classifier.

Optimal Brain Surgeon (Hassibi and Stork 1993) on whole neurons, as in ZipLM (Kurtic et al. 2023): of each feed-forward layer
the neuron is taken whose loss changes the layer's output least over the given texts, what it did is spread over those that
stay, and so on until ``width`` are left. Layers are done in a row, each on what the layers before it, pruned already, give.
Distil afterwards with ``start:`` set to the result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from torch import nn
from transformers import PreTrainedModel

from fazhi.errors import ConfigError
from fazhi.schema import default_schema
from fazhi.tokens import tokenize
from train.config import one_line_errors
from train.dataset import read_reports, read_texts, special_ids
from train.documents import resolve
from train.encoders import load_model, quiet

BATCH = 16
DAMPING = 1e-3
"""Added to the diagonal of the activations' second moments, as a share of its mean: neurons that never fire stay harmless."""

Forward = Callable[[], None]
"""Runs the model over all texts."""


def surgeon(weight: torch.Tensor, moments: torch.Tensor, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the ``(width,)`` neurons to keep, ascending, and their new outgoing weights ``(out, width)``.

    ``weight`` is ``(out, neurons)``; ``moments`` ``(neurons, neurons)``, the mean of ``a aᵀ`` over activations ``a``. A removal
    changes the mean squared output by ``|w_i|² / (H⁻¹)_ii``, H being the moments, and the others' best reply is
    ``w_j -= w_i (H⁻¹)_ij / (H⁻¹)_ii``.
    """
    count = weight.shape[1]
    if not 0 < width <= count:
        raise ConfigError("--width", f"{width} is not within 1 … {count}", "give fewer neurons than the layer has")
    rows, share = weight.double().clone(), moments.double()
    inverse = torch.linalg.inv(share + DAMPING * share.diagonal().mean() * torch.eye(count, dtype=torch.float64))
    alive = torch.ones(count, dtype=torch.bool)
    for _ in range(count - width):
        cost = rows.square().sum(0) / inverse.diagonal()
        gone = int(torch.where(alive, cost, torch.inf).argmin())
        reply = inverse[gone] / inverse[gone, gone]
        rows -= rows[:, gone, None] * reply
        inverse -= inverse[:, gone, None] * reply
        alive[gone] = False
        inverse[gone, gone] = 1.0  # of no meaning any more, but divided by
    kept = alive.nonzero().flatten()
    return kept, rows[:, kept].to(weight.dtype)


def second_moments(linear: nn.Linear, forward: Forward) -> torch.Tensor:
    """Return the mean of ``a aᵀ`` over the inputs ``a`` that a layer gets in one pass, ``(in, in)`` in float64."""
    total = torch.zeros(linear.in_features, linear.in_features, dtype=torch.float64)
    seen = 0

    def add(_: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        nonlocal seen
        rows = inputs[0].flatten(0, -2).float()
        total.add_((rows.T @ rows).double())
        seen += len(rows)

    hook = linear.register_forward_pre_hook(add)
    try:
        forward()
    finally:
        hook.remove()
    return total / max(1, seen)


@torch.inference_mode()  # type: ignore[untyped-decorator]  # torch is untyped here
def narrow(model: PreTrainedModel, forward: Forward, width: int) -> None:
    """Cut every feed-forward layer of a BERT-family model to ``width`` neurons, in place."""
    for layer in model.base_model.encoder.layer:
        inner, outer = layer.intermediate.dense, layer.output.dense
        kept, weight = surgeon(outer.weight, second_moments(outer, forward), width)
        layer.intermediate.dense = _linear(inner.weight[kept], inner.bias[kept])
        layer.output.dense = _linear(weight, outer.bias)
    model.config.intermediate_size = width


def _linear(weight: torch.Tensor, bias: torch.Tensor) -> nn.Linear:
    made = nn.Linear(weight.shape[1], weight.shape[0])
    made.weight, made.bias = nn.Parameter(weight.contiguous()), nn.Parameter(bias)
    return made


def windows_of(texts: Sequence[str], tokenizer: Any, size: int, most: int) -> torch.Tensor:  # noqa: ANN401  a fast tokenizer
    """Return ``(windows, size + 2)`` ids with their special tokens: full windows of all texts, evenly thinned to ``most``."""
    begin, end, _ = special_ids(tokenizer.backend_tokenizer)
    rows = []
    for text in texts:
        ids = tokenize(text, tokenizer.backend_tokenizer).ids
        rows += [[begin, *ids[at : at + size].tolist(), end] for at in range(0, len(ids) - size + 1, size)]
    if not rows:
        raise ConfigError("--texts", f"no text has {size} tokens", "give longer texts")
    step = max(1, len(rows) // most)
    return torch.tensor(rows[::step][:most])


def main(
    model: Annotated[str, typer.Option(help="Directory of a token classifier, as train.finetune writes it.")],
    out: Annotated[Path, typer.Option(help="Where the narrower one is written.")],
    width: Annotated[int, typer.Option(help="Neurons that every feed-forward layer keeps.")] = 1024,
    texts: Annotated[list[str] | None, typer.Option(help="JSON-lines files of texts; may be repeated.")] = None,
    reports: Annotated[str, typer.Option(help="Folder of the written corpus (its train split is read).")] = "data/reports",
    windows: Annotated[int, typer.Option(help="Windows of 256 tokens to look at.")] = 300,
    threads: Annotated[int, typer.Option(help="Threads; 0: torch's choice.")] = 0,
) -> None:
    """Narrow a model's feed-forward layers."""
    with one_line_errors():
        if threads:
            torch.set_num_threads(threads)
        quiet()
        loaded, tokenizer = load_model(model, default_schema(), 0.0)
        loaded.eval()
        found = [text for name in texts or () for text in read_texts(resolve(name))]
        found += [document.text for document in read_reports(Path(reports), "train")] if reports else []
        ids = windows_of(found, tokenizer, 254, windows)

        def forward() -> None:
            for at in range(0, len(ids), BATCH):
                loaded(input_ids=ids[at : at + BATCH])

        narrow(loaded, forward, width)
        loaded.save_pretrained(out)
        tokenizer.save_pretrained(out)
        typer.echo(f"{out}: feed-forward layers of {width} neurons, {loaded.num_parameters():,} parameters")


if __name__ == "__main__":
    typer.run(main)
