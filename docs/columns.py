"""``python docs/columns.py``: docs/columns.md, out of ``configs/columns.yaml`` and the columns that the program writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from fazhi import columns, panel, writers
from fazhi.commands.audit import COLUMNS as AUDIT

TABLES: dict[str, tuple[str, ...]] = {
    "extract": writers.COLUMNS,
    "audit": AUDIT,
    "metrics": panel.METRICS,
    "disclosure": panel.REPORT,
    "measures": panel.MEASURES,
    "problems": panel.PROBLEMS,
    "links": panel.LINKS,
    "reports": panel.REPORTS,
}
_INTRODUCTION = """# Columns of the tables 各表的列

Made by `python docs/columns.py` from `configs/columns.yaml`, as is the sheet 说明 of the workbook that
[`fazhi panel`](records.md#the-panel) writes. `extract` and `audit` are the CSV files of these commands, the others the
tables of the panel.
"""


def main() -> None:
    """Write the page."""
    Path(__file__).with_suffix(".md").write_text(page(), encoding="utf-8")


def page() -> str:
    """Return the page: what holds of all tables, then a table of columns for each."""
    notes = "\n".join(f"- {zh} {en}" for zh, en in columns.notes())
    return "\n".join((_INTRODUCTION, notes, *(_section(name, listed) for name, listed in TABLES.items())))


def _section(name: str, listed: Iterable[str]) -> str:
    about = columns.about(name)
    lines = (_row(column.name, column.zh, column.en, column.allowed) for column in columns.explained(name, listed))
    heads = "| column | 含义 | meaning | 单位或取值 unit or values |\n|---|---|---|---|"
    return "\n".join((f"\n## {name} {about.zh}\n", f"{about.rows_zh}。{about.rows_en}.\n", heads, *lines, *_rest(name)))


def _rest(name: str) -> Iterator[str]:
    """Yield one row for the indicators of the matrix, which have a page of their own."""
    if name == "disclosure":
        (state,) = columns.explained(name, ["review.accepted"])
        yield _row(
            "review.accepted", "以及其他各规范指标，每个一列", "and so on, a column a canonical indicator", state.allowed
        )


def _row(name: str, *cells: str) -> str:
    return "| " + " | ".join((f"`{name}`", *cells)) + " |"


if __name__ == "__main__":
    main()
