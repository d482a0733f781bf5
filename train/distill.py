"""``python -m train.distill --config configs/distill.yaml``: a small student learns from teachers and from the labels.

The student starts from some of the teacher's layers (Sanh et al. 2019) and learns, a layer of labels at a time, from the mean
of the teachers' probabilities (Hinton et al. 2015) and, where a document is annotated, from its tags. The teachers read every
document once; what each says is kept in a file of its own, ``out/soft-*.npz``, so that one that is added later reads alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from tokenizers import Tokenizer
from torch import nn
from transformers import AutoModelForTokenClassification, PreTrainedModel, set_seed

from fazhi.document import Document
from fazhi.errors import ConfigError
from fazhi.schema import Schema, default_schema
from fazhi.tokens import tokenize
from fazhi.windows import FloatArray
from train.attention import speed_up
from train.config import load_config, one_line_errors
from train.dataset import IGNORE, Batch, Collator, Example, WindowDataset, make_examples, plan_epochs, read_texts, special_ids
from train.documents import DataConfig, load_documents, resolve
from train.encoders import check_labels, load_tokenizer, loading, quiet, take_layers
from train.finetune import FinetuneConfig, LayeredTrainer, Task, arguments, arrays_of, describe, run, show, steps_of
from train.optimizer import OptimConfig
from train.runs import begin
from train.scoring import logits_of

WEIGHTS = "model.safetensors"


@dataclass(frozen=True, slots=True)
class Unlabelled:
    """Texts without labels: JSON-lines files (xz), at most ``characters`` of each, seen in ``epochs`` passes."""

    jsonl: tuple[str, ...] = ()
    characters: int = 300_000
    epochs: int = 1


@dataclass(frozen=True, slots=True)
class DistillConfig:
    """A distillation run; ``hard`` is the labels' share.

    The student starts from ``start`` (a directory of a token classifier; the first teacher where it is empty), of which it
    keeps the ``layers`` (from 1; all where there are none).
    """

    teachers: tuple[str, ...]
    out: str
    start: str = ""
    layers: tuple[int, ...] = (2, 4, 6, 8, 10, 12)
    temperature: float = 2.0
    hard: float = 0.5
    seed: int = 0
    window: int = 254
    threads: int = 0
    evaluations: int = 10
    patience: int = 4
    average: int = 0
    balance: bool = False
    data: DataConfig = field(default_factory=DataConfig)
    unlabelled: Unlabelled = field(default_factory=Unlabelled)
    optim: OptimConfig = field(default_factory=OptimConfig)


def distillation_loss(
    logits: torch.Tensor,
    soft: torch.Tensor,
    tags: torch.Tensor,
    known: torch.Tensor,
    schema: Schema,
    temperature: float,
    hard: float,
) -> torch.Tensor:
    """Return ``(1 - hard)`` · T² · KL to the teachers plus ``hard`` · cross-entropy where there are labels, summed over layers.

    ``logits`` ``(batch, n, labels)``; ``soft`` ``(batch, labels, n)``, the teachers' log-probabilities at temperature 1, layer
    by layer; ``tags`` ``(batch, layers, n)``, ``-100`` where unknown; ``known`` ``(batch, n)``: tokens that count.
    """
    total = logits.new_zeros(())
    for index, layer in enumerate(schema.layers):
        mine = torch.log_softmax(logits[known][:, layer.slice] / temperature, -1)
        theirs = torch.log_softmax(soft.transpose(1, 2)[known][:, layer.slice] / temperature, -1)
        divergence = nn.functional.kl_div(mine, theirs, reduction="batchmean", log_target=True) * temperature**2
        wanted = tags[:, index][known]
        rows = logits[known][:, layer.slice]
        cross = nn.functional.cross_entropy(rows, wanted, ignore_index=IGNORE, reduction="sum")
        total = total + (1 - hard) * divergence + hard * cross / (wanted != IGNORE).sum().clamp(min=1)
    return total


class SoftDataset(WindowDataset):
    """Windows that carry the teachers' log-probabilities too: ``soft`` ``(labels, n)``."""

    def __init__(self, *args: Any, soft: Sequence[FloatArray], **kwargs: Any) -> None:  # noqa: ANN401  passed on
        super().__init__(*args, **kwargs)
        self.soft = soft

    def __getitem__(self, index: int) -> Batch:
        """Return one window with its special tokens."""
        which, start, end = self.plan[index]
        rows = torch.from_numpy(self.soft[which][start:end].astype(np.float32).T.copy())
        return {**super().__getitem__(index), "soft": nn.functional.pad(rows, (1, 1))}


