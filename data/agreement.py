"""Double annotation of the corpus: sheets for the second annotator, agreement, and settling what differs.

``sheet`` prints the bare clauses of a report, numbered, for someone who has not seen its tags. The answer is a text file, a
line for each clause that carries anything: ``12 M``, ``13 M [举办培训3期]``, ``14 - [办结52件] [撤销2件]``, ``15 P``; M is a
measure, P a problem, - neither, METRIC texts stand in square brackets. ``record`` stores both annotations in
``data/agreement/<batch>.jsonl`` before anything is settled; ``differences`` lists what differs; ``settle`` writes the
decided answers into the reports. Without a command the agreement is printed: Cohen's κ (Cohen 1960) on clauses and strict F1
on METRIC.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from data.inline import REPORTS, read, render, split_header
from fazhi.clauses import Clause, clauses
from fazhi.document import Document, Span
from fazhi.errors import AnnotationError
from fazhi.schema import default_schema
from fazhi.writers import whole_file

SHEETS = REPORTS.with_name("second")
RECORDS = REPORTS.with_name("agreement")
_LETTERS = {"M": "MEASURE", "P": "PROBLEM", "-": None}
_LINE = re.compile(r"(\d+)\s+([MP-])((?:\s*\[[^\]]*\])*)\s*")
app = typer.Typer(add_completion=False)


@dataclass(frozen=True, slots=True)
class Pair:
    """One report annotated twice."""

    batch: str
    document: Document
    first: tuple[Span, ...]
    second: tuple[Span, ...]


def numbered(text: str) -> list[tuple[int, Clause]]:
    """Return the clauses that hold anything, numbered from 1."""
    return list(enumerate((clause for clause in clauses(text) if clause.start < clause.end), 1))


def parse_sheet(raw: str, text: str, path: Path) -> list[Span]:
    """Read a second annotator's answer; ``AnnotationError`` names the line that does not fit the text."""
    found = dict(numbered(text))
    spans: list[Span] = []
    for number, line in enumerate(raw.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line.strip())
        if not match or int(match[1]) not in found:
            raise AnnotationError(path, number, "data/agreement.py", f"{line!r} is no answer to a clause of this report")
        clause, label = found[int(match[1])], _LETTERS[match[2]]
        if label:
            spans.append(Span(clause.start, clause.end, label, "statement"))
        spans += _metrics(text, clause, re.findall(r"\[([^\]]*)\]", match[3]), path, number)
    return sorted(spans)


def _metrics(text: str, clause: Clause, quotes: Sequence[str], path: Path, line: int) -> Iterator[Span]:
    at = clause.start
    for quote in quotes:
        place = text.find(quote, at, clause.end) if quote else -1
        if place < 0:
            raise AnnotationError(path, line, "§5", f"{quote!r} does not stand in {text[clause.start : clause.end]!r}")
        at = place + len(quote)
        yield Span(place, at, "METRIC", "metric")


def kappa(pairs: Iterable[tuple[str, str]]) -> float:
    """Cohen's κ of two annotators' labels; 1 where both always give one and the same label."""
    counts = Counter(pairs)
    total = counts.total()
    left, right = Counter[str](), Counter[str]()
    for (a, b), count in counts.items():
        left[a] += count
        right[b] += count
    expected = sum(left[label] * right[label] for label in left) / total**2
    observed = sum(count for (a, b), count in counts.items() if a == b) / total
    return 1.0 if expected == 1 else (observed - expected) / (1 - expected)


def metric_f1(pairs: Iterable[Pair]) -> float:
    """Strict F1 of one annotator's METRIC spans against the other's."""
    both = one = 0
    for pair in pairs:
        first, second = ({(s.start, s.end) for s in spans if s.label == "METRIC"} for spans in (pair.first, pair.second))
        both += len(first & second)
        one += len(first) + len(second)
    return 2 * both / one if one else 1.0


def clause_labels(pair: Pair) -> Iterator[tuple[str, str]]:
    """Yield both annotators' label of every clause (``O`` for none)."""
    labels = [{span.start: span.label for span in spans if span.layer == "statement"} for spans in (pair.first, pair.second)]
    for _, clause in numbered(pair.document.text):
        yield labels[0].get(clause.start, "O"), labels[1].get(clause.start, "O")


