"""The panel: what many reports say, as tables that can be compared between places and years.

A number that a report does not give is never a zero: the long table has no row for it, and the disclosure matrix says
``not found``, or ``unsure`` where the report speaks of the indicator but no number of it was understood.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fazhi import themes
from fazhi.boilerplate import Meter, specificity
from fazhi.document import Document
from fazhi.indicators import Catalogue, catalogue
from fazhi.writers import whole_file
from fazhi.years import links

Row = dict[str, Any]

DISCLOSED, NOT_FOUND, UNSURE = "disclosed", "not found", "unsure"
SURE = 0.5
"""A metric whose span has a lower probability than this makes its indicator ``unsure``."""

REPORT = ("document", "region", "issuer", "year")
_PLACE = ("quote", "source", "source_start", "source_end", "score")
METRICS = (
    *REPORT, "indicator_code", "indicator_name", "indicator", "topic", "value", "low", "high", "bound", "unit", "kind",
    "period", "base", "direction", "status", "scope", "part_of", "section", *_PLACE,
)  # fmt: skip
MEASURES = (
    *REPORT, "status", "theme", "theme_name", "item", "instruments", "metrics", "specificity", "specific_by",
    "seen_elsewhere", "section", *_PLACE,
)  # fmt: skip
PROBLEMS = (*REPORT, "role", "theme", "theme_name", "item", "seen_elsewhere", "section", *_PLACE)
LINKS = (
    "issuer", "year", "kind", "statement", "theme", "theme_name", "next_year", "relation", "answer", "similarity", "flag",
    "document", "next_document",
)  # fmt: skip
REPORTS = (
    *REPORT,
    "title",
    "metrics",
    "metrics_with_code",
    "measures",
    "problems",
    "boilerplate_share",
    "mean_specificity",
    "source",
)


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its name, columns and rows; a row may lack a column, which is then empty."""

    name: str
    columns: tuple[str, ...]
    rows: list[Row]


def build(documents: Iterable[Document]) -> list[Table]:
    """Return the tables of a panel: metrics, disclosure, measures, problems, year-on-year links, reports."""
    read = list(documents)
    meter = Meter.of(read)
    known, named = catalogue(), themes.names()
    return [
        Table("metrics", METRICS, [row for document in read for row in metric_rows(document, known)]),
        disclosure(read, known),
        Table("measures", MEASURES, [row for document in read for row in _measures(document, meter)]),
        Table("problems", PROBLEMS, [row for document in read for row in _problems(document, meter)]),
        Table("links", LINKS, [{**row, "theme_name": named.get(row["theme"])} for row in links(read)]),
        Table("reports", REPORTS, [_report(document, meter) for document in read]),
    ]


def metric_rows(document: Document, known: Catalogue) -> Iterator[Row]:
    """Yield one row a quantity, in the order of the text; a metric whose value was not understood has one row without it."""
    records = document.records.get("metrics", ())
    wholes = {record["id"]: _quote(document, record) for record in records}
    for record in records:
        code = record["indicator_code"]
        base = {**_about(document), **_where(document, record), **record, "part_of": wholes.get(record["parent"])}
        base["indicator_name"] = known[code].zh if code in known.codes else None
        quantities: Sequence[Mapping[str, Any]] = record["quantities"] or ({},)
        for quantity in quantities:
            stated = {name: value for name, value in quantity.items() if name not in ("text", "period")}
            yield {**base, **stated, "period": quantity.get("period") or record["period"]}


def disclosure(documents: Sequence[Document], known: Catalogue) -> Table:
    """Return the matrix report × indicator of ``disclosed``, ``not found`` and ``unsure``."""
    columns = (*REPORT, *(entry.code for entry in known.indicators))
    return Table("disclosure", columns, [{**_about(document), **_disclosed(document, known)} for document in documents])


def _disclosed(document: Document, known: Catalogue) -> Row:
    states: dict[str, str] = {}
    for record in document.records.get("metrics", ()):
        code = record["indicator_code"]
        if code and record["status"] == "actual":
            sure = record["quantities"] and (record["score"] is None or record["score"] >= SURE)
            states[code] = DISCLOSED if sure or states.get(code) == DISCLOSED else UNSURE
    text = re.sub(r"\s", "", document.text)
    for entry in known.indicators:
        if entry.code not in states:
            named = any(len(alias) > 3 and alias in text for alias in entry.aliases)
            states[entry.code] = UNSURE if named else NOT_FOUND
    return states


def _measures(document: Document, meter: Meter) -> Iterator[Row]:
    for record in document.records.get("measures", ()):
        marks = specificity(record["text"])
        yield {
            **_statement(document, record, meter),
            "instruments": "、".join(record["instruments"]),
            "metrics": len(record["metrics"]),
            "specificity": len(marks),
            "specific_by": "、".join(marks),
        }


def _problems(document: Document, meter: Meter) -> Iterator[Row]:
    for record in document.records.get("problems", ()):
        yield _statement(document, record, meter)


def _statement(document: Document, record: Mapping[str, Any], meter: Meter) -> Row:
    own = {"theme_name": themes.names().get(record["theme"]), "seen_elsewhere": meter.elsewhere(document.id, record["text"])}
    return {**_about(document), **_where(document, record), **record, **own}


def _report(document: Document, meter: Meter) -> Row:
    records = document.records
    metrics, measures = records.get("metrics", ()), records.get("measures", ())
    marks = [len(specificity(record["text"])) for record in measures]
    return {
        **_about(document),
        "title": document.meta.get("title"),
        "metrics": len(metrics),
        "metrics_with_code": sum(record["indicator_code"] is not None for record in metrics),
        "measures": len(measures),
        "problems": len(records.get("problems", ())),
        "boilerplate_share": round(meter.share(document), 4),
        "mean_specificity": round(sum(marks) / len(marks), 3) if marks else None,
        "source": document.meta.get("source"),
    }


def _about(document: Document) -> Row:
    return {"document": document.id, **{name: document.meta.get(name) for name in ("region", "issuer", "year")}}


def _where(document: Document, record: Mapping[str, Any]) -> Row:
    span = record["span"]
    place = {name: span.get(name) for name in ("source_start", "source_end")}
    return {"quote": _quote(document, record), "source": document.meta.get("source"), **place}


def _quote(document: Document, record: Mapping[str, Any]) -> str:
    return document.text[record["span"]["start"] : record["span"]["end"]]


def beside(tables: Sequence[Table], path: Path) -> list[tuple[Table, Path]]:
    """Return the file of each table: the first is ``panel.csv``, the others ``panel-measures.csv`` and so on."""
    first, *rest = tables
    return [(first, path), *((table, path.with_name(f"{path.stem}-{table.name}{path.suffix}")) for table in rest)]


def write_csv(tables: Sequence[Table], path: Path) -> None:
    """Write CSV files, the metrics to ``path`` and the others beside it; UTF-8 with a byte-order mark, for Excel."""
    for table, place in beside(tables, path):
        with whole_file(place, encoding="utf-8-sig", newline="") as stream:
            writer = csv.DictWriter(stream, table.columns, restval="", extrasaction="ignore", lineterminator="\r\n")
            writer.writeheader()
            writer.writerows(table.rows)