class DistillTrainer(LayeredTrainer):
    """The layered trainer with the loss of distillation."""

    def __init__(self, *args: Any, temperature: float, hard: float, **kwargs: Any) -> None:  # noqa: ANN401  passed on
        super().__init__(*args, **kwargs)
        self.temperature, self.hard = temperature, hard

    def loss_of(self, logits: torch.Tensor, inputs: Batch) -> torch.Tensor:
        """Return the loss of logits ``(batch, n, labels)``."""
        known = self.counted(inputs)[:, 0]
        return distillation_loss(logits, inputs["soft"], inputs["tags"], known, self.task.schema, self.temperature, self.hard)

    def counted(self, inputs: Batch) -> torch.Tensor:
        """Tell which tokens count, ``(batch, layers, n)``: all but the special ones, in texts without labels too."""
        ids = inputs["input_ids"]
        known = ~torch.isin(ids, torch.tensor(self.task.specials, device=ids.device))
        return known[:, None].expand_as(inputs["tags"])


def read_unlabelled(config: Unlabelled) -> list[Document]:
    """Read the texts without labels: whole documents from the start of each file until enough characters are there."""
    texts = ((name, text) for name in config.jsonl for text in read_texts(resolve(name), config.characters))
    return [Document(f"{name}:{number}", text) for number, (name, text) in enumerate(texts)]


def unlabelled_examples(documents: Sequence[Document], tokenizer: Tokenizer, schema: Schema) -> list[Example]:
    """Tokenise texts without labels; all their tags are ``IGNORE``."""
    examples = []
    for document in documents:
        tokens = tokenize(document.text, tokenizer)
        if len(tokens):
            tags = np.full((len(schema.layers), len(tokens)), IGNORE, dtype=np.int64)
            examples.append(Example(document, tokens, tags, 0))
    return examples


def soft_labels(
    config: DistillConfig, examples: Sequence[Example], specials: tuple[int, int, int], schema: Schema
) -> list[FloatArray]:
    """Return the log of the teachers' mean probabilities, ``(tokens, labels)`` a document, from the caches where known."""
    share = np.float32(1 / len(config.teachers))
    mean = [np.zeros((len(example.tokens), schema.size), dtype=np.float32) for example in examples]
    for name in config.teachers:
        for rows, logs in zip(mean, _soft_labels_of(name, Path(config.out), examples, specials, schema), strict=True):
            rows += share * np.exp(logs.astype(np.float32))
    return [np.log(np.maximum(rows, np.float32(1e-7))) for rows in mean]


def _soft_labels_of(
    teacher: str, folder: Path, examples: Sequence[Example], specials: tuple[int, int, int], schema: Schema
) -> list[FloatArray]:
    """Return the log of a teacher's probabilities for each document in half precision, from its cache where known."""
    weights = hashlib.sha256((Path(teacher) / WEIGHTS).read_bytes()).hexdigest()
    cache = folder / f"soft-{weights[:12]}.npz"
    known: dict[str, FloatArray] = dict(np.load(cache)) if cache.exists() else {}
    keys = [hashlib.sha256(example.document.text.encode()).hexdigest()[:24] for example in examples]
    missing = {key: example for key, example in zip(keys, examples, strict=True) if key not in known}
    if missing:
        with loading(teacher):
            model = AutoModelForTokenClassification.from_pretrained(teacher, dtype=torch.float32)
        speed_up(model, 0.0)
        for key, logits in zip(missing, logits_of(model, list(missing.values()), specials), strict=True):
            known[key] = _log_probabilities(logits, schema).astype(np.float16)
        folder.mkdir(parents=True, exist_ok=True)
        temporary = cache.with_suffix(".part.npz")
        np.savez(temporary, **known)  # type: ignore[arg-type]  # arrays by name
        temporary.replace(cache)
    return [known[key] for key in keys]


def check_models(config: DistillConfig, schema: Schema) -> None:
    """Refuse a teacher or a start without the schema's labels or the first teacher's vocabulary with ``ConfigError``."""
    vocabulary: dict[str, int] = {}
    if not config.teachers:
        raise ConfigError("teachers", "there are none", "name the directory of at least one token classifier")
    for name in (*config.teachers, *filter(None, [config.start])):
        pieces = load_tokenizer(name).get_vocab()
        with loading(name):
            check_labels(name, schema, needed=True)
        if not (Path(name) / WEIGHTS).is_file():
            raise ConfigError(name, f"there is no {WEIGHTS}", "give the local directory of a token classifier (…/best)")
        vocabulary = vocabulary or pieces
        if pieces != vocabulary:
            what = f"its {len(pieces)} pieces are not the {len(vocabulary)} of {config.teachers[0]}, or not in their order"
            raise ConfigError(name, what, "name models made from the same base")


