"""The corpus' tools: header checks, copied text, splits, the built data set."""

import json
from collections import Counter
from pathlib import Path

import pytest

from data import build as build_module
from data import check, splits
from data.inline import REPORTS, read
from fazhi.document import Document
from fazhi.errors import ConfigError

GOOD = """---
batch: a
title: 清溪县司法局2023年度法治政府建设情况报告
issuer: 清溪县司法局
issuer_kind: justice
year: 2023
region: 贵州省
layout: run_in
noise: []
---
清溪县司法局工作报告
<MEASURE>印发《清溪县学法清单》</MEASURE>。
"""


@pytest.fixture
def report(tmp_path: Path) -> Path:
    path = tmp_path / "qingxi-justice-2023.txt"
    path.write_text(GOOD, encoding="utf-8")
    return path


def test_a_good_report_passes(report):
    assert check.check_file(report, set()) == []


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("issuer_kind: justice", "issuer_kind: bank", "issuer_kind 'bank'"),
        ("layout: run_in", "layout: folded", "layout 'folded'"),
        ("noise: []", "noise: [loud]", "noise loud"),
        ("year: 2023", "year: 1999", "year 1999"),
        ("region: 贵州省\n", "", "lacks region"),
        ("</MEASURE>。", "。</MEASURE>", "guideline §2"),
    ],
)
def test_what_a_header_or_tag_breaks_is_named(report, old, new, complaint):
    report.write_text(GOOD.replace(old, new), encoding="utf-8")
    (fault,) = check.check_file(report, set())
    assert complaint in fault
    assert str(report) in fault


def test_copied_runs_are_refused_and_formulas_are_not(report):
    sentence = "组织乡镇干部逐户走访听取群众对执法工作的意见"
    formula = "深入学习贯彻习近平法治思想切实履行推进法治建设第一责任人职责"
    report.write_text(GOOD + f"{sentence}，{formula}。《{sentence}办法》", encoding="utf-8")
    assert check.check_file(report, check.runs("某县" + sentence))[0].count("shares") == 1
    assert check.check_file(report, check.runs(formula)) == []


def test_planted_contradictions_must_stand_in_the_report(tmp_path, report):
    lines = [
        {"id": report.stem, "kind": "flow", "first": "印发", "second": "学法清单"},
        {"id": report.stem, "kind": "lie", "first": "印发", "second": "没有这句"},
        {"id": "missing", "kind": "flow", "first": "", "second": ""},
    ]
    planted = tmp_path / "a.jsonl"
    planted.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    found = check.check_planted(planted, tmp_path)
    assert [fault.split(":")[1] for fault in found] == ["2", "2", "3"]


def documents(count: int) -> list[Document]:
    return [Document(f"r{i}", "文", {"issuer_kind": ["town", "county", "health"][i % 3]}) for i in range(count)]


def test_splits_are_stratified_and_never_move():
    first = splits.assign(documents(60), {})
    later = splits.assign(documents(150), first)
    assert first.items() <= later.items()
    assert splits.assign(reversed(documents(150)), first) == later
    counts = Counter(later.values())
    assert counts["validation"] == pytest.approx(15, abs=2)
    assert counts["test"] == pytest.approx(15, abs=2)
    for kind in range(3):
        held = [later[f"r{i}"] for i in range(kind, 150, 3)]
        assert 3 <= held.count("test") <= 7


def test_a_report_without_a_split_is_refused(monkeypatch):
    monkeypatch.setattr(splits, "load", lambda: {"r0": "test"})
    with pytest.raises(ConfigError, match=r"r1.*python -m data\.splits"):
        splits.grouped(documents(2))


def test_every_report_of_the_corpus_is_sound_and_has_a_split():
    paths = sorted(REPORTS.glob("*.txt"))
    assert len(paths) >= 40
    assert [fault for path in paths for fault in check.check_file(path, set())] == []
    assert set(splits.load()) == {path.stem for path in paths}


def test_no_sentence_is_copied_from_the_real_reports(shared):
    copied = check.copied_runs(shared)
    assert len(copied) > 10_000
    assert {path.stem: hits for path in REPORTS.glob("*.txt") if (hits := check.runs(read(path).text) & copied)} == {}


def test_the_built_data_set_holds_every_span(tmp_path):
    datasets = pytest.importorskip("datasets")
    counts = build_module.build(tmp_path / "built")
    loaded = datasets.load_from_disk(str(tmp_path / "built"))
    assert {split: len(rows) for split, rows in loaded.items()} == counts
    lines = (tmp_path / "built" / "test.jsonl").read_text(encoding="utf-8").splitlines()
    by_id = {row["id"]: row for row in loaded["test"]}
    assert len(lines) == len(by_id) > 0
    for line in lines:
        document = Document.from_json(json.loads(line))
        row = by_id[document.id]
        assert row["text"] == document.text
        assert [(s["start"], s["end"], s["label"]) for s in row["spans"]] == [(s.start, s.end, s.label) for s in document.spans]
