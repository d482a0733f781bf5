"""``python -m evaluate.run --model DIR | --pred FILE --gold FILE --out DIR``: score a model, or predictions, in every way.

Writes ``results.json``, ``report.html``, ``summary.md`` and, with ``--model``, ``predictions.jsonl`` into ``--out``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from evaluate import report
from evaluate.pairs import Pair, pair_up, read_documents
from evaluate.predict import Predictor, load_predictor, predict, prepare, seams
from evaluate.recordalign import Record, read_gold, record
from evaluate.results import Setting, evaluate
from evaluate.robustness import robustness
from evaluate.spans import table
from fazhi.document import Document
from fazhi.errors import EvaluationError, FazhiError
from fazhi.writers import whole_file, write_jsonl


@dataclass(frozen=True)
class Request:
    """What is asked for on the command line; see ``main``."""

    gold: Path
    out: Path
    model: str | None = None
    pred: Path | None = None
    records: Path | None = None
    train: Sequence[Path] = ()
    dev_gold: Path | None = None
    dev_pred: Path | None = None
    learning: Path | None = None
    robust: bool = False
    raw: bool = False


def run(request: Request) -> tuple[dict[str, Any], list[Pair]]:
    """Predict where needed, score, and write everything into the folder; return the results and the pairs."""
    if (request.model is None) == (request.pred is None):
        raise EvaluationError("command line", "needs --model or --pred", "name one of the two")
    gold = read_documents(request.gold)
    model = load_predictor(request.model) if request.model is not None else None
    predicted = predict(model, gold, request.raw) if model else read_documents(request.pred or request.gold)
    pairs = pair_up(gold, predicted)
    results = evaluate(pairs, _setting(request, model, gold, predicted))
    if model and request.robust:
        results["robustness"] = robustness(gold, model, request.raw)
    if request.learning:
        results["learning"] = _read_learning(request.learning)
    if model:
        write_jsonl(predicted, request.out / "predictions.jsonl")
    write_results(results, request.out)
    return results, pairs


def _setting(request: Request, model: Predictor | None, gold: Sequence[Document], predicted: Sequence[Document]) -> Setting:
    return Setting(
        model=str(predicted[0].meta.get("model") or request.model or request.pred),
        gold="/".join(request.gold.parts[-2:]),
        training=[document for file in request.train for document in read_documents(file)],
        development=_development(request, model),
        records=read_gold(request.records) if request.records else records_of(gold),
        seams=seams(model, prepare(gold, model, request.raw)) if model else None,
    )


def _read_learning(path: Path) -> Any:  # noqa: ANN401 - a JSON value
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EvaluationError(path, "holds no learning curve", "make it with python -m evaluate.learning") from error


def _development(request: Request, model: Predictor | None) -> list[Pair] | None:
    """Return development reports with predictions of the same model, for the temperature of the scores."""
    if request.dev_gold is None:
        return None
    gold = read_documents(request.dev_gold)
    if model is None and request.dev_pred is None:
        raise EvaluationError("--dev-gold", "there are no predictions on it", "add --dev-pred, or use --model")
    predicted = read_documents(request.dev_pred) if request.dev_pred else predict(model, gold, request.raw) if model else []
    return pair_up(gold, predicted)


def records_of(gold: Sequence[Document]) -> Mapping[str, Sequence[Record]] | None:
    """Return the gold records that stand in the gold documents themselves, ``None`` if there are none."""
    found = {
        document.id: [record(raw) for raw in document.records["metrics"]] for document in gold if "metrics" in document.records
    }
    return found or None


def write_results(results: Mapping[str, Any], out: Path) -> None:
    """Write ``results.json``, ``report.html`` and ``summary.md``; each appears whole or not at all."""
    with whole_file(out / "results.json") as stream:
        json.dump(results, stream, ensure_ascii=False, indent=1)
        stream.write("\n")
    report.write(results, out)


def main(
    gold: Annotated[Path, typer.Option(help="Annotated documents, JSON Lines.")],
    out: Annotated[Path, typer.Option(help="Folder for the results.")],
    model: Annotated[str | None, typer.Option(help="Model directory or name, a baseline's folder, or 'rules'.")] = None,
    pred: Annotated[Path | None, typer.Option(help="Predicted documents, JSON Lines, instead of a model.")] = None,
    records: Annotated[Path | None, typer.Option(help="Gold records (JSON), if they are not in --gold.")] = None,
    train: Annotated[list[Path] | None, typer.Option(help="Training documents: tells seen phrases from unseen ones.")] = None,
    dev_gold: Annotated[Path | None, typer.Option(help="Development documents: fits the temperature of scores.")] = None,
    dev_pred: Annotated[Path | None, typer.Option(help="Predictions on them; with --model they are made.")] = None,
    learning: Annotated[Path | None, typer.Option(help="learning.json of evaluate.learning, to be shown too.")] = None,
    robust: Annotated[bool, typer.Option("--robustness", help="Also score the model on perturbed reports.")] = False,
    raw: Annotated[bool, typer.Option("--raw", help="Give the model the texts as they are, not through ingest.")] = False,
) -> None:
    """Score a model or its predictions against gold; see docs/evaluation.md."""
    request = Request(gold, out, model, pred, records, train or (), dev_gold, dev_pred, learning, robust, raw)
    try:
        _, pairs = run(request)
    except FazhiError as error:
        Console(stderr=True).print(f"error: {error}", style="red", markup=False, soft_wrap=True)
        raise typer.Exit(2) from error
    console = Console()
    console.print(table(pairs))
    console.print(f"report: {out / 'report.html'}", markup=False, soft_wrap=True)


if __name__ == "__main__":
    typer.run(main)