def starting_point(config: DistillConfig) -> PreTrainedModel:
    """Return the student before its first step, in single precision whatever its file has."""
    name = config.start or config.teachers[0]
    with loading(name):
        model = AutoModelForTokenClassification.from_pretrained(name, dtype=torch.float32)
    return take_layers(model, config.layers) if config.layers else model


def _log_probabilities(logits: FloatArray, schema: Schema) -> FloatArray:
    parts = [torch.log_softmax(torch.from_numpy(logits[:, layer.slice]), -1) for layer in schema.layers]
    rows: FloatArray = torch.cat(parts, -1).numpy()
    return rows


def distill(config: DistillConfig, path: Path, resume: bool = True) -> Mapping[str, float]:
    """Run the distillation, save the best student into ``out/best`` and return its dev scores."""
    if config.optim.weights or config.optim.boundary != 1:
        raise ConfigError(path, "distillation has no optim.weights and no optim.boundary", "leave them out")
    if config.threads:
        torch.set_num_threads(config.threads)
    set_seed(config.seed)
    quiet()
    schema = default_schema()
    check_models(config, schema)
    tokenizer = load_tokenizer(config.teachers[0])
    backend = tokenizer.backend_tokenizer
    specials = special_ids(backend)
    train_documents, dev_documents = load_documents(config.data, path)
    labelled, dev = (make_examples(docs, backend, schema) for docs in (train_documents, dev_documents))
    bare = unlabelled_examples(read_unlabelled(config.unlabelled), backend, schema)
    soft = soft_labels(config, [*labelled, *bare], specials, schema)
    student = starting_point(config)
    speed_up(student, config.optim.dropout)
    plan = mixed_plan(config, labelled, bare)
    steps = steps_of(len(plan), config.optim, path)
    typer.echo(describe(labelled, dev, steps) + f"; {len(bare)} texts without labels")
    begin(config, [*arrays_of([*labelled, *bare, *dev]), *soft], student, resume)
    settings = _as_finetune(config)
    trainer = DistillTrainer(
        model=student,
        args=arguments(settings, steps),
        train_dataset=SoftDataset([*labelled, *bare], backend, plan, config.seed, config.data.digit_noise, soft=soft),
        eval_dataset=dev,
        data_collator=Collator(specials[2]),
        task=Task(schema, config.optim, dev, specials),
        temperature=config.temperature,
        hard=config.hard,
    )
    return run(trainer, tokenizer, settings)


def mixed_plan(config: DistillConfig, labelled: Sequence[Example], bare: Sequence[Example]) -> list[tuple[int, int, int]]:
    """Return the windows of labelled and unlabelled texts, the latter spread evenly over the run."""
    plan = plan_epochs(labelled, config.window, config.optim.epochs, config.seed)
    extra = plan_epochs(bare, config.window, config.unlabelled.epochs, config.seed + 1) if bare else []
    extra = [(which + len(labelled), start, end) for which, start, end in extra]
    places = [(index / max(1, len(part)), window) for part in (plan, extra) for index, window in enumerate(part)]
    return [window for _, window in sorted(places, key=lambda item: item[0])]


def _as_finetune(config: DistillConfig) -> FinetuneConfig:
    return FinetuneConfig(
        base=config.teachers[0],
        out=config.out,
        seed=config.seed,
        evaluations=config.evaluations,
        patience=config.patience,
        average=config.average,
        balance=config.balance,
        data=config.data,
        optim=config.optim,
    )


def main(
    config: Annotated[Path, typer.Option(help="YAML file, see configs/distill.yaml.")],
    out: Annotated[str, typer.Option(help="Folder of the run, instead of the file's.")] = "",
    fresh: Annotated[bool, typer.Option(help="Start anew although there are checkpoints.")] = False,
) -> None:
    """Distil a student from fine-tuned teachers."""
    overrides = {"out": out} if out else {}
    with one_line_errors():
        typer.echo(show(distill(load_config(config, DistillConfig, overrides), config, resume=not fresh)))


if __name__ == "__main__":
    typer.run(main)