def load_pairs() -> list[Pair]:
    """Read all recorded pairs; their text is the report's, whose sha256 must be the recorded one."""
    pairs = []
    for path in sorted(RECORDS.glob("*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            row = json.loads(line)
            document = read(REPORTS / f"{row['id']}.txt")
            if document.meta["sha256"] != row["sha256"]:
                raise AnnotationError(path, number, "data/agreement.py", f"the text of {row['id']} has changed since")
            first, second = (tuple(_span(item) for item in row[name]) for name in ("first", "second"))
            pairs.append(Pair(path.stem, document, first, second))
    return pairs


def _span(item: tuple[int, int, str]) -> Span:
    return Span(item[0], item[1], item[2], default_schema().layer_of(item[2]).name)


@app.callback(invoke_without_command=True)
def figures(context: typer.Context) -> None:
    """Print agreement a batch: κ on clauses, F1 on METRIC, before settling."""
    if context.invoked_subcommand:
        return
    batches: dict[str, list[Pair]] = defaultdict(list)
    for pair in load_pairs():
        batches[pair.batch].append(pair)
        batches["all"].append(pair)
    table = Table("batch", "reports", "clauses", "κ clauses", "F1 METRIC")
    for name, pairs in sorted(batches.items(), key=lambda item: (item[0] == "all", item[0])):
        labels = [labels for pair in pairs for labels in clause_labels(pair)]
        table.add_row(name, str(len(pairs)), str(len(labels)), f"{kappa(labels):.3f}", f"{metric_f1(pairs):.3f}")
    Console().print(table)


@app.command()
def sheet(reports: Annotated[list[Path], typer.Argument(help="Files of data/reports.")]) -> None:
    """Print the bare clauses of reports, numbered; a blank line marks a line break of the text."""
    for path in reports:
        text = read(path).text
        typer.echo(f"=== {path.stem}")
        for number, clause in numbered(text):
            typer.echo(f"{number} {text[clause.outer_start : clause.outer_end].strip()}{clause.separator.strip()}")
            if clause.separator == "\n":
                typer.echo("")


@app.command()
def record(batch: str) -> None:
    """Store the first (inline) and second (sheet) annotation of every report of a batch that has a sheet."""
    rows = []
    for path in sorted(SHEETS.glob("*.txt")):
        document = read(REPORTS / path.name)
        if document.meta["batch"] == batch:
            second = parse_sheet(path.read_text(encoding="utf-8"), document.text, path)
            short = [[[s.start, s.end, s.label] for s in spans] for spans in (document.spans, second)]
            rows.append({"id": document.id, "sha256": document.meta["sha256"], "first": short[0], "second": short[1]})
    with whole_file(RECORDS / f"{batch}.jsonl") as stream:
        stream.writelines(json.dumps(row) + "\n" for row in rows)
    typer.echo(f"{len(rows)} reports of batch {batch} recorded")


def differing(pair: Pair) -> Iterator[tuple[int, Clause, list[Span], list[Span]]]:
    """Yield number, clause, first and second spans of every clause in which the two annotations differ."""
    for number, clause in numbered(pair.document.text):
        inside = [[s for s in spans if clause.start <= s.start < clause.end] for spans in (pair.first, pair.second)]
        first, second = ({(s.start, s.end, s.label) for s in spans} for spans in inside)
        if first != second:
            yield number, clause, inside[0], inside[1]


def _answer(text: str, spans: Iterable[Span]) -> str:
    spans = list(spans)
    label = next((s.label for s in spans if s.layer == "statement"), "-")
    return " ".join([label[0], *(f"[{text[s.start : s.end]}]" for s in sorted(spans) if s.label == "METRIC")])


@app.command()
def differences(batch: str) -> None:
    """List the clauses that differ: report, number, sentence so far, and both answers."""
    for pair in load_pairs():
        if pair.batch != batch:
            continue
        text = pair.document.text
        for number, clause, first, second in differing(pair):
            before = text[max(0, clause.start - 40) : clause.start].replace("\n", "⏎")
            here, after = text[clause.start : clause.end], text[clause.end : clause.end + 15]
            typer.echo(f"{pair.document.id} {number}: …{before}【{here}】{after!r}")
            typer.echo(f"    first  {_answer(text, first)}\n    second {_answer(text, second)}")


@app.command()
def settle(
    decisions: Annotated[Path, typer.Argument(help="Lines: report, clause number, the right answer in sheet form.")],
) -> None:
    """Write decided answers into the reports: each line ``<id> <number> <answer>``, the answer as on a sheet (``M [5件]``)."""
    by_report: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for number, line in enumerate(decisions.read_text(encoding="utf-8").splitlines(), 1):
        match = re.fullmatch(r"(\S+)\s+(\d+)\s+(.*)", line.strip())
        if not match:
            raise AnnotationError(decisions, number, "data/agreement.py", f"{line!r} is no decision")
        by_report[match[1]].append((int(match[2]), match[3]))
    for name, answers in by_report.items():
        path = REPORTS / f"{name}.txt"
        rewrite(path, replaced(read(path), answers, decisions))
    typer.echo(f"{sum(map(len, by_report.values()))} clauses of {len(by_report)} reports settled")


def replaced(document: Document, answers: Iterable[tuple[int, str]], source: Path) -> Document:
    """Return the document with the spans of the numbered clauses replaced by the answers."""
    found = dict(numbered(document.text))
    spans = list(document.spans)
    for number, answer in answers:
        clause = found[number]
        spans = [span for span in spans if not clause.start <= span.start < clause.end]
        spans += parse_sheet(f"{number} {answer}", document.text, source)
    return document.with_spans(spans)


def rewrite(path: Path, document: Document) -> None:
    """Write a report's body anew, its header as it was."""
    raw = path.read_text(encoding="utf-8")
    _, body, _ = split_header(raw, path)
    header = raw[: raw.index(body)] if body else raw
    with whole_file(path) as stream:
        stream.write(header + render(document) + "\n")


if __name__ == "__main__":
    app()
