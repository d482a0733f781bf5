"""``python -m train.outside --set cluener2020 --base models/runs/base --seed 1 --out DIR``: our encoder on public entity sets.

The sets lie in ``shared/bench``; scores are strict (type, start and end right). In everyday Chinese 2.5 % (CLUENER2020) to 4 %
(Weibo) of the entities have a border inside one of our tokens, so a token has one BIO tag for each of its characters: the
head has ``width`` groups of logits, the k-th for a token's k-th character. Longer tokens are spelt out; width 1 spells all. The
last epoch's weights are scored: dev chooses nothing.
"""

from __future__ import annotations

import json
import lzma
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import torch
import typer
from tokenizers import Tokenizer
from torch import nn
from transformers import PreTrainedModel, set_seed

from fazhi.decoding import best_segments, log_softmax
from fazhi.document import Document, Span
from fazhi.errors import ConfigError, InputError
from fazhi.schema import Layer, Schema
from fazhi.tagging import encode
from fazhi.tokens import Tokens, tokenize
from fazhi.windows import FloatArray
from train.config import one_line_errors
from train.dataset import IGNORE, Collator, Example, special_ids, with_specials
from train.documents import resolve
from train.encoders import load_model, quiet
from train.optimizer import OptimConfig, parameter_groups
from train.scoring import logits_of

PLANS = {
    "cluener2020": OptimConfig(lr=3e-4, batch=24, epochs=3),
    "resume": OptimConfig(lr=3e-4, batch=24, epochs=8),
    "weibo": OptimConfig(lr=3e-4, batch=24, epochs=10),
}
WIDTH = 4
MAX_TOKENS = 254
Scores = dict[str, float]


def read_split(path: Path) -> list[Document]:
    """Read a split, ``{"id", "text", "entities": [[start, end, type], …]}`` a line, xz-packed."""
    try:
        with lzma.open(path, "rt", encoding="utf-8") as stream:
            rows = [json.loads(line) for line in stream]
    except (OSError, ValueError, lzma.LZMAError) as error:
        raise InputError(path, "cannot be read", "give a folder of *.jsonl.xz as shared/bench has them") from error
    return [Document(row["id"], row["text"], spans=tuple(Span(*entity) for entity in row["entities"])) for row in rows]


def schema_of(documents: Sequence[Document], width: int) -> Schema:
    """Return ``width`` equal layers of all types: the k-th tags the k-th character of a token."""
    types = tuple(sorted({span.label for document in documents for span in document.spans}))
    tags = 1 + 2 * len(types)
    return Schema(tuple(Layer(str(place), types, "token", place * tags) for place in range(width)))


def spell(text: str, tokenizer: Tokenizer, width: int) -> Tokens:
    """Return the tokens of a sentence, those of more than ``width`` characters replaced by one token a character."""
    tokens = tokenize(text, tokenizer)
    unknown = next(i for i in map(tokenizer.token_to_id, ("<unk>", "[UNK]")) if i is not None)
    ids: list[int] = []
    offsets: list[tuple[int, int]] = []
    for token, (start, end) in zip(tokens.ids.tolist(), tokens.offsets.tolist(), strict=True):
        if end - start <= width:
            ids.append(token)
            offsets.append((start, end))
            continue
        own = [tokenizer.token_to_id(char) for char in text[start:end]]
        ids += [unknown if one is None else one for one in own]
        offsets += [(at, at + 1) for at in range(start, end)]
    return Tokens(np.array(ids, dtype=np.int64)[:MAX_TOKENS], np.array(offsets, dtype=np.int64).reshape(-1, 2)[:MAX_TOKENS])


def characters(tokens: Tokens) -> list[tuple[int, int]]:
    """Return the extents of the characters that lie in tokens, in their order."""
    return [(at, at + 1) for start, end in tokens.offsets.tolist() for at in range(start, end)]


