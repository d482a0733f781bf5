"""Adversarial steps on the embeddings, early stopping that survives a kill, and the mean of a run's last checkpoints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import typer
from safetensors.torch import load_file
from transformers import Trainer, TrainerCallback, TrainerControl, TrainerState
from transformers.integrations import TensorBoardCallback


@contextmanager
def displaced(weight: torch.Tensor, gradient: torch.Tensor, epsilon: float) -> Iterator[None]:
    """Move a weight by ``epsilon`` along its gradient's direction, and afterwards back to what it was, to the bit.

    This is the fast gradient method of Miyato et al. (2017) on a table of embeddings; a gradient of zero moves nothing.
    """
    kept, norm = weight.detach().clone(), gradient.norm()
    with torch.no_grad():
        if norm > 0 and norm.isfinite():
            weight.add_(gradient * (epsilon / norm))
    try:
        yield
    finally:
        with torch.no_grad():
            weight.copy_(kept)


class Patience(TrainerCallback):  # type: ignore[misc]  # transformers is untyped
    """Early stopping after so many evaluations in a row without a better ``eval_mean``.

    transformers' own counts in memory and begins at 0 when a killed run resumes; this one counts in the log, which is saved.
    """

    def __init__(self, patience: int) -> None:
        self.patience = patience

    def on_evaluate(self, _: Any, state: TrainerState, control: TrainerControl, **__: Any) -> None:  # noqa: ANN401  arguments
        """Ask the trainer to stop where the patience has ended."""
        if since_best(state) >= self.patience:
            control.should_training_stop = True


def marks(state: TrainerState) -> dict[int, float]:
    """Return the ``eval_mean`` of each step that was evaluated, in their order."""
    return {entry["step"]: entry["eval_mean"] for entry in state.log_history if "eval_mean" in entry}


def since_best(state: TrainerState) -> int:
    """Return how many evaluations came after the first of the best ones."""
    values = list(marks(state).values())
    return len(values) - 1 - values.index(max(values)) if values else 0


def restore_stopped(trainer: Trainer, checkpoint: Path, patience: int) -> bool:
    """Give the trainer the state and the best weights of a run that had stopped early at its last checkpoint, if it had."""
    state = TrainerState.load_from_json(str(checkpoint / "trainer_state.json"))
    if since_best(state) < patience:
        return False
    trainer.state = state
    trainer.remove_callback(TensorBoardCallback)  # without a training it would write into ./runs
    trainer.model.load_state_dict(load_file(checkpoint.with_name(f"checkpoint-{state.best_global_step}") / "model.safetensors"))
    return True


def keep_mean(trainer: Trainer, scores: Mapping[str, float], count: int) -> Mapping[str, float]:
    """Put the mean of the last ``count`` checkpoints into the model if its ``eval_mean`` is at least that of ``scores``.

    ``scores`` are the model's own; returned are those of the model that is kept.
    """
    model, folders = trainer.model, last_checkpoints(trainer, count)
    if not folders:
        return scores
    own = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    model.load_state_dict(mean_weights(folders))
    found: Mapping[str, float] = trainer.evaluate()
    kept = found["eval_mean"] >= scores["eval_mean"]
    verdict = "kept" if kept else "left"
    typer.echo(f"mean of {len(folders)} checkpoints: {found['eval_mean']:.4f}, best {scores['eval_mean']:.4f}; {verdict}")
    if kept:
        return found
    model.load_state_dict(own)
    return scores


def last_checkpoints(trainer: Trainer, count: int) -> list[Path]:
    """Return the folders of the last ``count`` checkpoints that this run wrote (an older run's may lie beside them)."""
    folders = [Path(trainer.args.output_dir) / f"checkpoint-{step}" for step in sorted(marks(trainer.state))[-count:]]
    return [folder for folder in folders if folder.is_dir()]


def mean_weights(folders: Sequence[Path]) -> dict[str, torch.Tensor]:
    """Return the mean of the weights in ``model.safetensors`` of each folder, in double precision."""
    total: dict[str, torch.Tensor] = {}
    for folder in folders:
        for name, tensor in load_file(folder / "model.safetensors").items():
            total[name] = total[name] + tensor.double() if name in total else tensor.double()
    return {name: tensor / len(folders) for name, tensor in total.items()}
