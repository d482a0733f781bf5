"""``fazhi audit``: numbers of a report that do not fit together."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from fazhi import tables
from fazhi.audit import VERDICT_ZH, Finding, check
from fazhi.commands.common import DEFAULTS, Megabytes, Reader, check_out, progress, tracked, writing
from fazhi.commands.documents import documents, files
from fazhi.document import Document
from fazhi.ingest.limits import Limits
from fazhi.writers import whole_file

FORMS = (".txt", ".jsonl")


class Format(StrEnum):
    """What ``--format`` takes."""

    text = "text"
    jsonl = "jsonl"


def audit(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders of reports, or JSON lines of extracted ones.")],
    model: Annotated[str | None, typer.Option(help="Model directory, 'small', 'fast', or a hub id.")] = None,
    format: Annotated[  # noqa: A002
        Format | None,
        typer.Option(help="text for people (the default), jsonl: a line a document with its findings (default for *.jsonl)."),
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
        if format is Format.jsonl or (format is None and out is not None and out.suffix.lower() == ".jsonl"):
            _write_jsonl(checked, out)
        else:
            _write_text(checked, out)
    raise typer.Exit(reader.exit_code())


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
