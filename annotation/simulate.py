"""``python -m annotation.simulate``: is choosing worth it? F1 against reports annotated, for random, uncertainty and mixture.

A quick learner stands in for the model, so that hundreds of trainings take minutes: a linear classifier of clauses over hashed
character n-grams. Statements fill clauses, so its F1 of MEASURE and PROBLEM is a strict span F1. Every run of a seed
begins with the same few random reports; five seeds. Writes ``simulation.json`` and ``simulation.svg``.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from annotation.common import console, one_line_errors
from annotation.selection import STRATEGIES, Candidate, Floats, Vector, entropy, value, vectors
from annotation.tasks import read_jsonl
from fazhi.clauses import clauses
from fazhi.document import Document
from fazhi.errors import MissingExtraError
from fazhi.writers import whole_file

CLASSES = ("O", "MEASURE", "PROBLEM")


@dataclass(frozen=True)
class Report:
    """A report as the quick learner sees it: features and classes of its clauses."""

    document: Document
    features: Any
    classes: tuple[int, ...]


def prepare(documents: Sequence[Document]) -> list[Report]:
    """Turn reports into features: the clause's characters, and what stands before it."""
    try:
        from sklearn.feature_extraction.text import HashingVectorizer
    except ImportError as error:
        raise MissingExtraError("scikit-learn", "evaluate") from error
    hashing = HashingVectorizer(analyzer="char", ngram_range=(1, 3), n_features=2**17, alternate_sign=False)
    found = []
    for document in documents:
        labels = {span.start: span.label for span in document.spans if span.layer == "statement"}
        inside = [clause for clause in clauses(document.text) if clause.start < clause.end]
        texts = [document.text[clause.start : clause.end] for clause in inside]
        before = ["", *texts[:-1]]
        rows = [f"\x02{text}\x03 \x04{previous[-4:]}" for text, previous in zip(texts, before, strict=True)]
        classes = tuple(CLASSES.index(labels.get(clause.start, "O")) for clause in inside)
        found.append(Report(document, hashing.transform(rows), classes))
    return found


def fit(reports: Sequence[Report], seed: int) -> Any:  # noqa: ANN401  scikit-learn is untyped
    """Train the quick learner."""
    from scipy.sparse import vstack
    from sklearn.linear_model import SGDClassifier

    model = SGDClassifier(loss="log_loss", alpha=1e-5, max_iter=30, tol=1e-3, average=True, random_state=seed)
    return model.fit(vstack([r.features for r in reports]), [c for r in reports for c in r.classes])


def strict_f1(model: Any, reports: Sequence[Report]) -> float:  # noqa: ANN401  scikit-learn is untyped
    """Return the mean of the F1 of MEASURE and of PROBLEM."""
    from scipy.sparse import vstack

    found = model.predict(vstack([r.features for r in reports]))
    gold = np.array([c for r in reports for c in r.classes])
    scores = []
    for label in (1, 2):
        total = (gold == label).sum() + (found == label).sum()
        scores.append(2 * ((gold == label) & (found == label)).sum() / total if total else 0.0)
    return float(np.mean(scores))


def candidate(model: Any, report: Report, frequency: Mapping[str, float]) -> Candidate:  # noqa: ANN401  scikit-learn is untyped
    """Return what the strategies want to know of a report."""
    known: Floats = model.predict_proba(report.features)
    guesses = [CLASSES[model.classes_[at]] for at in known.argmax(axis=1)]
    worth = value((g for g in guesses if g != "O"), len(report.document.text), frequency)
    return Candidate(report.document.id, float(entropy(known).mean()), worth)


