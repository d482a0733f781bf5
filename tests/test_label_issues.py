"""The list of contested labels: it replaces exactly what it names, refuses what is not there, and holds no text."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from data.label_issues import Issue, apply, read
from fazhi.document import Document, Span
from fazhi.errors import InputError

TEXT = "全县受理申请57件，印发方案。"
LIST = Path(__file__).parents[1] / "docs" / "label-issues.jsonl"


@pytest.fixture
def report():
    return Document("a", TEXT, spans=(Span(0, 9, "METRIC"), Span(10, 14, "PROBLEM")))


def write(path, *issues):
    path.write_text("\n".join(json.dumps(issue) for issue in issues), encoding="utf-8")
    return path


def issue(**changes):
    line = {"file": "a.txt", "start": 0, "end": 9, "layer": "metric"}
    return {**line, "given": [[0, 9, "METRIC"]], "proposed": [[2, 9, "METRIC"]], "reason": "§5", **changes}


def labels(document):
    return [(s.start, s.end, s.label) for s in document.spans]


def test_spans_are_replaced_dropped_and_added_and_the_rest_stays(report, tmp_path):
    other = Document("b", TEXT, spans=(Span(0, 9, "METRIC"),))
    drop = issue(start=10, end=14, layer="statement", given=[[10, 14, "PROBLEM"]], proposed=[], reason="§3")
    first, second = apply([report, other], read(write(tmp_path / "list.jsonl", issue(), drop)))
    assert labels(first) == [(2, 9, "METRIC")]
    assert first.spans[0].text == "受理申请57件"
    assert second == other
    added = issue(start=10, end=14, layer="statement", given=[[10, 14, "PROBLEM"]], proposed=[[10, 14, "MEASURE"]])
    assert labels(apply([report], read(write(tmp_path / "list.jsonl", added)))[0]) == [(0, 9, "METRIC"), (10, 14, "MEASURE")]


@pytest.mark.parametrize(
    "wrong",
    [
        {"given": [[1, 9, "METRIC"]]},  # another border
        {"given": []},  # a span stands there that the line does not give
        {"file": "none.txt"},
    ],
)
def test_an_issue_whose_given_spans_are_not_there_names_file_line_and_remedy(report, tmp_path, wrong):
    path = write(tmp_path / "list.jsonl", issue(start=10, end=14, given=[], proposed=[]), issue(**wrong))
    with pytest.raises(InputError, match=re.escape(str(path)) + r":2: .*(a|none)\.txt.*; drop the line"):
        apply([report], read(path))


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        json.dumps({"file": "a.txt"}),
        json.dumps(issue(proposed=[[2, 10, "METRIC"]])),  # outside start … end
        json.dumps(issue(proposed=[[2, 9, "MEASURE"]])),  # of another layer
        json.dumps(issue(proposed=[[2, 6, "METRIC"], [5, 9, "METRIC"]])),  # overlapping
        json.dumps(issue(layer="none")),
        json.dumps(issue(layer="statement")),
    ],
)
def test_a_line_that_is_no_issue_is_named(tmp_path, line):
    path = tmp_path / "list.jsonl"
    path.write_text(line, encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(str(path)) + ":1: no label issue"):
        read(path)


def test_a_list_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read(tmp_path / "none.jsonl")


def test_the_committed_list_is_whole_sorted_and_holds_no_text():
    issues = read(LIST)
    places = [(i.file, i.start, i.layer) for i in issues]
    assert places
    assert places == sorted(set(places))
    assert all(i.given != i.proposed for i in issues)
    keys = {"file", "start", "end", "layer", "given", "proposed", "reason"}
    for line in LIST.read_text(encoding="utf-8").splitlines():
        raw = json.loads(line)
        assert raw.keys() == keys
        assert re.fullmatch(r"(§\d(\.\d)?|§7\.\d+)(, §\d(\.\d+)?)*", raw["reason"]), raw["reason"]


def test_the_committed_list_fits_the_real_reports(shared):
    documents = [Document.from_json(json.loads(line)) for line in (shared / "train/spans.jsonl").open(encoding="utf-8")]
    issues = read(LIST)
    mended = {document.id: labels(document) for document in apply(documents, issues)}
    assert all(set(i.proposed) <= set(mended[i.file.removesuffix(".txt")]) for i in issues)
    assert isinstance(issues[0], Issue)
