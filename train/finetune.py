"""``python -m train.finetune --config configs/finetune.yaml``: fine-tune an encoder as a token classifier with layered labels.

The model is a plain ``BertForTokenClassification``; its loss is one cross-entropy a label layer over that layer's slice of
the logits. Learning rates fall layer by layer from the head down (Howard & Ruder 2018). A run that was killed resumes from its
last checkpoint with the same batches and gives the same weights as an unbroken one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from torch import nn
from transformers import Trainer, TrainingArguments, set_seed

from fazhi.errors import ConfigError
from fazhi.schema import Schema, default_schema
from train.balance import add_biases, fit_biases
from train.config import load_config, one_line_errors
from train.dataset import IGNORE, Batch, Collator, Example, WindowDataset, make_examples, plan_epochs, special_ids
from train.documents import DataConfig, load_documents
from train.encoders import load_model, quiet
from train.losses import layered_loss, symmetric_divergence
from train.optimizer import SCHEDULES, OptimConfig, parameter_groups
from train.regularize import Patience, displaced, keep_mean, restore_stopped
from train.runs import begin, last_checkpoint
from train.scoring import PLACEMENTS, fit_temperatures, logits_of, score


@dataclass(frozen=True, slots=True)
class FinetuneConfig:
    """A whole run; ``base`` is a directory or hub id, ``out`` the folder of the run.

    ``layers`` (from 1) keeps only these layers of the base. The mean of the last ``average`` checkpoints takes the best one's
    place if it is as good on dev (0: not tried). ``balance`` gives the labels the biases of best F1 on dev (``train.balance``).
    """

    base: str
    out: str
    layers: tuple[int, ...] = ()
    seed: int = 0
    window: int = 254
    threads: int = 0
    evaluations: int = 10
    patience: int = 4
    average: int = 0
    balance: bool = False
    bf16: bool = True
    data: DataConfig = field(default_factory=DataConfig)
    optim: OptimConfig = field(default_factory=OptimConfig)


@dataclass(frozen=True, slots=True)
class Task:
    """What the trainer needs beyond ``Trainer``'s own: labels, optimiser, documents to score on, special token ids."""

    schema: Schema
    optim: OptimConfig
    dev: Sequence[Example]
    specials: tuple[int, int, int]

    def __post_init__(self) -> None:
        """Refuse weights that are not one a layer with ``ConfigError``."""
        if self.optim.weights and len(self.optim.weights) != len(self.schema.layers):
            names = ", ".join(layer.name for layer in self.schema.layers)
            raise ConfigError("optim.weights", f"{len(self.optim.weights)} weights", f"give one for each of {names}, or none")


