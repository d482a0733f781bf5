"""``python -m evaluate.compare A B``: test whether two models differ in strict F1 on the same reports.

``A`` and ``B`` are output folders of ``evaluate.run`` or their ``results.json``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from evaluate.bootstrap import paired_tests
from evaluate.results import VERSION, report_counts
from evaluate.spans import percent
from fazhi.errors import EvaluationError, FazhiError
from fazhi.writers import whole_file

Results = Mapping[str, Any]


def read_results(path: Path) -> dict[str, Any]:
    """Read ``results.json`` of a folder (or the file itself); ``EvaluationError`` where there is none of this version."""
    file = path / "results.json" if path.is_dir() else path
    try:
        results = json.loads(file.read_text(encoding="utf-8"))
        version = results["version"]
    except OSError as error:
        raise EvaluationError(file, f"cannot be read ({error.strerror})", "make it with python -m evaluate.run") from error
    except (ValueError, KeyError, TypeError) as error:
        raise EvaluationError(file, "holds no results", "make it with python -m evaluate.run") from error
    if version != VERSION:
        raise EvaluationError(file, f"has version {version}, not {VERSION}", "run python -m evaluate.run again")
    found: dict[str, Any] = results
    return found


def compare(first: Results, second: Results) -> dict[str, dict[str, Any]]:
    """Return for every label, ``micro`` and ``macro`` both F1 scores, their difference, its 95 % interval and p-values.

    Raises ``EvaluationError`` unless both were scored on the same gold.
    """
    counts = report_counts(first), report_counts(second)
    _check_same_gold(*counts)
    names = sorted(counts[0])
    tests = paired_tests(
        [counts[0][name] for name in names], [counts[1][name] for name in names], list(first["strict"]["labels"])
    )
    return {label: {"first": _f1(first, label), "second": _f1(second, label), **test} for label, test in tests.items()}


def _check_same_gold(first: Mapping[str, Mapping[str, Any]], second: Mapping[str, Mapping[str, Any]]) -> None:
    if first.keys() != second.keys():
        lonely = min(first.keys() ^ second.keys())
        raise EvaluationError(
            "the two results", f"report {lonely!r} is in one of them only", "score both models on the same gold"
        )
    for name, labels in first.items():
        if {k: c.gold for k, c in labels.items()} != {k: c.gold for k, c in second[name].items()}:
            raise EvaluationError(f"report {name}", "has other gold spans in A than in B", "score both models on the same gold")


def _f1(results: Results, label: str) -> float | None:
    strict = results["strict"]
    f1: float | None = strict[label]["f1"] if label in ("micro", "macro") else strict["labels"][label]["f1"]
    return f1


def _cells(label: str, row: Mapping[str, Any]) -> list[str]:
    ends = row["interval"]
    interval = "undefined" if ends is None else f"{100 * ends[0]:+.1f} … {100 * ends[1]:+.1f}"
    difference = "undefined" if row["difference"] is None else f"{100 * row['difference']:+.1f}"
    p_values = ["undefined" if row[name] is None else f"{row[name]:.3f}" for name in ("randomisation_p", "bootstrap_p")]
    return [label, percent(row["first"]), percent(row["second"]), difference, interval, *p_values]


HEADINGS = ("", "A", "B", "B − A", "95 % interval", "p (randomisation)", "p (bootstrap)")


def table(rows: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return the comparison as a table for the terminal."""
    out = Table(title="Strict F1, paired over reports")
    for heading in HEADINGS:
        out.add_column(heading, justify="left" if not heading else "right")
    for label, row in rows.items():
        out.add_row(*_cells(label, row))
    return out


def markdown(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the comparison as a Markdown table."""
    lines = ["| " + " | ".join(HEADINGS) + " |", "|---|" + "---:|" * (len(HEADINGS) - 1)]
    return "\n".join([*lines, *("| " + " | ".join(_cells(label, row)) + " |" for label, row in rows.items())]) + "\n"


def main(
    first: Annotated[Path, typer.Argument(metavar="A", help="Results of one model.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="Results of the other.")],
    out: Annotated[Path | None, typer.Option(help="Also write the table as Markdown.")] = None,
) -> None:
    """Compare two models that were scored on the same gold."""
    try:
        results = read_results(first), read_results(second)
        rows = compare(*results)
    except FazhiError as error:
        Console(stderr=True).print(f"error: {error}", style="red", markup=False, soft_wrap=True)
        raise typer.Exit(2) from error
    Console().print(f"A: {results[0]['model']}\nB: {results[1]['model']}", markup=False)
    Console().print(table(rows))
    if out:
        with whole_file(out) as stream:
            stream.write(markdown(rows))


if __name__ == "__main__":
    typer.run(main)
