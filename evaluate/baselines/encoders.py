"""What pretraining and fine-tuning bring: the same BERT with random weights, and the pretrained one frozen under a linear head.

``python -m evaluate.baselines.encoders random --base models/runs/base --out DIR`` writes a base for ``train.finetune``;
``python -m evaluate.baselines.encoders frozen FILE… --base models/runs/base --out DIR`` trains the head and writes a run that
``models.export`` takes. The encoder runs once over all documents; its hidden states are kept in float16 (768 bytes a token).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import transformers
import typer
from safetensors import SafetensorError
from torch import nn
from transformers import AutoConfig, AutoModel, AutoModelForTokenClassification, AutoTokenizer, PreTrainedModel

from evaluate.baselines.training import AsIn, Files, one_line_errors, read_training
from fazhi.document import Document
from fazhi.errors import EvaluationError
from fazhi.schema import Schema, default_schema
from fazhi.tagging import encode
from fazhi.tokens import tokenize
from fazhi.windows import plan_windows

WINDOW, WINDOWS = 254, 16
EPOCHS, BATCH, RATE = 20, 4096, 5e-3
app = typer.Typer(add_completion=False, no_args_is_help=True)


def write_random(base: str, out: Path, seed: int) -> None:
    """Write an encoder of the base's sizes with newly drawn weights, and the base's tokenizer."""
    torch.manual_seed(seed)
    with _loading(base):
        tokenizer, config = AutoTokenizer.from_pretrained(base), AutoConfig.from_pretrained(base)
    AutoModel.from_config(config, add_pooling_layer=False).save_pretrained(out)
    tokenizer.save_pretrained(out)


@contextmanager
def _loading(base: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        why = str(error).strip().splitlines()[0][:160]
        what, remedy = f"holds no encoder with a tokenizer ({why})", "make it with python -m train.prepare"
        raise EvaluationError(base, what, remedy) from error


Windows = list[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]
"""Ids ``(n,)`` without special tokens and tags ``(n, layers)``."""


def windows_of(documents: Sequence[Document], tokenizer: Any, schema: Schema) -> Windows:  # noqa: ANN401
    """Cut documents into windows of ``WINDOW`` tokens."""
    found: Windows = []
    for document in documents:
        tokens = tokenize(document.text, tokenizer.backend_tokenizer)
        offsets = [(start, end) for start, end in tokens.offsets.tolist()]
        tags = np.array([encode(document.spans, offsets, layer)[0] for layer in schema.layers], dtype=np.int64).T
        found += [(tokens.ids[a:b], tags[a:b]) for a, b in plan_windows(document.text, tokens.offsets, WINDOW, 0)]
    return found


@torch.inference_mode()  # type: ignore[untyped-decorator]  # torch is untyped here
def hidden_states(encoder: PreTrainedModel, windows: Windows, tokenizer: Any) -> Iterator[torch.Tensor]:  # noqa: ANN401
    """Yield the last hidden states of every window, ``(n, width)`` in float16; the encoder runs in bfloat16."""
    encoder.eval()
    begin, end, pad = tokenizer.cls_token_id, tokenizer.sep_token_id, tokenizer.pad_token_id
    for at in range(0, len(windows), WINDOWS):
        rows = [torch.tensor([begin, *ids.tolist(), end]) for ids, _ in windows[at : at + WINDOWS]]
        ids = nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=pad)
        mask = nn.utils.rnn.pad_sequence([torch.ones_like(row) for row in rows], batch_first=True)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            states = encoder(input_ids=ids, attention_mask=mask).last_hidden_state.half()
        yield from (state[1 : len(row) - 1] for state, row in zip(states, rows, strict=True))


def fit_head(head: nn.Linear, states: torch.Tensor, tags: torch.Tensor, schema: Schema, seed: int) -> float:
    """Train the head on ``states`` ``(tokens, width)`` and ``tags`` ``(tokens, layers)``; return the last epoch's mean loss.

    The loss is one cross-entropy a layer, as in fine-tuning; Adam with a rate that falls to 0 along a line.
    """
    shuffle = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(head.parameters(), lr=RATE)
    total = EPOCHS * -(-len(states) // BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / (total + 1))
    mean = 0.0
    for _ in range(EPOCHS):
        losses = []
        for rows in torch.randperm(len(states), generator=shuffle).split(BATCH):
            logits, wanted = head(states[rows].float()), tags[rows]
            each = [nn.functional.cross_entropy(logits[:, x.slice], wanted[:, i]) for i, x in enumerate(schema.layers)]
            loss = torch.stack(each).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        mean = float(np.mean(losses))
    return mean


def train_frozen(documents: Sequence[Document], base: str, out: Path, seed: int) -> float:
    """Train a linear head on the frozen encoder, write both as a token classifier; return the head's last mean loss."""
    torch.manual_seed(seed)
    schema = default_schema()
    names = {name: index for index, name in schema.id2label.items()}
    labels = {"num_labels": schema.size, "id2label": schema.id2label, "label2id": names}
    with _loading(base):
        tokenizer = AutoTokenizer.from_pretrained(base)
        model = AutoModelForTokenClassification.from_pretrained(base, dtype=torch.float32, **labels)
    windows = windows_of(documents, tokenizer, schema)
    states = torch.cat(list(hidden_states(model.base_model, windows, tokenizer)))
    tags = torch.from_numpy(np.concatenate([tags for _, tags in windows]))
    loss = fit_head(model.classifier, states.clone(), tags, schema, seed)
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)
    return loss


Base = Annotated[str, typer.Option(help="Pretrained encoder: a directory or hub id.")]
Seed = Annotated[int, typer.Option(help="Seed of the weights that are new.")]
Threads = Annotated[int, typer.Option(help="Threads of torch; 0: all cores.")]


@app.command()
def random(
    out: Annotated[Path, typer.Option(help="Folder to write.")], base: Base = "models/runs/base", seed: Seed = 1
) -> None:
    """Write the base encoder with random weights."""
    with one_line_errors():
        write_random(base, out, seed)
    typer.echo(f"{out}: an encoder of the sizes of {base}, weights drawn with seed {seed}")


@app.command()
def frozen(
    files: Files,
    out: Annotated[Path, typer.Option(help="Folder of the run.")],
    base: Base = "models/runs/base",
    seed: Seed = 1,
    threads: Threads = 0,
    as_in: AsIn = None,
) -> None:
    """Train a linear head on the frozen encoder."""
    if threads:
        torch.set_num_threads(threads)
    with one_line_errors():
        documents = read_training(files, as_in)
        loss = train_frozen(documents, base, out, seed)
    typer.echo(f"{out}: a linear head trained on {len(documents)} reports, loss {loss:.4f}")


if __name__ == "__main__":
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    app()