def make_example(document: Document, tokenizer: Tokenizer, schema: Schema) -> Example:
    """Tokenise a sentence; ``tags`` is ``(width, tokens)``, ``-100`` where a token has no k-th character.

    ``inexact`` counts the entities that the tags cannot tell.
    """
    tokens = spell(document.text, tokenizer, len(schema.layers))
    kept: list[Span] = []
    for span in sorted(document.spans):
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    flat, inexact = encode(kept, characters(tokens), schema.layers[0])
    tags = np.full((len(tokens), len(schema.layers)), IGNORE, dtype=np.int64)
    sizes = tokens.offsets[:, 1] - tokens.offsets[:, 0]
    tags[np.arange(len(schema.layers)) < sizes[:, None]] = flat
    return Example(document, tokens, tags.T, len(inexact) + len(document.spans) - len(kept))


def batches(lengths: Sequence[int], size: int, rng: np.random.Generator) -> list[list[int]]:
    """Return batches of neighbours by length, drawn anew every time, in random order."""
    order = sorted(range(len(lengths)), key=lambda index: (lengths[index], rng.random()))
    cut = [order[at : at + size] for at in range(0, len(order), size)]
    return [cut[index] for index in rng.permutation(len(cut))]


def loss_of(logits: torch.Tensor, tags: torch.Tensor) -> torch.Tensor:
    """Return the mean cross-entropy a character; ``logits`` ``(batch, n, width * tags)``, ``tags`` ``(batch, width, n)``."""
    rows = logits.float().unflatten(-1, (tags.size(1), -1)).transpose(1, 2)
    return nn.functional.cross_entropy(rows.flatten(0, 2), tags.flatten(), ignore_index=IGNORE)


def fit(
    model: PreTrainedModel,
    examples: Sequence[Example],
    specials: tuple[int, int, int],
    plan: OptimConfig,
    seed: int,
) -> Iterator[float]:
    """Train with AdamW, warm-up and linear decay; yield the mean loss after each epoch."""
    lengths = [len(example.tokens) for example in examples]
    epochs = [batches(lengths, plan.batch, np.random.default_rng([seed, epoch])) for epoch in range(plan.epochs)]
    total = sum(map(len, epochs))
    optimizer = torch.optim.AdamW(parameter_groups(model, plan), betas=(0.9, 0.98), fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, _ramp(total, max(1, round(plan.warmup * total))))
    collate = Collator(specials[2])
    model.train()
    for epoch in epochs:
        losses = []
        for batch in epoch:
            inputs = collate([with_specials(examples[i].tokens.ids, examples[i].tags, specials) for i in batch])
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits = model(input_ids=inputs["input_ids"], attention_mask=inputs.get("attention_mask")).logits
            loss = loss_of(logits, inputs["tags"])
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            losses.append(loss.item())
        yield float(np.mean(losses))


def _ramp(total: int, warmup: int) -> Callable[[int], float]:
    return lambda step: min((step + 1) / warmup, max(0.0, (total - step) / max(1, total - warmup)))


def decode(logits: FloatArray, example: Example, layer: Layer) -> list[Span]:
    """Return the entities of the likeliest tags that are well-formed BIO; ``logits`` is ``(tokens, width * tags)``."""
    used: npt.NDArray[np.bool_] = example.tags.T.reshape(-1) != IGNORE
    rows = log_softmax(logits.reshape(len(used), -1)[used])
    where = characters(example.tokens)
    found = best_segments(rows, np.ones(len(rows), dtype=np.bool_))
    return [Span(where[start][0], where[end - 1][1], layer.labels[label]) for start, end, label in found]


def score(model: PreTrainedModel, examples: Sequence[Example], specials: tuple[int, int, int], schema: Schema) -> Scores:
    """Return strict micro precision, recall and F1 in percent."""
    pairs = list(zip(examples, logits_of(model, examples, specials), strict=True))
    gold = {(i, s.start, s.end, s.label) for i, (e, _) in enumerate(pairs) for s in e.document.spans}
    found = {(i, s.start, s.end, s.label) for i, (e, r) in enumerate(pairs) for s in decode(r, e, schema.layers[0])}
    right = len(gold & found)
    ratios = {"f1": 2 * right / max(1, len(gold) + len(found)), "precision": right / max(1, len(found))}
    return {name: round(100 * ratio, 2) for name, ratio in {**ratios, "recall": right / max(1, len(gold))}.items()}


