"""What ``fazhi extract`` and ``fazhi audit`` print for people at a terminal: what a report says, in Chinese."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from fazhi.audit import KINDS_ZH, VERDICT_ZH, Finding, Quote
from fazhi.document import Document
from fazhi.writers import whole_file

_SECTIONS = {"results": "举措成效", "problems": "存在问题", "leaders": "领导履职", "plan": "下步打算", "other": ""}
_STATUS = {"actual": "实绩", "target": "目标", "done": "已做", "planned": "计划"}
_ROLES = {"problem": "问题", "cause": "原因", "consequence": "后果"}
_BOUNDS = {"approx": "约", "nearly": "近", "over": "超", "at_least": "≥", "at_most": "≤", "under": "<"}
_COLONS = re.compile(r"\s*[:：∶]\s*|(?<=\d)\s*比\s*(?=\d)")
PLAIN_WIDTH = 110


def print_documents(documents: Iterable[Document], out: Path | None = None) -> None:
    """Print the tables of documents to standard output, or to a text file."""
    if out is None:
        console = Console()
        show(documents, console if console.is_terminal else Console(width=max(console.width, PLAIN_WIDTH)))
        return
    with whole_file(out) as stream:
        show(documents, Console(file=stream, width=PLAIN_WIDTH))


def show(documents: Iterable[Document], console: Console) -> None:
    """Print the tables of documents to a console."""
    for document in documents:
        console.print(headline(document))
        for table in (metrics(document), measures(document), problems(document)):
            if table.row_count:
                console.print(table)
        show_audit(document, console)
        console.print()


def show_audit(document: Document, console: Console) -> None:
    """Print the findings that a document carries under a title, a line a finding; nothing where there are none."""
    if document.audit:
        console.print(Text("核对 AUDIT", "bold yellow"))
    for finding in map(Finding.from_json, document.audit):
        console.print(line(finding, "  " + ", ".join(map(place, finding.places))))


def line(finding: Finding, rest: str = "") -> Padding:
    """Return a finding as an indented line: kind, verdict, computation, and the rest behind them."""
    kind = (f"{KINDS_ZH[finding.kind]} {finding.kind}", "yellow")
    text = Text.assemble(kind, f"  {VERDICT_ZH} {finding.verdict}  ", (finding.computation, "dim"), rest)
    return Padding(text, (0, 0, 0, 2), expand=False)


def place(quote: Quote) -> str:
    """Return where a quote stands in the source."""
    return f"{quote.source_start}–{quote.source_end}"


def headline(document: Document) -> Text:
    """Return the report's title line: title or id, region, year, counts."""
    meta, records = document.meta, document.records
    facts = [str(meta[name]) for name in ("region", "year") if meta.get(name)]
    counts = [
        f"{zh} {len(records.get(kind, ()))}" for kind, zh in (("metrics", "指标"), ("measures", "举措"), ("problems", "问题"))
    ]
    return Text.assemble((str(meta.get("title") or document.id), "bold"), "  ", (" · ".join(facts + counts), "dim"))


def _table(title: str, style: str, *columns: tuple[str, Mapping[str, Any]]) -> Table:
    table = Table(title=title, title_justify="left", title_style=f"bold {style}", border_style="dim", expand=True)
    for name, options in columns:
        table.add_column(name, **options)
    return table


_RIGHT: Mapping[str, Any] = {"justify": "right", "no_wrap": True}
_SHORT: Mapping[str, Any] = {"no_wrap": True}
_WIDE: Mapping[str, Any] = {"ratio": 1, "overflow": "fold"}


def metrics(document: Document) -> Table:
    """Return the table of metrics, a row a quantity."""
    columns = (
        ("指标", {"ratio": 5, "overflow": "fold"}),
        ("数值", _RIGHT),
        ("单位", _SHORT),
        ("性质", _SHORT),
        ("部分", _SHORT),
        ("原文", {"ratio": 6, "overflow": "fold"}),
    )
    table = _table("指标 METRIC", "cyan", *columns, ("置信", _RIGHT))
    for record in document.records.get("metrics", ()):
        for index, quantity in enumerate(record["quantities"] or [{}]):
            first = index == 0
            table.add_row(
                Text(record["indicator"] if first else ""),
                value(quantity),
                Text(quantity.get("unit") or ""),
                _STATUS.get(record.get("status", ""), "") if first else "",
                _SECTIONS.get(record.get("section") or "", "") if first else "",
                Text(_quote(document, record) if first else ""),
                _score(record) if first else "",
            )
    return table


def measures(document: Document) -> Table:
    """Return the table of measures."""
    table = _table("举措 MEASURE", "green", ("举措", _WIDE), ("状态", _SHORT), ("部分", _SHORT), ("置信", _RIGHT))
    for record in document.records.get("measures", ()):
        section = _SECTIONS.get(record.get("section") or "", "")
        table.add_row(Text(record["text"]), _STATUS.get(record.get("status", ""), ""), section, _score(record))
    return table


def problems(document: Document) -> Table:
    """Return the table of problems."""
    table = _table("问题 PROBLEM", "red", ("问题", _WIDE), ("角色", _SHORT), ("部分", _SHORT), ("置信", _RIGHT))
    for record in document.records.get("problems", ()):
        section = _SECTIONS.get(record.get("section") or "", "")
        table.add_row(Text(record["text"]), _ROLES.get(record.get("role", ""), ""), section, _score(record))
    return table


def value(quantity: Mapping[str, Any]) -> str:
    """Return a quantity's value as people write it: ``≥ 60``, ``20–30``, ``57``; a ratio as the report does, ``1:1.2``."""
    if quantity.get("kind") == "ratio":
        return _COLONS.sub(":", quantity["text"])
    low, high, plain = quantity.get("low"), quantity.get("high"), quantity.get("value")
    if plain is None and low is not None and high is not None:
        return f"{_number(low)}–{_number(high)}"
    if plain is None:
        return ""
    return f"{_BOUNDS.get(quantity.get('bound', ''), '')} {_number(plain)}".strip()


def _number(number: float) -> str:
    return f"{number:,.0f}" if float(number).is_integer() else f"{number:,.10g}"


def _quote(document: Document, record: Mapping[str, Any]) -> str:
    return document.text[record["span"]["start"] : record["span"]["end"]]


def _score(record: Mapping[str, Any]) -> str:
    return "" if record.get("score") is None else f"{record['score']:.2f}"