class LayeredTrainer(Trainer):  # type: ignore[misc]  # transformers is untyped
    """A ``transformers.Trainer`` with the layered loss, layer-wise rates, a fixed order of windows, and span F1 on dev."""

    optimizer: torch.optim.Optimizer | None
    control: Any

    def __init__(self, task: Task, **kwargs: Any) -> None:  # noqa: ANN401  passed on to Trainer
        super().__init__(**kwargs)
        self.task = task

    def _get_train_sampler(self, *_: Any) -> torch.utils.data.Sampler[int]:  # noqa: ANN401  differs by version
        return torch.utils.data.SequentialSampler(self.train_dataset)

    def create_optimizer(self, *_: Any) -> torch.optim.Optimizer:  # noqa: ANN401  differs by version
        """Build AdamW over the layers' groups."""
        if self.optimizer is None:
            self.optimizer = torch.optim.AdamW(parameter_groups(self.model, self.task.optim), betas=(0.9, 0.98), fused=True)
        return self.optimizer

    def training_step(self, model: nn.Module, inputs: Batch, *rest: Any) -> torch.Tensor:  # noqa: ANN401  as Trainer calls it
        """Add a batch's gradient, with ``fgm`` also that at displaced embeddings (a second pass); return the plain loss."""
        if not self.task.optim.fgm:
            plain: torch.Tensor = super().training_step(model, inputs, *rest)
            return plain
        words = self.model.get_input_embeddings().weight
        before = torch.zeros_like(words) if words.grad is None else words.grad.clone()  # of batches accumulated already
        loss: torch.Tensor = super().training_step(model, inputs, *rest)
        with displaced(words, words.grad - before, self.task.optim.fgm):
            super().training_step(model, inputs, *rest)
        return loss

    def compute_loss(self, model: nn.Module, inputs: Batch, return_outputs: bool = False, **_: Any) -> Any:  # noqa: ANN401
        """Return the loss of a batch; with ``rdrop`` the mean of two passes' losses plus their divergence."""
        outputs = self._forward(model, inputs)
        logits = outputs.logits.float()
        loss = self.loss_of(logits, inputs)
        if self.task.optim.rdrop:
            again = self._forward(model, inputs).logits.float()
            divergence = symmetric_divergence(logits, again, self.counted(inputs), self.task.schema)
            loss = (loss + self.loss_of(again, inputs)) / 2 + self.task.optim.rdrop * divergence
        return (loss, outputs) if return_outputs else loss

    def _forward(self, model: nn.Module, inputs: Batch) -> Any:  # noqa: ANN401  transformers' output
        return model(input_ids=inputs["input_ids"], attention_mask=inputs.get("attention_mask"))

    def loss_of(self, logits: torch.Tensor, inputs: Batch) -> torch.Tensor:
        """Return the loss of logits ``(batch, n, labels)``; distillation overrides it."""
        optim = self.task.optim
        return layered_loss(logits, inputs["tags"], self.task.schema, optim.weights, optim.boundary)

    def counted(self, inputs: Batch) -> torch.Tensor:
        """Tell which tokens count in each layer, ``(batch, layers, n)``; distillation overrides it."""
        return inputs["tags"] != IGNORE

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:  # noqa: ANN401  as Trainer calls it
        """Score the dev documents with the product's own decoder."""
        scores = score(logits_of(self.model, self.task.dev, self.task.specials), self.task.dev, self.task.schema)
        metrics = {f"eval_{name}": value for name, value in scores.items()}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics


