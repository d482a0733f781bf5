"""The panel: long table, disclosure, links between years, boilerplate, and the files it is written to."""

from __future__ import annotations

import csv
import re
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from fazhi import records
from fazhi.boilerplate import Meter, specificity
from fazhi.cli import app
from fazhi.document import Document, Span
from fazhi.panel import DISCLOSED, NOT_FOUND, UNSURE, build
from fazhi.years import links

LAYERS = {"M": ("METRIC", "metric"), "A": ("MEASURE", "statement"), "P": ("PROBLEM", "statement")}


def report(name: str, year: int, marked: str, score: float | None = None) -> Document:
    """Make a document with records from text with ``<M>…</M>``, ``<A>…</A>`` and ``<P>…</P>``."""
    text, spans, stack = "", [], []
    for piece in re.split(r"(</?[MAP]>)", marked):
        if re.fullmatch(r"<[MAP]>", piece):
            stack.append(len(text))
        elif re.fullmatch(r"</[MAP]>", piece):
            label, layer = LAYERS[piece[2]]
            start = stack.pop()
            spans.append(Span(start, len(text), label, layer, text[start:], score))
        else:
            text += piece
    meta = {"title": name, "issuer": "云岫县司法局", "region": "湖南省", "year": year, "source": f"{name}.txt"}
    document = Document(name, text, meta).with_spans(spans)
    return replace(document, records=records.build(document))


def table(documents: list[Document], name: str) -> list[dict]:
    return next(table for table in build(documents) if table.name == name).rows


def test_one_row_a_quantity_with_its_place():
    rows = table([report("a", 2023, "全县<M>开门接访102批458人次</M>，<M>受理行政复议申请57件</M>。")], "metrics")
    assert [(row["value"], row["unit"]) for row in rows] == [(102, "批"), (458, "人次"), (57, "件")]
    last = rows[-1]
    assert (last["indicator_code"], last["indicator_name"]) == ("review.accepted", "行政复议受理数")
    assert (last["quote"], last["source"], last["source_start"], last["year"]) == ("受理行政复议申请57件", "a.txt", 16, 2023)


def test_what_is_missing_is_never_a_zero():
    found = report("a", 2023, "<M>受理行政复议申请57件</M>。开展行政诉讼案件分析。")
    unsure = report("b", 2023, "<M>受理行政复议申请57件</M>。", score=0.3)
    (first, second) = table([found, unsure], "disclosure")
    assert first["review.accepted"] == DISCLOSED
    assert first["litigation.cases"] == UNSURE
    assert first["notary.cases"] == NOT_FOUND
    assert second["review.accepted"] == UNSURE


def test_a_stated_zero_is_disclosed_and_a_metric_without_a_value_is_kept():
    document = report("a", 2023, "<M>受理行政复议申请0件</M>，<M>水质保持Ⅱ类</M>。")
    assert table([document], "disclosure")[0]["review.accepted"] == DISCLOSED
    assert [row.get("value") for row in table([document], "metrics")] == [0, None]


def test_part_of_quotes_the_whole():
    rows = table([report("a", 2023, "<M>审结50件</M>，其中<M>维持40件</M>。")], "metrics")
    assert [row["part_of"] for row in rows] == [None, "审结50件"]


def test_problems_and_plans_are_linked_to_the_next_report_of_the_same_issuer():
    before = report(
        "a",
        2022,
        "<P>乡镇执法人员持证人数偏少</P>。<P>农村普法宣传形式单一</P>。\n三、下一步打算\n<A>建立行政执法案卷评查制度</A>。",
    )
    after = report(
        "b", 2023, "<A>组织乡镇执法人员参加持证考试</A>，<M>新增持证执法人员23人</M>。<P>农村普法宣传形式单一、覆盖不够</P>。"
    )
    rows = {row["statement"]: row for row in links([after, before])}
    assert rows["乡镇执法人员持证人数偏少"]["relation"].startswith("answered by")
    assert rows["农村普法宣传形式单一"]["flag"] == "recurring, no measure"
    assert (rows["建立行政执法案卷评查制度"]["kind"], rows["建立行政执法案卷评查制度"]["flag"]) == ("plan", "no answer")
    assert list(links([before])) == []
    assert list(links([before, report("c", 2024, "<P>农村普法宣传形式单一</P>")])) == []


