"""``python -m evaluate.leaderboard``: ``docs/leaderboard.md`` from the files in ``evaluate/scores/``.

``--add DIR --name NAME`` first keeps the scores of an evaluation there, without report names and sentences.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from evaluate.compare import compare, read_results
from evaluate.spans import percent
from fazhi.errors import EvaluationError
from fazhi.writers import whole_file

SCORES = Path(__file__).with_name("scores")
PAGE = Path(__file__).parent.parent / "docs" / "leaderboard.md"
Entry = dict[str, Any]


def kept(results: Mapping[str, Any], name: str, note: str = "") -> Entry:
    """Return what the leaderboard keeps of results: strict scores, intervals, and counts by report under hashed names.

    Of an absolute path only the last name is kept: the board is for everyone.
    """
    names = ("version", "model", "gold", "reports", "characters", "strict", "intervals")
    entry: Entry = {"name": name, "note": note, **{key: results[key] for key in names}}
    entry |= {key: Path(entry[key]).name for key in ("model", "gold") if Path(entry[key]).is_absolute()}
    entry["per_report"] = {_hashed(report): counts for report, counts in sorted(results["per_report"].items())}
    return entry


def _hashed(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:10]


def add(results: Mapping[str, Any], name: str, note: str = "", folder: Path = SCORES) -> Path:
    """Keep results as ``<gold>-<name>.json``; an entry of the same gold and name is replaced."""
    slug = re.sub(r"[^a-z0-9]+", "-", f"{Path(results['gold']).parent.name or 'set'} {name}".lower()).strip("-")
    path = folder / f"{slug}.json"
    with whole_file(path) as stream:
        stream.write(json.dumps(kept(results, name, note), ensure_ascii=False, indent=1) + "\n")
    return path


def page(entries: Iterable[Entry]) -> str:
    """Return the page: one table for each gold set, the best micro F1 first, each model tested against the first."""
    sets: dict[str, list[Entry]] = {}
    for entry in entries:
        sets.setdefault(entry["gold"], []).append(entry)
    head = (
        "# Leaderboard\n\n"
        "Strict F1 (label, start and end right) with 95 % intervals from resampling whole reports. *p* is that of the paired\n"
        "randomisation test of the micro F1 against the first model of the table. Made by `python -m evaluate.leaderboard`\n"
        "from `evaluate/scores/`; the scores by `python -m evaluate.run`.\n"
    )
    return head + "".join(_table(gold, rows) for gold, rows in sorted(sets.items()))


def _table(gold: str, entries: list[Entry]) -> str:
    ranked = sorted(entries, key=lambda entry: -(entry["strict"]["micro"]["f1"] or 0.0))
    best = ranked[0]
    labels = list(best["strict"]["labels"])
    lines = [f"\n## {gold}\n", f"{best['reports']} reports, {best['characters']:,} characters.\n"]
    lines.append("| Model | " + " | ".join(labels) + " | micro | p | Note |")
    lines.append("|---|" + "---:|" * (len(labels) + 2) + "---|")
    for entry in ranked:
        cells = [_cell(entry, label) for label in [*labels, "micro"]]
        p = "" if entry is best else _p(best, entry)
        lines.append("| " + " | ".join([entry["name"], *cells, p, entry["note"]]) + " |")
    return "\n".join(lines) + "\n"


def _p(best: Entry, entry: Entry) -> str:
    try:
        return f"{compare(entry, best)['micro']['randomisation_p']:.3f}"
    except EvaluationError:
        return "other gold"


def _cell(entry: Entry, label: str) -> str:
    strict = entry["strict"]
    f1 = strict["micro"]["f1"] if label == "micro" else strict["labels"].get(label, {}).get("f1")
    ends = (entry["intervals"].get(label) or {}).get("f1")
    return percent(f1) + (f" ({100 * ends[0]:.1f}–{100 * ends[1]:.1f})" if ends else "")


def main(
    add_results: Annotated[Path | None, typer.Option("--add", help="Output folder of evaluate.run to keep.")] = None,
    name: Annotated[str, typer.Option(help="The model's name on the board.")] = "",
    note: Annotated[str, typer.Option(help="What it was trained on, in a few words.")] = "",
    out: Annotated[Path, typer.Option(help="The page.")] = PAGE,
) -> None:
    """Write the leaderboard page."""
    if add_results:
        typer.echo(add(read_results(add_results), name or add_results.name, note))
    entries = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(SCORES.glob("*.json"))]
    with whole_file(out) as stream:
        stream.write(page(entries))
    typer.echo(f"{out}: {len(entries)} entries")


if __name__ == "__main__":
    typer.run(main)
