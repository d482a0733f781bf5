"""``python -m train.pretrain --config configs/pretrain.yaml``: adapt the encoder to the genre by masked language modelling.

Runs of one to ``ngram`` tokens are masked (as in SpanBERT, Joshi et al. 2020; 80 % mask, 10 % random, 10 % kept); only masked
positions go through the tied vocabulary head. What a step sees depends on seed, step and process alone, so a run that was
killed resumes exactly. One CPU or GPU by ``python -m``, several by ``accelerate launch -m train.pretrain``.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from accelerate import Accelerator
from torch import nn
from torch.utils.tensorboard import SummaryWriter
from transformers import AutoModelForMaskedLM, PreTrainedModel

from fazhi.errors import ConfigError
from fazhi.tokens import IntArray, tokenize
from train.attention import speed_up
from train.config import load_config, one_line_errors
from train.dataset import read_reports, read_texts, special_ids
from train.documents import resolve
from train.encoders import check_vocabulary, load_tokenizer, loading, quiet
from train.runs import claim, record

IGNORE = -100


@dataclass(frozen=True, slots=True)
class PretrainConfig:
    """A run of adaptation on ``texts`` and on the training reports of the written corpus.

    A process sees ``batch`` sequences of ``window`` tokens a step, ``share`` of the tokens masked.
    """

    base: str
    out: str
    texts: tuple[str, ...] = ()
    reports: str = ""
    characters: int = 0
    window: int = 254
    batch: int = 16
    steps: int = 1000
    lr: float = 2e-4
    warmup: int = 100
    weight_decay: float = 0.01
    share: float = 0.15
    ngram: int = 3
    seed: int = 0
    threads: int = 0
    every: int = 100
    bf16: bool = True


def packed_tokens(config: PretrainConfig, tokenizer: Any) -> IntArray:  # noqa: ANN401  a fast tokenizer
    """Return all texts' tokens in one row, documents parted by ``</s>``, cut to whole windows: ``(sequences, window)``."""
    end = special_ids(tokenizer.backend_tokenizer)[1]
    texts = [text for name in config.texts for text in read_texts(resolve(name), config.characters)]
    texts += [document.text for document in read_reports(Path(config.reports), "train")] if config.reports else []
    parts: list[IntArray] = []
    for text in texts:
        parts += [tokenize(text, tokenizer.backend_tokenizer).ids, np.array([end])]
    row = np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)
    if len(row) < config.window:
        raise ConfigError(config.out, f"the texts hold {len(row)} tokens, less than one window", "name longer texts")
    return row[: len(row) // config.window * config.window].reshape(-1, config.window)


def mask_ngrams(
    ids: IntArray, rng: np.random.Generator, share: float, ngram: int, mask: int, vocabulary: int
) -> tuple[IntArray, IntArray]:
    """Return the masked ids and the targets (``-100`` where nothing is asked), both shaped as ``ids`` ``(batch, tokens)``."""
    chosen = np.zeros(ids.shape, dtype=bool)
    want = max(1, round(share * ids.shape[1]))
    for row in chosen:
        while row.sum() < want:
            length = min(int(rng.integers(1, ngram + 1)), want - int(row.sum()), len(row))
            start = int(rng.integers(len(row) - length + 1))
            row[start : start + length] = True
    draw = rng.random(ids.shape)
    masked = np.where(chosen & (draw < 0.8), mask, ids)
    masked = np.where(chosen & (draw >= 0.9), rng.integers(5, vocabulary, ids.shape), masked)
    return masked, np.where(chosen, ids, IGNORE)


class MaskedLoss(nn.Module):  # type: ignore[misc]  # torch is untyped here
    """A masked language model as a function of ids and targets ``(batch, tokens)`` to its loss."""

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return the mean cross-entropy at the masked positions, the only ones that the head sees."""
        states = self.model.base_model(input_ids=ids).last_hidden_state
        asked = targets != IGNORE
        logits = self.model.cls(states[asked])
        return nn.functional.cross_entropy(logits.float(), targets[asked])


class Adaptation:
    """One run: its model, optimiser and step, saved and restored together."""

    def __init__(self, config: PretrainConfig) -> None:
        self.config, self.step = config, 0
        self.accelerator = Accelerator(mixed_precision="bf16" if config.bf16 else "no", cpu=not torch.cuda.is_available())
        self.tokenizer = load_tokenizer(config.base)
        if self.tokenizer.mask_token_id is None:
            raise ConfigError(config.base, "its tokenizer has no mask token", "give an encoder that was trained with one")
        self.sequences = packed_tokens(config, self.tokenizer)
        torch.manual_seed(config.seed)
        with loading(config.base):
            self.model = AutoModelForMaskedLM.from_pretrained(config.base, dtype=torch.float32)
        check_vocabulary(config.base, self.tokenizer, self.model)
        self.made_of = record(config, [self.sequences], self.model)
        speed_up(self.model, 0.1)
        groups = [
            {"params": [p for p in self.model.parameters() if p.ndim > 1], "weight_decay": config.weight_decay},
            {"params": [p for p in self.model.parameters() if p.ndim <= 1], "weight_decay": 0.0},
        ]
        optimizer = torch.optim.AdamW(groups, lr=config.lr, betas=(0.9, 0.98))
        self.module, self.optimizer = self.accelerator.prepare(MaskedLoss(self.model).train(), optimizer)

    @property
    def checkpoint(self) -> Path:
        """Where the run's state is kept."""
        return Path(self.config.out) / "state.pt"

    def batch(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the ids and targets that this process sees at this step, special tokens added."""
        process, config = self.accelerator.process_index, self.config
        rng = np.random.default_rng([config.seed, self.step, process])
        rows = self.sequences[rng.integers(len(self.sequences), size=config.batch)]
        begin, end, _ = special_ids(self.tokenizer.backend_tokenizer)
        mask, vocabulary = self.tokenizer.mask_token_id, len(self.tokenizer)
        ids, targets = mask_ngrams(rows, rng, config.share, config.ngram, mask, vocabulary)
        framed = np.pad(ids, ((0, 0), (1, 1)))
        framed[:, 0], framed[:, -1] = begin, end
        torch.manual_seed(int(rng.integers(2**62)))
        asked = np.pad(targets, ((0, 0), (1, 1)), constant_values=IGNORE)
        device = self.accelerator.device
        return torch.from_numpy(framed).to(device), torch.from_numpy(asked).to(device)

    def advance(self) -> float:
        """Take one step and return its loss."""
        config = self.config
        left = (config.steps - self.step) / max(1, config.steps - config.warmup)
        for group in self.optimizer.param_groups:
            group["lr"] = config.lr * min((self.step + 1) / max(1, config.warmup), left)
        ids, targets = self.batch()
        with self.accelerator.autocast():
            loss = self.module(ids, targets)
        self.accelerator.backward(loss)
        self.accelerator.clip_grad_norm_(self.module.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.step += 1
        return float(loss.detach())

    def save(self) -> None:
        """Save the run's state, and the encoder with its tokenizer as a base for fine-tuning."""
        if not self.accelerator.is_main_process:
            return
        out = Path(self.config.out)
        out.mkdir(parents=True, exist_ok=True)
        state = {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(), "step": self.step}
        temporary = self.checkpoint.with_suffix(".part")
        torch.save(state, temporary)
        temporary.replace(self.checkpoint)
        self.model.save_pretrained(out)
        self.tokenizer.save_pretrained(out)

    def restore(self, fresh: bool) -> None:
        """Go on from the saved state, if there is one and the run is not to begin anew."""
        begun = not fresh and self.checkpoint.exists()
        claim(Path(self.config.out), self.made_of, begun)
        if not begun:
            self.checkpoint.unlink(missing_ok=True)
            return
        with loading(str(self.checkpoint), "start anew with --fresh"):
            state = torch.load(self.checkpoint, map_location="cpu", weights_only=True)
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step = state["step"]


def pretrain(config: PretrainConfig, fresh: bool = False) -> float:
    """Run the adaptation to its end and return the mean loss of its last stretch."""
    if config.threads:
        torch.set_num_threads(config.threads)
    quiet()
    run = Adaptation(config)
    run.restore(fresh)
    log = SummaryWriter(config.out) if run.accelerator.is_main_process else None
    losses: list[float] = []
    mean = float("nan")
    start, tokens = time.perf_counter(), config.batch * config.window * run.accelerator.num_processes
    while run.step < config.steps:
        losses.append(run.advance())
        if run.step % config.every and run.step != config.steps:
            continue
        speed = len(losses) * tokens / (time.perf_counter() - start)
        mean = float(np.mean(losses))
        if log is not None:
            log.add_scalar("loss", mean, run.step)
            log.add_scalar("tokens_per_second", speed, run.step)
            typer.echo(f"step {run.step} loss {mean:.4f} {speed:.0f} tokens/s")
        run.save()
        losses, start = [], time.perf_counter()
    return mean


def main(
    config: Annotated[Path, typer.Option(help="YAML file, see configs/pretrain.yaml.")],
    fresh: Annotated[bool, typer.Option(help="Start anew although there is a saved state.")] = False,
) -> None:
    """Adapt an encoder by masked language modelling."""
    with one_line_errors():
        pretrain(load_config(config, PretrainConfig), fresh)


if __name__ == "__main__":
    typer.run(main)
