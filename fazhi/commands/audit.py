"""``fazhi audit``: numbers of a report that do not fit together."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import IO, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from fazhi import tables
from fazhi.audit import KINDS_ZH, VERDICT_ZH, Finding, Quote, check
from fazhi.commands.common import DEFAULTS, Megabytes, Reader, check_out, progress, tracked, writing
from fazhi.commands.documents import documents, files
from fazhi.document import Document
from fazhi.ingest.limits import Limits
from fazhi.writers import whole_file

FORMS = (".txt", ".jsonl", ".csv")
COLUMNS = (
    "document", "region", "issuer", "year", "kind", "kind_zh", "verdict", "verdict_zh", "computation", "tolerance",
    "first", "first_source_start", "first_source_end", "second", "second_source_start", "second_source_end", "also", "source",
)  # fmt: skip
"""Columns of the CSV table: one row a finding."""


class Format(StrEnum):
    """What ``--format`` takes."""

    text = "text"
    jsonl = "jsonl"
    csv = "csv"


def audit(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders of reports, or JSON lines of extracted ones.")],
    model: Annotated[str | None, typer.Option(help="Model directory, 'small', 'fast', or a hub id.")] = None,
    format: Annotated[  # noqa: A002
        Format | None,
        typer.Option(
            help="text for people, jsonl: a line a document, csv: a row a finding. Default: what --out ends in, or text."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write to this file instead of standard output.")] = None,
    max_megabytes: Megabytes = DEFAULTS.megabytes,
) -> None:
    """Check a report's own numbers against each other: order of stages, rates, growth, sums, values stated twice.

    Nothing is called false: every finding says what needs checking, with both places and the computation.

    Exit code 0: all were checked, whatever was found; 1: some failed; 2: nothing could be done.
    """
    check_out(out, *(() if format else FORMS))
    reader = Reader(Limits(megabytes=max_megabytes))
    listed = files(reader, paths)
    if not listed:
        raise typer.Exit(reader.exit_code())
    with writing(out), progress(len(listed)) as bar:
        checked = ((document, check(document)) for document in documents(reader, tracked(listed, bar, "auditing"), model))
        _WRITERS[format or _format_of(out)](checked, out)
    raise typer.Exit(reader.exit_code())


def _format_of(out: Path | None) -> Format:
    ending = out.suffix.lower() if out else ""
    return {".jsonl": Format.jsonl, ".csv": Format.csv}.get(ending, Format.text)


def _write_csv(checked: Iterable[tuple[Document, list[Finding]]], out: Path | None) -> None:
    if out is None:
        _print_csv(checked, sys.stdout)
        return
    with whole_file(out, encoding="utf-8-sig", newline="") as stream:
        _print_csv(checked, stream)


def _print_csv(checked: Iterable[tuple[Document, list[Finding]]], stream: IO[str]) -> None:
    writer = csv.DictWriter(stream, COLUMNS, restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(_row(document, finding) for document, findings in checked for finding in findings)


def _row(document: Document, finding: Finding) -> dict[str, Any]:
    about = {"document": document.id, **{name: document.meta.get(name) for name in ("region", "issuer", "year", "source")}}
    said = {"kind": finding.kind, "kind_zh": KINDS_ZH[finding.kind], "verdict": finding.verdict, "verdict_zh": VERDICT_ZH}
    also = "；".join(f"{quote.text}（{tables.place(quote)}）" for quote in finding.also)
    how = {"computation": finding.computation, "tolerance": finding.tolerance, "also": also}
    return {**about, **said, **how, **_cells("first", finding.first), **_cells("second", finding.second)}


def _cells(name: str, quote: Quote) -> dict[str, Any]:
    return {name: quote.text, f"{name}_source_start": quote.source_start, f"{name}_source_end": quote.source_end}


def _write_jsonl(checked: Iterator[tuple[Document, list[Finding]]], out: Path | None) -> None:
    lines = (_line(document, findings) for document, findings in checked)
    if out is None:
        sys.stdout.writelines(lines)
        return
    with whole_file(out) as stream:
        stream.writelines(lines)


def _line(document: Document, findings: list[Finding]) -> str:
    found = replace(document, audit=tuple(finding.to_json() for finding in findings))
    raw = found.to_json()
    return json.dumps({"id": raw["id"], "meta": raw["meta"], "audit": raw.get("audit", [])}, ensure_ascii=False) + "\n"


def _write_text(checked: Iterator[tuple[Document, list[Finding]]], out: Path | None) -> None:
    if out is None:
        _print(checked, Console())
        return
    with whole_file(out) as stream:
        _print(checked, Console(file=stream, width=110))


def _print(checked: Iterator[tuple[Document, list[Finding]]], console: Console) -> None:
    for document, findings in checked:
        title = escape(str(document.meta.get("title") or document.id))
        console.print(f"[bold]{title}[/bold]  [dim]{len(findings)} 处{VERDICT_ZH} to check[/dim]", highlight=False)
        for finding in findings:
            console.print(tables.line(finding))
            for quote in finding.places:
                console.print(f"    {tables.place(quote)}  {escape(quote.text)}", highlight=False)


_WRITERS = {Format.text: _write_text, Format.jsonl: _write_jsonl, Format.csv: _write_csv}
