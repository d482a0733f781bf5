"""``python -m evaluate.baselines.table FILE… --gold FILE``: train every baseline as our model was, score all, write one table.

Every step is a program of docs/evaluation.md in a process of its own. What a step has made is not made again, so that the
command may be killed and started anew; ``--out`` holds the scores of each and ``baselines.md``.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from evaluate import leaderboard
from evaluate.baselines.training import Files, one_line_errors
from evaluate.compare import read_results
from fazhi.errors import EvaluationError
from fazhi.writers import whole_file

ROOT = Path(__file__).parents[2]
RANDOM = "configs/baselines/random.yaml"
Words = Sequence[str]


@dataclass(frozen=True, slots=True)
class Step:
    """A program with its arguments, and the file that is there once it has run."""

    words: Words
    made: Path


@dataclass(frozen=True, slots=True)
class Baseline:
    """A row of the table: what makes it, and what ``evaluate.run --model`` is given."""

    name: str
    note: str
    model: str
    steps: tuple[Step, ...] = ()


def baselines(files: Sequence[Path], config: Path, base: Path, runs: Path, minutes: float) -> list[Baseline]:
    """Return all rows; the trained ones lie under ``runs`` and learn from the files as ``config`` has them."""
    data = [*map(str, files), "--as-in", str(config)]
    crf, spacy, frozen, drawn = (runs / name for name in ("crf", "spacy", "frozen", "random"))
    encoders = "evaluate.baselines.encoders"
    train = ("train.finetune", "--config", RANDOM, "--base", str(runs / "base-random"), "--out", str(drawn))
    return [
        Baseline("rules", "no training", "rules"),
        Baseline("CRF", "python-crfsuite", str(crf), (_step("evaluate.baselines.crf", *data, out=crf, made="baseline.json"),)),
        Baseline(
            "spaCy",
            f"blank zh, own tok2vec, {minutes:g} CPU minutes",
            str(spacy),
            (_step("evaluate.baselines.spacy_spans", *data, "--minutes", str(minutes), out=spacy, made="baseline.json"),),
        ),
        Baseline(
            "random weights",
            f"the same BERT, newly drawn ({RANDOM})",
            str(runs / "random-model"),
            (
                _step(encoders, "random", "--base", str(base), out=runs / "base-random", made="tokenizer.json"),
                Step(train, drawn / "best" / "dev.json"),
                _export(drawn / "best", runs / "random-model"),
            ),
        ),
        Baseline(
            "frozen encoder",
            "the pretrained encoder as it is, a linear head",
            str(runs / "frozen-model"),
            (
                _step(encoders, "frozen", *data, "--base", str(base), out=frozen, made="tokenizer.json"),
                _export(frozen, runs / "frozen-model"),
            ),
        ),
    ]


def _step(*words: str, out: Path, made: str) -> Step:
    return Step((*words, "--out", str(out)), out / made)


def _export(run: Path, out: Path) -> Step:
    return _step("models.export", "--run", str(run), out=out, made="checksums.json")


def scoring(row: Baseline, gold: Path, out: Path) -> Step:
    """Return the step that scores a row on a gold file."""
    folder = out / f"{row.name.replace(' ', '-')}-{gold.parent.name}"
    return _step("evaluate.run", "--model", row.model, "--gold", str(gold), out=folder, made="results.json")


def run(steps: Iterable[Step]) -> None:
    """Run what has not been made yet; ``EvaluationError`` with the last line of one that fails."""
    for step in steps:
        if step.made.exists():
            continue
        typer.echo(" ".join(step.words))
        command = [sys.executable, "-m", *step.words]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603  our own programs
        if done.returncode:
            last = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()[-1]
            raise EvaluationError(
                f"python -m {step.words[0]}", f"failed: {last.removeprefix('error: ')}", "mend it and start again"
            )


def main(
    files: Files,
    gold: Annotated[list[Path], typer.Option(help="Annotated documents to score on, JSON Lines; may be repeated.")],
    out: Annotated[Path, typer.Option(help="Folder for scores and table.")] = Path("out/baselines"),
    runs: Annotated[Path, typer.Option(help="Folder for what is trained.")] = Path("models/runs/baselines"),
    config: Annotated[Path, typer.Option(help="Mends labels and leaves out dev publishers as this.")] = Path(
        "configs/finetune.yaml"
    ),
    base: Annotated[Path, typer.Option(help="Base encoder, made by train.prepare.")] = Path("models/runs/base"),
    model: Annotated[str, typer.Option(help="Our model, the table's first row.")] = "models/fazhi-small",
    minutes: Annotated[float, typer.Option(help="CPU time of spaCy's training.")] = 12.0,
    only: Annotated[list[str] | None, typer.Option(help="Names of baselines; may be repeated. All without it.")] = None,
) -> None:
    """Train and score the baselines, and write the table of their scores beside ours."""
    files, gold = ([path.resolve() for path in paths] for paths in (files, gold))
    out, runs, config, base = (path.resolve() for path in (out, runs, config, base))
    rows = baselines(files, config, base, runs, minutes)
    rows = [Baseline(Path(model).name, "", model), *(row for row in rows if not only or row.name in only)]
    with one_line_errors():
        unknown = set(only or ()) - {row.name for row in rows}
        if unknown:
            raise EvaluationError("--only", f"{', '.join(sorted(unknown))} is no baseline", "leave it out to see all names")
        entries = []
        for row in rows:
            scores = [scoring(row, file, out) for file in gold]
            run([*row.steps, *scores])
            entries += [leaderboard.kept(read_results(step.made.parent), row.name, row.note) for step in scores]
    with whole_file(out / "baselines.md") as stream:
        stream.write(leaderboard.page(entries).replace("# Leaderboard", "# Baselines", 1))
    typer.echo(f"{out / 'baselines.md'}: {len(rows)} models on {len(gold)} sets")


if __name__ == "__main__":
    typer.run(main)
