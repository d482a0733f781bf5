"""The audit: one small report a relation, with and without a contradiction; and the corpus with its planted ones."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from data.inline import REPORTS, read
from evaluate.audit_score import Planted, load, score
from fazhi.audit import check
from fazhi.audit_facts import interval
from fazhi.cli import app
from fazhi.document import Document, Span
from fazhi.quantities import parse


def report(marked: str) -> Document:
    """Make a document from text whose metrics stand in ``[…]``."""
    text, spans = "", []
    for piece in re.split(r"(\[[^\]]*\])", marked):
        if piece.startswith("["):
            spans.append(Span(len(text), len(text) + len(piece) - 2, "METRIC", "metric", piece[1:-1]))
            piece = piece[1:-1]
        text += piece
    return Document("x", text, {"year": 2023, "issuer": "云岫县司法局"}).with_spans(spans)


def kinds(marked: str) -> list[str]:
    return [finding.kind for finding in check(report(marked))]


CLASHES = [
    ("flow", "[收到行政复议申请41件]，[受理43件]，[审结40件]。"),
    ("flow", "[收到行政复议申请41件]，[受理38件]，[审结40件]。"),
    ("flow", "[立案1,612件]，[办结1,674件]。"),
    ("flow", "[提出法律意见35条]，[采纳41条]。"),
    ("rate", "[立案查处1,284件]，[办结1,196件]，[办结率97.2%]。"),
    ("rate", "[受理劳动争议120件]，[调解成功90件]，[调解成功率85%]。"),
    ("rate", "[审结60件]，其中[维持48件]、[撤销5件]、[确认违法1件]，[直接纠错率16.7%]。"),
    ("rate", "[评查案卷50卷]，[优秀案卷10卷]，[优秀率32%]。"),
    ("growth", "[立案数由2022年的892件增至1046件]，[增长21.3%]。"),
    ("growth", "[信访总量从846批次下降到713批次]，[下降18.7%]。"),
    ("growth", "[办结率从85.6%提高到93.1%]，[提高9.5个百分点]。"),
    ("growth", "[案件由57件增至80件]，[增加25件]。"),
    ("growth", "[发生行政诉讼案件68件]，[较上年的52件增长20.8%]。"),
    ("growth", "[产值由2019年的100万元增至2023年的150万元]，[年均增长15%]。"),
    ("restated", "[收到行政复议申请286件]。\n[268件行政复议申请]无一引发诉讼。"),
    ("restated", "[制定规范性文件14件]。\n[制定规范性文件17件]。"),
    ("restated", "[行政机关负责人出庭应诉率98%]。\n[出庭应诉率89%]。"),
    ("over_100", "[公示率达102.4%]。"),
    ("over_100", "[调处成功率100.8%]。"),
    ("part_whole", "[清理文件197件]，[保留152件]、[废止28件]、[修改11件]、[宣布失效16件]。"),
    ("part_whole", "[审结50件]，其中[维持40件]、[驳回15件]。"),
    ("part_whole", "[办理行政处罚案件300件]，[食品类143件]、[药械类31件]、[其他类90件]。"),
    ("part_whole", "[食品案件3件]、[药品案件5件]，合计[9件]。"),
]


@pytest.mark.parametrize(("kind", "marked"), CLASHES)
def test_a_contradiction_is_found_once(kind, marked):
    assert kinds(marked) == [kind]


CONSISTENT = [
    "[收到行政复议申请41件]，[受理40件]，[审结40件]。",
    "[受理38件]，[审结40件]（含上年结转5件）。",
    "[收到行政复议申请41件]，[受理38件]。\n[收到仲裁申请9件]，[受理12件]（含旧存3件）。",
    "[立案查处1,284件]，[办结1,196件]，[办结率93.1%]。",
    "[立案查处1,284件]，[办结1,196件]，[按期办结率99.8%]。",
    "[受理投诉举报1386件]，[办结率98.2%]。",
    "[审结60件]，其中[维持48件]、[撤销5件]、[确认违法1件]，[直接纠错率10%]。",
    "[办理处罚案件837件]；[不予处罚254件]，[占案件总数的23.3%]。",
    "[立案数由2022年的892件增至1046件]，[增长17.3%]。",
    "[信访总量从846批次下降到713批次]，[下降15.7%]。",
    "[办结率从85.6%提高到93.1%]，[提高7.5个百分点]。",
    "[产值由2019年的100万元增至2023年的150万元]，[年均增长10.7%]。",
    "[收到行政复议申请74宗]，[比上年增加23宗]，[增长45.1%]。",
    "[完成率105%]，[增长率130%]，[同比增长120%]。",
    "[召开会议3次]。\n[召开会议5次]。",
    "全县[办理行政处罚案件2,318宗]。镇街[办理行政处罚案件427宗]。",
    "[清理文件207件]，[保留152件]、[废止28件]、[修改11件]、[宣布失效16件]。",
    "[评查案卷75卷]，[优秀案卷19卷]、[不合格案卷3卷]。",
    "[受理纠纷163件]，[调处成功160件]，其中[婚姻家庭纠纷42件]、[邻里纠纷71件]、[物业纠纷38件]、[其他12件]。",
    "[收到申请约40件]，[受理43件]。",
    "[开展活动200余场]。\n[开展活动215场]。",
    "力争[公示率达到100%]。",
]


@pytest.mark.parametrize("marked", CONSISTENT)
def test_what_fits_is_left_alone(marked):
    assert kinds(marked) == []


def test_a_finding_quotes_both_places_and_never_says_false():
    (finding,) = check(report("　全县[收到行政复议申请41件]，[受理43件]。"))
    raw = finding.to_json()
    assert raw["verdict"] == "needs checking"
    assert (raw["first"]["text"], raw["first"]["start"], raw["second"]["text"]) == ("收到行政复议申请41件", 3, "受理43件")
    assert raw["computation"] == "受理 43 > 收到行政复议申请 41"
    assert raw["tolerance"]


def test_quotes_have_their_place_in_the_source():
    document = report("[收到行政复议申请41件]，[受理43件]。")
    shifted = ((0, len(document.text), 7, 7 + len(document.text)),)
    moved = Document("x", document.text, document.meta, document.spans, shifted)
    (finding,) = check(moved)
    assert (finding.first.source_start, finding.second.source_start) == (finding.first.start + 7, finding.second.start + 7)


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_a_rate_computed_from_its_own_numbers_never_clashes(closed, more):
    accepted = closed + more
    rate = round(100 * closed / accepted, 1)
    assert "rate" not in kinds(f"[受理申请{accepted}件]，[办结{closed}件]，[办结率{rate}%]。")


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_growth_computed_from_its_own_numbers_never_clashes(before, after):
    change = round(100 * (after / before - 1), 2)
    word = "增长" if change >= 0 else "下降"
    assert kinds(f"[案件由{before}件变为{after}件]，[{word}{abs(change)}%]。") == []


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("57件", (57, 57)),
        ("1.2万件", (11500, 13000)),
        ("900余件", (900, 1000)),
        ("约100件", (90, 110)),
        ("近100件", (90, 100)),
        ("不足30件", (0, 30)),
        ("93.1%", (93.05, 93.2)),
    ],
)
def test_what_a_stated_number_can_mean(text, limits):
    found = interval(parse(text)[0].to_json())
    assert (found.low, found.high) == pytest.approx(limits)


def test_the_planted_contradictions_are_found():
    planted = load()
    ids = {item.id for item in planted}
    assert len(planted) == 60
    result = score((read(REPORTS / f"{name}.txt") for name in sorted(ids)), planted)
    assert result.recall >= 0.9
    assert result.precision >= 0.9


def test_a_planted_piece_that_is_not_in_the_report_is_named():
    with pytest.raises(ValueError, match="a-town-2020: planted flow"):
        Planted("a-town-2020", "flow", "收到3件", "受理4件").places("收到3件")


def _lines(path, *documents):
    path.write_text("".join(document.dumps() + "\n" for document in documents), encoding="utf-8")
    return path


def test_the_command_prints_both_quotes_and_the_computation(tmp_path):
    path = _lines(tmp_path / "x.jsonl", report("[收到行政复议申请41件]，[受理43件]。"))
    result = CliRunner().invoke(app, ["audit", str(path)])
    assert result.exit_code == 0
    for said in ("needs checking", "收到行政复议申请41件", "受理43件", "受理 43 > 收到行政复议申请 41"):
        assert said in result.stdout


def test_the_command_writes_a_json_line_a_document(tmp_path):
    path = _lines(tmp_path / "x.jsonl", report("[公示率达102.4%]。"), report("[公示率98%]。"))
    out = tmp_path / "audit.jsonl"
    result = CliRunner().invoke(app, ["audit", str(tmp_path), "--format", "jsonl", "--out", str(out)])
    assert result.exit_code == 0, result.output
    found = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [[finding["kind"] for finding in line["audit"]] for line in found] == [["over_100"], []]
    assert path.exists()


def test_a_line_that_is_no_document_is_named_and_the_others_are_checked(tmp_path):
    path = _lines(tmp_path / "x.jsonl", report("[公示率达102.4%]。"))
    path.write_text('{"no": 1}\n' + path.read_text(encoding="utf-8"), encoding="utf-8")
    result = CliRunner().invoke(app, ["audit", str(path), "--format", "jsonl"])
    assert result.exit_code == 1
    assert "x.jsonl:1" in result.stderr
    assert '"over_100"' in result.stdout