def arguments(config: FinetuneConfig, steps: int) -> TrainingArguments:
    """Return the Trainer's arguments; all epochs are one pass over the planned windows."""
    every = max(1, steps // config.evaluations)
    return TrainingArguments(
        output_dir=config.out,
        seed=config.seed,
        max_steps=steps,
        per_device_train_batch_size=config.optim.batch,
        gradient_accumulation_steps=config.optim.accumulate,
        warmup_steps=round(config.optim.warmup * steps),
        lr_scheduler_type=SCHEDULES[config.optim.schedule],
        max_grad_norm=1.0,
        bf16=config.bf16,
        use_cpu=not torch.cuda.is_available(),
        eval_strategy="steps",
        eval_steps=every,
        save_strategy="steps",
        save_steps=every,
        save_total_limit=max(3, config.average + 1),  # the best one is kept beside the last
        load_best_model_at_end=True,
        metric_for_best_model="mean",
        greater_is_better=True,
        logging_steps=10,
        report_to=["tensorboard"],
        remove_unused_columns=False,
        disable_tqdm=True,
        dataloader_drop_last=True,
    )


def train(config: FinetuneConfig, path: Path, resume: bool = True) -> Mapping[str, float]:
    """Run the fine-tuning, save the best model into ``out/best`` and return its dev scores."""
    if config.threads:
        torch.set_num_threads(config.threads)
    set_seed(config.seed)
    quiet()
    schema = default_schema()
    train_documents, dev_documents = load_documents(config.data, path)
    model, tokenizer = load_model(config.base, schema, config.optim.dropout, config.layers)
    backend = tokenizer.backend_tokenizer
    examples, dev = (make_examples(docs, backend, schema) for docs in (train_documents, dev_documents))
    plan = plan_epochs(examples, config.window, config.optim.epochs, config.seed)
    windows = WindowDataset(examples, backend, plan, config.seed, config.data.digit_noise)
    steps = steps_of(len(windows), config.optim, path)
    typer.echo(describe(examples, dev, steps))
    begin(config, arrays_of([*examples, *dev]), model, resume)
    trainer = LayeredTrainer(
        model=model,
        args=arguments(config, steps),
        train_dataset=windows,
        eval_dataset=windows,
        data_collator=Collator(special_ids(backend)[2]),
        task=Task(schema, config.optim, dev, special_ids(backend)),
    )
    return run(trainer, tokenizer, config)


def steps_of(windows: int, optim: OptimConfig, path: Path) -> int:
    """Return the steps of one pass over all windows; ``ConfigError`` where they do not fill one."""
    steps = windows // (optim.batch * optim.accumulate)
    if not steps:
        what = f"{windows} windows do not fill one step of {optim.batch} × {optim.accumulate}"
        raise ConfigError(path, what, "give more documents or epochs, or a smaller optim.batch")
    return steps


def arrays_of(examples: Sequence[Example]) -> list[np.ndarray[Any, Any]]:
    """Return what a run learns from and is scored on: ids and tags of all documents."""
    return [array for example in examples for array in (example.tokens.ids, example.tags)]


def describe(examples: Sequence[Example], dev: Sequence[Example], steps: int) -> str:
    """Say in one line what a run trains on."""
    tokens, lost = sum(len(e.tokens) for e in examples), sum(e.inexact for e in examples)
    spans = sum(len(e.document.spans) for e in examples)
    return f"{len(examples)} documents, {tokens} tokens, {lost} of {spans} spans inexact; dev {len(dev)}; {steps} steps"


def run(
    trainer: LayeredTrainer,
    tokenizer: Any,  # noqa: ANN401  a fast tokenizer
    config: FinetuneConfig,
) -> Mapping[str, float]:
    """Train, from the last checkpoint if there is one, and save the best model (or a mean as good) with its scores."""
    out = Path(config.out)
    checkpoint = last_checkpoint(out)
    trainer.add_callback(Patience(config.patience))
    if not (checkpoint and restore_stopped(trainer, checkpoint, config.patience)):
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    scores: Mapping[str, float] = trainer.evaluate()
    if config.average:
        scores = keep_mean(trainer, scores, config.average)
    if config.balance:
        balance(trainer)
        scores = trainer.evaluate()
    task, best = trainer.task, out / "best"
    trainer.save_model(str(best))
    tokenizer.save_pretrained(str(best))
    temperatures = fit_temperatures(logits_of(trainer.model, task.dev, task.specials), task.dev, task.schema)
    (best / "temperatures.json").write_text(json.dumps(temperatures), encoding="utf-8")
    (best / "dev.json").write_text(json.dumps(scores, indent=1), encoding="utf-8")
    return scores


def balance(trainer: LayeredTrainer) -> None:
    """Give the head the biases of best F1 on dev, and say which."""
    task, model = trainer.task, trainer.model
    placed = [logits_of(model, task.dev, task.specials, *placement) for placement in PLACEMENTS]
    biases = fit_biases(placed, task.dev, task.schema)
    add_biases(model.classifier, biases, task.schema)
    typer.echo("biases " + " ".join(f"{label} {bias:+.1f}" for label, bias in biases.items()))


def show(scores: Mapping[str, float]) -> str:
    """Write scores in one line."""
    return " ".join(f"{name.removeprefix('eval_')} {value:.4f}" for name, value in scores.items())


def main(
    config: Annotated[Path, typer.Option(help="YAML file, see configs/finetune.yaml.")],
    base: Annotated[str, typer.Option(help="Encoder, directory or hub id, instead of the file's.")] = "",
    out: Annotated[str, typer.Option(help="Folder of the run, instead of the file's.")] = "",
    seed: Annotated[int, typer.Option(help="Seed, instead of the file's; -1 leaves it.")] = -1,
    fresh: Annotated[bool, typer.Option(help="Start anew although there are checkpoints.")] = False,
) -> None:
    """Fine-tune an encoder on the three labels."""
    overrides: dict[str, Any] = {name: value for name, value in (("base", base), ("out", out)) if value}
    overrides |= {"seed": seed} if seed >= 0 else {}
    with one_line_errors():
        typer.echo(show(train(load_config(config, FinetuneConfig, overrides), config, resume=not fresh)))


if __name__ == "__main__":
    typer.run(main)
