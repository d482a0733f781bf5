"""``python -m annotation.retrain --pulled DIR``: fine-tune on what was pulled, and promote the new model if it wins on dev.

Runs ``train.finetune`` and ``models.export`` as programs of their own. Dev is the corpus's validation split and a fifth of
the pulled documents (by the hash of their ids, so that a document never changes sides). Promotion points ``current`` in the
folder of trainings (``FAZHI_TRAINING``) to the new model; ``fazhi serve`` takes it over at its next request.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from annotation.client import Client
from annotation.common import console, one_line_errors
from annotation.pull import take
from annotation.tasks import read_jsonl
from fazhi.document import Document
from fazhi.errors import FazhiError, InputError
from fazhi.extractor import Extractor
from fazhi.model_dir import locate
from fazhi.schema import default_schema
from fazhi.web.training import CURRENT, STATE
from fazhi.writers import whole_file, write_jsonl

DEV_SHARE = 5
"""One in so many pulled documents is kept for dev."""
HELD_OUT = "留出"
ROOT = Path(__file__).parent.parent


def is_dev(document: Document) -> bool:
    """Tell whether a pulled document belongs to dev, now and for ever."""
    return int(hashlib.sha256(document.id.encode()).hexdigest(), 16) % DEV_SHARE == 0


def split(documents: Sequence[Document]) -> tuple[list[Document], list[Document]]:
    """Return the documents to train on and dev; where the hash keeps none for dev, the last one is."""
    dev = [document for document in documents if is_dev(document)] or list(documents[-1:])
    kept = {document.id for document in dev}
    return [document for document in documents if document.id not in kept], dev


def configuration(base: Path, gold: Path, out: Path, epochs: int, corpus: bool) -> dict[str, Any]:
    """Return a configuration of ``train.finetune`` that goes on from a trained model, gently."""
    data = {"jsonl": [str(gold)], "reports": str(ROOT / "data" / "reports") if corpus else "", "dev_publishers": [HELD_OUT]}
    optim = {"lr": 5.0e-5, "decay": 0.95, "head": 1.0, "batch": 8, "epochs": epochs, "warmup": 0.1}
    return {
        "base": str(base),
        "out": str(out),
        "seed": 1,
        "evaluations": max(2, epochs),
        "patience": 3,
        "data": data,
        "optim": optim,
    }


def strict_f1(extractor: Extractor, gold: Sequence[Document]) -> dict[str, float]:
    """Return strict span F1 a label over documents, and ``mean`` over the labels that occur."""
    bare = [Document(document.id, document.text) for document in gold]
    counts = {label: [0, 0] for layer in default_schema().layers for label in layer.labels}
    for document, found in zip(gold, extractor.extract_many(bare), strict=True):
        for label, (both, every) in counts.items():
            wanted = {(s.start, s.end) for s in document.spans if s.label == label}
            given = {(s.start, s.end) for s in found.spans if s.label == label}
            counts[label] = [both + 2 * len(wanted & given), every + len(wanted) + len(given)]
    scores = {label: both / every for label, (both, every) in counts.items() if every}
    return {**scores, "mean": sum(scores.values()) / len(scores) if scores else 0.0}


def why_kept(new: Mapping[str, float], old: Mapping[str, float], slack: float = 0.01) -> str:
    """Say why the new model must not replace the old one; empty where it is better on average and none loses > ``slack``."""
    if new["mean"] <= old["mean"]:
        return "it is not better"
    lost = [label for label in old if label != "mean" and new.get(label, 0.0) < old[label] - slack]
    return f"it loses {', '.join(f'{old[label] - new.get(label, 0.0):.4f} on {label}' for label in lost)}" if lost else ""


def promote(folder: Path, model: Path) -> None:
    """Point ``current`` to a model, in one step."""
    temporary = folder / f".{CURRENT}.{os.getpid()}"
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(os.path.relpath(model, folder))
    temporary.replace(folder / CURRENT)


def tell(folder: Path, state: str, message: str, **more: Any) -> None:  # noqa: ANN401  JSON values
    """Write the state for ``fazhi serve`` and people."""
    with whole_file(folder / STATE) as stream:
        json.dump({"state": state, "message": message, **more}, stream, ensure_ascii=False)
    console.print(f"{state}: {message}", markup=False, highlight=False, soft_wrap=True)


def run(module: str, *words: str) -> None:
    """Run a stage as a program; ``FazhiError`` with its last line where it fails."""
    command = [sys.executable, "-m", module, *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603  our own programs
    sys.stderr.write(done.stdout + done.stderr)
    if done.returncode:
        lines = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()
        raise FazhiError(f"{module} failed: {lines[-1]}")


def retrain(pulled: Path, folder: Path, served: Path, epochs: int, corpus: bool) -> bool:
    """Train, export, compare on dev, promote; return whether the new model was promoted."""
    gold = list(read_jsonl(pulled / "gold.jsonl")) if (pulled / "gold.jsonl").exists() else []
    if len(gold) < 2:
        raise InputError(pulled / "gold.jsonl", f"{len(gold)} gold documents", "finish and pull at least two")
    work = folder / datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    train, dev = split(gold)
    _write_gold(work / "gold.jsonl", train, dev)
    with whole_file(work / "finetune.yaml") as stream:
        yaml.safe_dump(configuration(served, work / "gold.jsonl", work / "run", epochs, corpus), stream, allow_unicode=True)
    tell(folder, "running", f"training on {len(train)} pulled documents{' and the corpus' if corpus else ''}")
    run("train.finetune", "--config", str(work / "finetune.yaml"))
    run("models.export", "--run", str(work / "run" / "best"), "--out", str(work / "model"))
    dev += _validation() if corpus else []
    new, old = (strict_f1(Extractor.from_pretrained(model), dev) for model in (work / "model", served))
    reason = why_kept(new, old)
    if not reason:
        promote(folder, work / "model")
    message = f"on {len(dev)} dev documents the new model has F1 {new['mean']:.4f}, the served one {old['mean']:.4f}: "
    message += f"{reason} and is not promoted" if reason else "it is promoted"
    tell(folder, "kept" if reason else "promoted", message, new=new, old=old, model=str(work / "model"))
    return not reason


def _write_gold(path: Path, train: Iterable[Document], dev: Iterable[Document]) -> None:
    """Write both sides in one file; the publisher tells ``train.finetune`` which is dev."""
    marked = [(document, "") for document in train] + [(document, HELD_OUT) for document in dev]
    write_jsonl((replace(document, meta={"publisher": mark}) for document, mark in marked), path)


def _validation() -> list[Document]:
    """Return the corpus's validation reports out of the built data set, made if it is not there."""
    built = ROOT / "data" / "built" / "validation.jsonl"
    if not built.exists():
        run("data.build")
    return list(read_jsonl(built))


def main(
    pulled: Annotated[Path, typer.Option(help="Folder that annotation.pull filled.")],
    model: Annotated[str, typer.Option(help="The model served until now; training goes on from its weights.")] = "small",
    folder: Annotated[Path, typer.Option(envvar="FAZHI_TRAINING", help="Folder of trainings.")] = Path("out/training"),
    project: Annotated[str, typer.Option(help="Pull this project first.")] = "",
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the documents.")] = 4,
    corpus: Annotated[bool, typer.Option("--corpus/--no-corpus", help="Train on the corpus too.")] = True,
) -> None:
    """Retrain on what annotators finished; promote the new model only if it wins on dev."""
    folder = folder.resolve()
    with one_line_errors():
        try:
            if project:
                client = Client.from_environment()
                take(client, client.project(project)["id"], pulled)
            current = folder / CURRENT
            retrain(
                pulled.resolve(), folder, current.resolve() if current.is_dir() else locate(model).resolve(), epochs, corpus
            )
        except FazhiError as error:
            tell(folder, "failed", str(error))
            raise


if __name__ == "__main__":
    typer.run(main)
