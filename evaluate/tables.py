"""The results as tables and plots: the one description that both the HTML report and the Markdown summary are made from.

Words are keys of ``templates/texts.yaml``; a key that is not there is shown as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from evaluate.mistakes import KINDS
from evaluate.plots import Frame, floor_tenth, interval_plot, line_plot

Cell = str | float | int | None
Results = Mapping[str, Any]
TEMPLATES = Path(__file__).with_name("templates")
_ORDER = ("1–6", "7–12", "13–20", "21–40", "> 40", "< 1,500", "1,500–3,000", "3,000–6,000", "> 6,000")


@cache
def texts() -> dict[str, dict[str, str]]:
    """Return the words of the report in Chinese and English."""
    loaded: dict[str, dict[str, str]] = yaml.safe_load((TEMPLATES / "texts.yaml").read_text(encoding="utf-8"))
    return loaded


def both(key: str) -> str:
    """Return a text in both languages, for alternatives and axes that cannot switch."""
    words = texts().get(key)
    return key if not words else words["en"] if words["zh"] == words["en"] else f"{words['zh']} / {words['en']}"


@dataclass(frozen=True)
class Table:
    """A table: the key of its caption, columns as ``(key, kind)`` with kind ``name``, ``percent`` or ``number``, rows."""

    caption: str
    columns: Sequence[tuple[str, str]]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True)
class Figure:
    """A plot: the key of its caption and the SVG."""

    caption: str
    svg: str


@dataclass(frozen=True)
class Part:
    """A part of the report; its heading is ``key``, its explanation ``key_note``."""

    key: str
    tables: Sequence[Table] = ()
    figures: Sequence[Figure] = ()
    mistakes: Sequence[Mapping[str, Any]] = field(default_factory=list)


def shown(value: Cell, kind: str) -> str:
    """Write a cell: percentages with one digit, undefined values as such."""
    if value is None:
        return "undefined"
    if isinstance(value, str):
        return value
    if kind == "percent":
        return f"{100 * value:.1f}"
    return f"{value:,}" if isinstance(value, int) else f"{value:.3g}"


def parts(results: Results) -> list[Part]:
    """Return all parts for which the results hold something."""
    makers = (_strict, _relative, _semeval, _units, _records, _slices, _calibration, _robustness, _learning, _errors)
    return [part for maker in makers for part in maker(results)]


_PRF = (("precision", "percent"), ("recall", "percent"), ("f1", "percent"))
_COUNTS = (("correct", "number"), ("predicted", "number"), ("gold", "number"))


def _prf(counts: Mapping[str, Any]) -> list[Cell]:
    return [counts.get(name) for name, _ in (*_PRF, *_COUNTS)]


def _strict(results: Results) -> Iterator[Part]:
    strict, intervals = results["strict"], results["intervals"]
    layers = {name: counts for name, counts in strict["layers"].items() if len(strict["layers"]) > 1}
    rows: list[list[Cell]] = []
    for name, counts in {**strict["labels"], **layers, "micro": strict["micro"], "macro": strict["macro"]}.items():
        ends = (intervals.get(name) or {}).get("f1")
        text = f"{100 * ends[0]:.1f}–{100 * ends[1]:.1f}" if ends else None if name in intervals else ""
        values = _prf(counts)
        rows.append([name, *values[:3], text, *(("" if value is None else value) for value in values[3:])])
    columns = [("label", "name"), *_PRF, ("interval", "name"), *_COUNTS]
    bars = [
        (name, counts["f1"], (intervals.get(name) or {}).get("f1"))
        for name, counts in {**strict["labels"], "micro": strict["micro"]}.items()
        if counts["f1"] is not None
    ]
    yield Part(
        "strict", [Table("strict", columns, rows)], [Figure("strict_alt", interval_plot(bars, "F1 %", both("strict_alt")))]
    )


def _relative(results: Results) -> Iterator[Part]:
    rows = [[name, row["score"], row["annotators"], row["ratio"]] for name, row in results["relative"].items()]
    columns = [("label", "name"), ("score", "percent"), ("annotators", "percent"), ("ratio", "percent")]
    if rows:
        yield Part("relative", [Table("relative", columns, rows)])


def _semeval(results: Results) -> Iterator[Part]:
    names = ("correct", "incorrect", "partial", "missed", "spurious")
    rows = [
        [group, scheme, *(counts[name] for name in ("precision", "recall", "f1", *names))]
        for group, schemes in results["semeval"].items()
        for scheme, counts in schemes.items()
    ]
    columns = [("label", "name"), ("scheme", "name"), *_PRF, *((name, "number") for name in names)]
    yield Part("semeval", [Table("semeval", columns, rows)])


def _units(results: Results) -> Iterator[Part]:
    units, unique = results["units"], results["deduplicated"]
    columns = [("label", "name"), ("character_f1", "percent"), ("clause_f1", "percent"), ("deduplicated_f1", "percent")]
    rows = []
    for label, cuts in units["cuts_and_joins"].items():
        f1s = [source.get(label, {}).get("f1") for source in (units["characters"], units["clauses"], unique)]
        rows.append([label, *f1s, cuts["split_rate"], cuts["merge_rate"]])
    tables = [Table("units", [*columns, ("split_rate", "percent"), ("merge_rate", "percent")], rows)]
    tables.append(Table("kappa", [("layer", "name"), ("kappa", "percent")], [list(row) for row in units["kappa"].items()]))
    nested = [[name, *_prf(counts)] for name, counts in units["nesting"].items()]
    tables.append(Table("nesting_table", [("label", "name"), *_PRF, *_COUNTS], nested))
    if units["seams"]:
        rows = [[name, *_prf(counts)] for name, counts in units["seams"].items()]
        tables.append(Table("seams", [("place", "name"), *_PRF, *_COUNTS], rows))
    yield Part("units", tables)


def _records(results: Results) -> Iterator[Part]:
    tables = []
    for source in ("predicted", "gold_spans"):
        scores = (results["records"] or {}).get(source)
        if scores:
            steps = {**scores["steps"], "whole": scores["whole"]}
            rows = [[name, *_prf(counts or {})] for name, counts in steps.items()]
            tables.append(Table(f"records_{source}", [("step", "name"), *_PRF, *_COUNTS], rows))
            sums = [["totals_exact", scores["totals"]["exact"]], ["totals_median", scores["totals"]["median_error"]]]
            sums.append(["indicator_accuracy", scores["indicator"]["accuracy"]])
            tables.append(Table("totals", [("measure", "name"), ("value", "percent")], sums))
    if tables:
        yield Part("records", tables)


def _slices(results: Results) -> Iterator[Part]:
    labels = list(results["strict"]["labels"])
    tables = []
    for name, values in results["slices"].items():
        rows: list[list[Cell]] = []
        for value in sorted(values, key=lambda v: (_ORDER.index(v) if v in _ORDER else -1, v)):
            row: list[Cell] = [value]
            for label in labels:
                counts = values[value].get(label, {})
                row += [counts.get("f1"), counts.get("gold", 0)]
            rows.append(row)
        columns = [column for label in labels for column in ((label, "percent"), ("gold_spans", "number"))]
        tables.append(Table(name, [("value", "name"), *columns], rows))
    if tables:
        yield Part("slices", tables)


def _calibration(results: Results) -> Iterator[Part]:
    found = results["calibration"]
    if not found:
        return
    rows: list[list[Cell]] = [["scored_spans", found["spans"]], ["ece", found["error"]], ["brier", found["brier"]]]
    if "temperature" in found:
        rows += [["temperature", found["temperature"]], ["ece_after", found["error_after"]]]
    review = [[f"{100 * row['share']:.0f} %", row["wrong_spans"], row["all_errors"]] for row in found["review"]]
    columns = [("share", "name"), ("wrong_spans", "percent"), ("all_errors", "percent")]
    tables = [Table("calibration", [("measure", "name"), ("value", "number")], rows), Table("review", columns, review)]
    yield Part("calibration", tables, list(_calibration_figures(found)))


def _calibration_figures(found: Results) -> Iterator[Figure]:
    frame = Frame(both("axis_score"), both("axis_right"))
    bins = [(row["score"], row["right"]) for row in found["reliability"]]
    yield Figure("reliability", line_plot(frame, [("", bins)], both("reliability_alt"), diagonal=True))
    risks = [(row["coverage"], row["risk"]) for row in found["risk_coverage"]]
    frame = Frame(both("axis_coverage"), both("axis_risk"), y_range=(0.0, max(0.1, *(risk for _, risk in risks))))
    yield Figure("risk_coverage", line_plot(frame, [("", risks)], both("risk_coverage_alt")))
    gains = [(row["share"], row["all_errors"]) for row in found["review"] if row["all_errors"] is not None]
    if gains:
        frame = Frame(both("axis_read"), both("axis_gone"), x_range=(0.0, gains[-1][0]))
        yield Figure("review", line_plot(frame, [("", [(0.0, 0.0), *gains])], both("review_alt"), diagonal=True))


def _robustness(results: Results) -> Iterator[Part]:
    found = results.get("robustness")
    if not found:
        return
    labels = list(results["strict"]["labels"])
    rows = [
        [name, *(cell for label in labels for cell in (row["f1"].get(label), row["difference"].get(label)))]
        for name, row in found.items()
    ]
    columns = [column for label in labels for column in ((label, "percent"), ("difference", "percent"))]
    yield Part("robustness", [Table("robustness", [("perturbation", "name"), *columns], rows)])


def _learning(results: Results) -> Iterator[Part]:
    found = results.get("learning")
    if not found:
        return
    rows = [[label, *point] for label, points in found.items() for point in points]
    columns = [("label", "name"), ("axis_reports", "number"), ("f1", "percent"), ("lowest", "percent"), ("highest", "percent")]
    series = [(label, [(point[0], point[1]) for point in points]) for label, points in found.items()]
    sizes, scores = ([point[at] for points in found.values() for point in points] for at in (0, 1))
    frame = Frame(both("axis_reports"), both("axis_f1"), (0, max(sizes)), (floor_tenth(min(scores)), 1.0), as_percent=False)
    figure = Figure("learning", line_plot(frame, series, both("learning")))
    yield Part("learning", [Table("learning", columns, rows)], [figure])


def _errors(results: Results) -> Iterator[Part]:
    errors = results["errors"]
    rows = [[label, *(tally[kind] for kind in KINDS)] for label, tally in errors["kinds"].items()]
    tables = [Table("kinds", [("label", "name"), *((kind, "number") for kind in KINDS)], rows)]
    for layer, cells in errors["confusion"].items():
        rows = [[f"gold {gold}", *columns.values()] for gold, columns in cells.items()]
        tables.append(Table(f"confusion_{layer}", [(layer, "name"), *((name, "number") for name in cells)], rows))
    names = ("label", "side", "error", "text")
    rows = [[*(row[name] for name in names), row["count"]] for row in errors["boundary"]]
    tables.append(Table("boundary_errors", [*((name, "name") for name in names), ("count", "number")], rows))
    yield Part("errors", [table for table in tables if table.rows], mistakes=errors["mistakes"])