def run(
    name: str, folder: Path, base: str, seed: int, out: Path, plan: OptimConfig, width: int = WIDTH
) -> list[dict[str, Any]]:
    """Train on a set's ``train`` split and score its others; write ``out/NAME-SEED.json`` after every epoch."""
    began = time.monotonic()
    set_seed(seed)
    quiet()
    documents = {path.name.split(".")[0]: read_split(path) for path in sorted(folder.glob("*.jsonl.xz"))}
    if "train" not in documents or len(documents) < 2:
        raise ConfigError(folder, f"holds the splits {sorted(documents)}", "give a folder with train.jsonl.xz and another")
    schema = schema_of(documents["train"], width)
    model, fast = load_model(base, schema, plan.dropout)
    specials = special_ids(fast.backend_tokenizer)
    splits = {key: _examples(key, found, fast.backend_tokenizer, schema) for key, found in documents.items()}
    train = splits.pop("train")
    history: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    for epoch, loss in enumerate(fit(model, train, specials, plan, seed), 1):
        last = epoch == plan.epochs
        scores = {key: score(model, split, specials, schema) for key, split in splits.items() if last or key == "dev"}
        minutes = round((time.monotonic() - began) / 60, 1)
        about = {"set": name, "seed": seed, "epochs": epoch, "minutes": minutes}
        history.append({"epoch": epoch, "loss": round(loss, 4), **{key: found["f1"] for key, found in scores.items()}})
        rows = [{**about, "split": key, **found} for key, found in scores.items()]
        setting = {"base": base, "width": width, "lr": plan.lr, "batch": plan.batch, "of": plan.epochs}
        _write(out / f"{name}-{seed}.json", {"results": rows, "history": history, "setting": setting})
        typer.echo(f"{name} seed {seed} epoch {epoch}/{plan.epochs} loss {loss:.4f} {minutes} min {scores}")
    return rows


def _examples(name: str, documents: Sequence[Document], tokenizer: Tokenizer, schema: Schema) -> list[Example]:
    examples = [example for example in (make_example(d, tokenizer, schema) for d in documents) if len(example.tokens)]
    lost, tokens = sum(example.inexact for example in examples), sum(len(example.tokens) for example in examples)
    typer.echo(f"{name}: {len(examples)} sentences, {tokens} tokens, {lost} entities that tags cannot tell")
    return examples


def _write(path: Path, found: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def main(
    name: Annotated[str, typer.Option("--set", help="A folder of shared/bench: cluener2020, resume or weibo.")],
    out: Annotated[Path, typer.Option(help="Folder for the results.")],
    base: Annotated[str, typer.Option(help="Encoder: a directory or hub id.")] = "models/runs/base",
    seed: Annotated[int, typer.Option(help="Seed of head, order and dropout.")] = 1,
    epochs: Annotated[int, typer.Option(help="Passes over the training sentences; 0: the set's own.")] = 0,
    lr: Annotated[float, typer.Option(help="The top layer's learning rate; 0: the set's own.")] = 0.0,
    width: Annotated[int, typer.Option(help="Most characters of a token; 1: a token a character.")] = WIDTH,
    threads: Annotated[int, typer.Option(help="Threads of torch; 0: all cores.")] = 0,
) -> None:
    """Fine-tune an encoder on a public set of named entities and score it strictly."""
    with one_line_errors():
        if name not in PLANS:
            raise ConfigError("--set", f"{name!r} is not known", f"name one of {', '.join(PLANS)}")
        if threads:
            torch.set_num_threads(threads)
        plan = PLANS[name]
        plan = replace(plan, epochs=epochs or plan.epochs, lr=lr or plan.lr)
        run(name, resolve("shared/bench") / name, base, seed, out, plan, width)


if __name__ == "__main__":
    typer.run(main)
