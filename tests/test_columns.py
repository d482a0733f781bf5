"""Every column that is written is explained, once, and holds only what its explanation allows."""

import runpy

import pytest

from fazhi import audit, tables, writers
from fazhi.columns import _raw, explained
from fazhi.commands.audit import COLUMNS as AUDIT
from fazhi.errors import ConfigError
from fazhi.themes import OTHER, names, themes
from tests.test_panel import report

MARKED = (
    "一、主要工作\n全县<A>印发《要点》</A>，<A><M>举办培训班约3期</M></A>，<M>占比98%</M>，<M>罚没款36.5万元</M>，<M>配比为1:1.2</M>，"
    "<M>较上年增长12%</M>，<A>种植花草</A>。\n二、存在问题\n<P>执法人员持证人数偏少</P>。\n三、下一步打算\n<A>建立案卷评查制度</A>。"
)


@pytest.fixture(scope="module")
def built():
    panel = pytest.importorskip("fazhi.panel")
    return panel.build([report("a", 2022, MARKED), report("b", 2023, MARKED)])


@pytest.fixture(scope="module")
def written(built):
    """The names of the columns of every table that the program writes."""
    return {table.name: list(table.columns) for table in built} | {"extract": list(writers.COLUMNS), "audit": list(AUDIT)}


def test_every_written_column_is_explained_and_nothing_else(written):
    raw = _raw()
    assert set(raw["tables"]) == set(written)
    for table, names_ in written.items():
        assert all(column.zh and column.en for column in explained(table, names_))
        assert set(raw["tables"][table].get("columns", {})) <= set(names_)
    assert set(raw["shared"]) <= {name for names_ in written.values() for name in names_}
    with pytest.raises(ConfigError, match="column colour of metrics is not explained"):
        explained("metrics", ["colour"])


def test_rows_hold_only_the_codes_that_are_explained(built):
    seen = set()
    for table in built:
        for column in explained(table.name, table.columns):
            found = {str(row[column.name]) for row in table.rows if row.get(column.name)} if column.values else set()
            if column.name == "specific_by":
                found = {mark for marks in found for mark in marks.split("、")}
            assert found <= set(column.values)
            seen |= {(table.name, column.name)} if found else set()
    assert {
        ("metrics", "bound"),
        ("metrics", "kind"),
        ("metrics", "direction"),
        ("links", "flag"),
        ("disclosure", "review.accepted"),
    } <= seen


def test_codes_mean_the_same_everywhere(written):
    of = {(table, column.name): column.values for table in written for column in explained(table, written[table])}
    assert of["audit", "kind"] == audit.KINDS_ZH
    assert of["audit", "verdict"] == {audit.VERDICT: audit.VERDICT_ZH}
    assert of["extract", "status"] == tables._STATUS
    assert of["problems", "role"] == tables._ROLES
    assert of["metrics", "section"] == {**tables._SECTIONS, "other": "其他"}
    assert set(of["metrics", "bound"]) == {"exact", *tables._BOUNDS}
    assert list(of["measures", "theme"]) == [*(theme.code for theme in themes()), OTHER]
    assert names()[OTHER] == "其他"


def test_the_page_of_the_documentation_is_made_from_the_same_file(root):
    page = runpy.run_path(str(root / "docs" / "columns.py"))["page"]
    assert page() == (root / "docs" / "columns.md").read_text(encoding="utf-8"), "run: python docs/columns.py"