def test_every_theme_has_a_name():
    rows = table([report("a", 2023, "<A>种植花草</A>，<A>开展行政执法检查</A>。<P>花草偏少</P>。")], "measures")
    assert [(row["theme"], row["theme_name"]) for row in rows] == [("other", "其他"), ("enforcement", "行政执法")]


@pytest.mark.parametrize(
    ("measure", "marks"),
    [
        ("进一步加强普法宣传", []),
        ("印发《云岫县普法责任清单》", ["document"]),
        ("2023年5月联合县人民法院举办培训班3期", ["number", "date", "body"]),
    ],
)
def test_specificity(measure, marks):
    assert specificity(measure) == marks


def test_sentences_that_differ_in_numbers_only_are_boilerplate():
    same = "全面贯彻落实习近平法治思想，坚持把法治政府建设摆在全局工作的重要位置统筹推进，全年开展活动{}场。"
    documents = [
        report("a", 2023, same.format(12) + "在圩日开设土话普法摊位并向赶集群众免费赠送反诈年画。"),
        report("b", 2023, same.format(35)),
        report("c", 2023, "本镇依托码头驿站开展渔业船舶安全检查并公布结果。"),
    ]
    meter = Meter.of(documents)
    assert meter.elsewhere("a", same.format(7)) == 1
    assert meter.elsewhere("a", "短句") is None
    assert 0.5 < meter.share(documents[0]) < 0.8
    assert [meter.share(document) for document in documents[1:]] == [1.0, 0.0]


@pytest.fixture(scope="module")
def extracted(tmp_path_factory):
    path = tmp_path_factory.mktemp("panel") / "reports.jsonl"
    documents = [
        report("a", 2022, "<M>受理行政复议申请57件</M>，<M>罚没款36.5万元</M>。<P>执法人员持证人数偏少</P>。"),
        report("b", 2023, "<A>印发《要点》</A>，<A><M>举办培训班3期</M></A>。=<M>公示率98%</M>。"),
    ]
    path.write_text("".join(document.dumps() + "\n" for document in documents), encoding="utf-8")
    return path


def test_excel(extracted, tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    out = tmp_path / "panel.xlsx"
    result = CliRunner().invoke(app, ["panel", str(extracted), "--out", str(out)])
    assert result.exit_code == 0, result.output
    book = openpyxl.load_workbook(out)
    assert [name.split()[0] for name in book.sheetnames] == ["说明", "指标", "公开情况", "举措", "问题", "跨年对照", "报告"]
    rows = list(book["指标 metrics"].values)
    value = rows[0].index("value")
    assert [row[value] for row in rows[1:]] == [57, 365000, 3, 98]
    explained = {(row[0], row[1]): row[2:] for row in book["说明 about"].values if row[1]}
    for name in book.sheetnames[1:]:
        for header in next(book[name].values):
            zh, en, _ = explained[name, header]
            assert re.search("[一-鿿]", zh)
            assert re.search("[a-z]", en)
    assert explained["指标 metrics", "bound"][2].startswith("exact 确数；approx 约、左右；")
    assert explained["报告 reports", "metrics"][2] == "条"
    assert NOT_FOUND in {cell for row in book["公开情况 disclosure"].values for cell in row}


def test_parquet(extracted, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    out = tmp_path / "panel.parquet"
    result = CliRunner().invoke(app, ["panel", str(extracted), "--out", str(out)])
    assert result.exit_code == 0, result.output
    read = parquet.read_table(out)
    assert read.column("value").to_pylist() == [57.0, 365000.0, 3.0, 98.0]
    assert read.column("year").to_pylist() == [2022, 2022, 2023, 2023]
    assert parquet.read_table(tmp_path / "panel-problems.parquet").num_rows == 1


def test_csv(extracted, tmp_path):
    out = tmp_path / "panel.csv"
    result = CliRunner().invoke(app, ["panel", str(extracted), "--out", str(out)])
    assert result.exit_code == 0, result.output
    rows = list(csv.DictReader(out.read_text(encoding="utf-8-sig").splitlines()))
    assert [row["value"] for row in rows] == ["57", "365000", "3", "98"]
    assert (tmp_path / "panel-links.csv").exists()


def test_an_unknown_form_is_refused(extracted, tmp_path):
    result = CliRunner().invoke(app, ["panel", str(extracted), "--out", str(tmp_path / "panel.ods")])
    assert result.exit_code == 2
    assert "*.xlsx" in result.stderr
