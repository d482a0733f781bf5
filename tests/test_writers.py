"""Writers and tables: whole files, flat rows, values as people write them."""

import csv
import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

from fazhi import tables, writers
from fazhi.document import Document, Span
from fazhi.records import build

TEXT = "全年受理案件57件，占比12.5%，出动3至5人。"


@pytest.fixture
def document():
    spans = [Span(2, 9, "METRIC", "metric", TEXT[2:9], 0.9, 2, 9), Span(10, 17, "METRIC", "metric", TEXT[10:17], 0.8, 10, 17)]
    meta = {"title": "清溪县[工作]报告", "region": "清溪县", "year": 2023, "source": "a.txt"}
    tagged = Document("a", TEXT, meta).with_spans([*spans, Span(18, 24, "METRIC", "metric", TEXT[18:24], 0.7, 18, 24)])
    return Document("a", TEXT, meta, tagged.spans, records=build(tagged))


def test_rows_are_one_a_quantity(document):
    found = list(writers.rows(document))
    assert [(row["kind"], row["value"], row["unit"]) for row in found[:2]] == [("metric", 57, "件"), ("metric", 12.5, "%")]
    assert (found[2].get("value"), found[2]["low"], found[2]["high"]) == (None, 3, 5)
    assert {row["text"] for row in found} == {"受理案件57件", "占比12.5%", "出动3至5人"}


def test_csv_opens_in_excel_and_round_trips(document, tmp_path):
    writers.write_csv([document], tmp_path / "a.csv")
    raw = (tmp_path / "a.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    read = list(csv.DictReader(raw.decode("utf-8-sig").splitlines()))
    assert [row["text"] for row in read] == ["受理案件57件", "占比12.5%", "出动3至5人"]
    assert set(read[0]) == set(writers.COLUMNS)


def test_jsonl_round_trips(document, tmp_path):
    writers.write_jsonl([document], tmp_path / "a.jsonl")
    (line,) = (tmp_path / "a.jsonl").read_text(encoding="utf-8").splitlines()
    assert Document.from_json(json.loads(line)) == document


def test_an_interrupted_file_leaves_the_earlier_one(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text("earlier", encoding="utf-8")

    def documents():
        yield Document("a", "甲")
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        writers.write_jsonl(documents(), path)
    assert path.read_text(encoding="utf-8") == "earlier"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [
        ({"value": 57.0, "bound": "exact"}, "57"),
        ({"value": 12.5}, "12.5"),
        ({"value": 60.0, "bound": "at_least"}, "≥ 60"),
        ({"value": 36658600.0}, "36,658,600"),
        ({"low": 20.0, "high": 30.0}, "20–30"),
        ({"value": 100.0, "bound": "nearly"}, "近 100"),
        ({"value": 1 / 1.2, "kind": "ratio", "text": "1：1.2", "bound": "exact"}, "1:1.2"),
        ({"value": 5, "kind": "ratio", "text": "5比1"}, "5:1"),
        ({"value": None, "kind": "ratio", "text": "2∶1∶1"}, "2:1:1"),
        ({"value": 2 / 3, "kind": "ratio", "text": "近三分之二", "bound": "nearly"}, "近三分之二"),
        ({}, ""),
    ],
)
def test_values_as_people_write_them(quantity, expected):
    assert tables.value(quantity) == expected


def test_tables_show_brackets_as_they_are(document, tmp_path):
    tables.print_documents([document], tmp_path / "a.txt")
    shown = (tmp_path / "a.txt").read_text(encoding="utf-8")
    assert "清溪县[工作]报告" in shown
    assert "3–5" in shown
    assert "举措 MEASURE" not in shown


def test_nothing_is_cut_off_in_a_narrow_terminal(document):
    console = Console(file=io.StringIO(), width=80)
    record = dict(document.records["metrics"][0], indicator="梳理公布区级行政许可事项并向社会公开办事指南")
    tables.show([replace(document, records={"metrics": [record]})], console)
    shown = console.file.getvalue()
    assert "…" not in shown
    cells = "".join(line.split("│")[1].strip() for line in shown.splitlines() if line.startswith("│"))
    assert record["indicator"] in cells