def run(
    strategy: str, pool: Sequence[Report], test: Sequence[Report], steps: Sequence[int], seed: int
) -> list[tuple[float, int]]:
    """Annotate up to each number of reports; return at each the F1 and the characters annotated."""
    order = list(range(len(pool)))
    random.Random(seed).shuffle(order)
    points = vectors([report.document.text for report in pool])
    done, scores = order[: steps[0]], []
    for index, size in enumerate(steps):
        model = fit([pool[at] for at in done], seed)
        scores.append((strict_f1(model, test), sum(len(pool[at].document.text) for at in done)))
        if index + 1 < len(steps):
            done = done + choose(strategy, model, pool, order, done, points, steps[index + 1] - size)
    return scores


def choose(
    strategy: str,
    model: Any,  # noqa: ANN401
    pool: Sequence[Report],
    order: Sequence[int],
    done: Sequence[int],
    points: Vector,
    count: int,
) -> list[int]:
    """Return the places in the pool of the next reports to annotate."""
    left = [at for at in order if at not in set(done)]
    if strategy == "random":
        return left[:count]
    counts = Counter(CLASSES[c] for at in done for c in pool[at].classes if c)
    frequency = {label: number / counts.total() for label, number in counts.items()}
    known = [candidate(model, pool[at], frequency) for at in left]
    return [left[at] for at in STRATEGIES[strategy](known, points[left], points[list(done)], count)]


def plot(results: Mapping[str, Any], path: Path) -> None:
    """Draw mean and standard deviation over the seeds."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot

    mpl.rcParams["svg.hashsalt"] = "fazhi"
    figure, axes = pyplot.subplots(figsize=(7, 4.2))
    colours = ("#666666", "#D55E00", "#0072B2")
    for (name, runs), colour, style in zip(results["f1"].items(), colours, ("--", "-.", "-"), strict=True):
        mean, spread = np.mean(runs, axis=0), np.std(runs, axis=0)
        axes.plot(results["reports"], mean, style, marker="o", markersize=4, color=colour, label=name)
        axes.fill_between(results["reports"], mean - spread, mean + spread, color=colour, alpha=0.15, linewidth=0)
    axes.set(xlabel="reports annotated", ylabel="mean F1 of MEASURE and PROBLEM")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def main(
    pool: Annotated[Path, typer.Option(help="Annotated reports to choose from (python -m data.build).")] = Path(
        "data/built/train.jsonl"
    ),
    test: Annotated[Path, typer.Option(help="Reports to score on.")] = Path("data/built/validation.jsonl"),
    out: Annotated[Path, typer.Option(help="Folder for simulation.json and simulation.svg.")] = Path("out/simulation"),
    seeds: Annotated[int, typer.Option(min=1)] = 5,
    steps: Annotated[str, typer.Option(help="Numbers of reports.")] = "5,10,15,20,30,40,60,80,120,160",
) -> None:
    """Simulate annotation with each strategy."""
    with one_line_errors():
        reports, judged = prepare(list(read_jsonl(pool))), prepare(list(read_jsonl(test)))
        sizes = [size for size in map(int, steps.split(",")) if size <= len(reports)]
        results: dict[str, Any] = {"reports": sizes, "seeds": seeds, "f1": {}, "characters": {}}
        for name in ("random", *STRATEGIES):
            runs = [run(name, reports, judged, sizes, seed) for seed in range(seeds)]
            results["f1"][name] = [[f1 for f1, _ in one] for one in runs]
            results["characters"][name] = [[count for _, count in one] for one in runs]
            means = np.mean(results["f1"][name], axis=0)
            read = np.mean(results["characters"][name], axis=0) / 1000
            line = "  ".join(f"{n}: {f1:.3f} ({k:.0f}k)" for n, f1, k in zip(sizes, means, read, strict=True))
            console.print(f"{name:12} {line}", highlight=False, soft_wrap=True)
        with whole_file(out / "simulation.json") as stream:
            json.dump(results, stream)
        plot(results, out / "simulation.svg")
        typer.echo(f"{out / 'simulation.json'}, {out / 'simulation.svg'}")


if __name__ == "__main__":
    typer.run(main)
