"""``python -m train.recipe --config configs/tiny.yaml --out DIR``: base, adaptation, fine-tuning and distillation in a row.

Each step's ``base`` and ``out`` are set to folders of ``--out``; what a step has finished it does not do again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from train.config import load_config, one_line_errors
from train.distill import DistillConfig, distill
from train.finetune import FinetuneConfig, show, train
from train.prepare import four_bit, prepare
from train.pretrain import PretrainConfig, pretrain


@dataclass(frozen=True, slots=True)
class RecipeConfig:
    """All steps; their ``base``, ``out`` and ``teachers`` in the file are names without meaning."""

    pieces: int
    pretrain: PretrainConfig
    finetune: FinetuneConfig
    distill: DistillConfig


def run_recipe(config: RecipeConfig, path: Path, out: Path) -> Mapping[str, float]:
    """Run all steps under ``out`` and return the student's dev scores; the student is in ``out/student/best``."""
    base, adapted, teacher, student = (str(out / name) for name in ("base", "adapted", "teacher", "student"))
    if not (out / "base" / "tokenizer.json").exists():
        typer.echo(prepare(four_bit(), out / "base", config.pieces))
    pretrain(replace(config.pretrain, base=base, out=adapted))
    typer.echo("teacher " + show(train(replace(config.finetune, base=adapted, out=teacher), path)))
    return distill(replace(config.distill, teachers=(f"{teacher}/best",), out=student), path)


def main(
    config: Annotated[Path, typer.Option(help="YAML file, see configs/tiny.yaml.")] = Path("configs/tiny.yaml"),
    out: Annotated[Path, typer.Option(help="Folder for all runs.")] = Path("models/runs/tiny"),
) -> None:
    """Run the whole recipe."""
    with one_line_errors():
        typer.echo("student " + show(run_recipe(load_config(config, RecipeConfig), config, out)))


if __name__ == "__main__":
    typer.run(main)
