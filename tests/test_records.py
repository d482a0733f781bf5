"""Records built from hand-placed spans of invented text."""

from __future__ import annotations

import re

import pytest

from fazhi.document import Document, Section, Span
from fazhi.records import build

LAYERS = {"METRIC": "metric", "MEASURE": "statement", "PROBLEM": "statement"}


def document(marked: str, **meta) -> Document:
    """Make a document from text with ``[METRIC …]``-style marks written as ``<M>…</M>`` ``<A>…</A>`` ``<P>…</P>``."""
    names = {"M": "METRIC", "A": "MEASURE", "P": "PROBLEM"}
    text, spans, stack = "", [], []
    for piece in re.split(r"(</?[MAP]>)", marked):
        if re.fullmatch(r"<[MAP]>", piece):
            stack.append((names[piece[1]], len(text)))
        elif re.fullmatch(r"</[MAP]>", piece):
            label, start = stack.pop()
            spans.append(Span(start, len(text), label, LAYERS[label], text[start:]))
        else:
            text += piece
    return Document("x", text, {"year": 2023, "issuer": "云岫县司法局", **meta}).with_spans(spans)


def metrics(marked: str, **meta) -> list[dict]:
    return build(document(marked, **meta))["metrics"]


def test_a_metric_has_indicator_value_and_place():
    (metric,) = metrics("我局<M>受理行政复议申请57件</M>。")
    assert metric["indicator"] == "受理行政复议申请"
    assert [(q["value"], q["unit"], q["kind"], q["bound"]) for q in metric["quantities"]] == [(57, "件", "count", "exact")]
    assert metric["span"] == {"start": 2, "end": 13, "source_start": 2, "source_end": 13}
    assert (metric["period"], metric["scope"], metric["status"]) == ("2023", "我局", "actual")


def test_source_offsets_come_from_the_span():
    doc = Document("x", "受理57件", {}).with_spans([Span(0, 5, "METRIC", "metric", "受理57件", 0.91236, 40, 46)])
    (metric,) = build(doc)["metrics"]
    assert metric["span"] == {"start": 0, "end": 5, "source_start": 40, "source_end": 46}
    assert metric["score"] == 0.9124


@pytest.mark.parametrize(
    ("marked", "indicators"),
    [
        ("<M>举办了4场专题学习会</M>", ["举办专题学习会"]),
        ("<M>出庭应诉率达100%</M>", ["出庭应诉率"]),
        ("<M>完成不少于60学时的学习培训</M>", ["完成学习培训"]),
        ("<M>案件数由2021年的18件增至2023年的52件</M>", ["案件数"]),
        ("<M>发放资料23万余份</M>", ["发放资料"]),
        ("<M>开展活动累计900余场次</M>", ["开展活动"]),
        ("<M>及时报备率100%</M>", ["及时报备率"]),
        ("<M>签约60宗</M>", ["签约"]),
        ("<M>51名村居顾问律师</M>", ["村居顾问律师"]),
        ("<M>维持21件</M>", ["维持"]),
        ("<M>达成协议金额3万元</M>", ["达成协议金额"]),
        ("<M>顾问覆盖率实现100%</M>", ["顾问覆盖率"]),
        ("<M>追加资金较上年下降48.68%</M>", ["追加资金下降"]),
        ("<M>与2022年同期相比增长12%</M>", ["增长"]),
        ("<M>比“十三五”时期增长71%</M>", ["增长"]),
        ("<M>收案数较上年翻一番</M>", ["收案数"]),
        ("<M>1—11月受理行政复议申请57件</M>", ["受理行政复议申请"]),
        ("<M>日均接听20余人次</M>", ["日均接听"]),
        ("<M>月均3.5件</M>", ["月均"]),
        ("<M>惠及百余户</M>", ["惠及"]),
        ("<M>拍卖设备30台（套）</M>", ["拍卖设备"]),
        ("<M>网办率首次突破90%</M>", ["网办率"]),
        ("<M>支出率仅5.58%</M>", ["支出率"]),
    ],
)
def test_indicator_text(marked, indicators):
    assert [metric["indicator"] for metric in metrics(marked)] == indicators


def test_a_bare_verb_takes_its_object_from_the_metric_before_it():
    found = metrics("<M>收到行政复议申请57件</M>，<M>受理52件</M>，<M>审结51件</M>。\n<M>受理9件</M>。")
    assert [metric["topic"] for metric in found] == [None, "行政复议申请", "行政复议申请", None]


def test_a_change_takes_its_indicator_from_the_metric_before_it():
    found = metrics("<M>调解纠纷1,320件</M>，<M>同比增长9.5%</M>。")
    assert found[1]["topic"] == "调解纠纷"
    assert (found[1]["quantities"][0]["base"], found[1]["quantities"][0]["direction"]) == ("同比", "up")


def test_parts_behind_of_which_have_the_total_as_their_parent():
    found = metrics(
        "<M>收到申请57件</M>，<M>审结51件</M>，其中<M>维持30件</M>、<M>撤销4件</M>，<M>纠错率7.8%</M>。另<M>应诉3件</M>。"
    )
    assert [metric["parent"] for metric in found] == [None, None, "m2", "m2", None, None]


def test_revoked_and_found_unlawful_are_two_indicators():
    found = metrics("<M>审结复议案件51件</M>，<M>撤销4件</M>、<M>确认违法2件</M>、<M>责令履行1件</M>，<M>纠错复议案件7件</M>。")
    assert [metric["indicator_code"] for metric in found] == [
        "review.closed",
        "review.revoked",
        "review.unlawful",
        "review.ordered",
        "review.corrected",
    ]


@pytest.mark.parametrize(
    ("marked", "status"),
    [
        ("<M>固定资产投资预期任务为9.5亿元</M>，已入库9.6亿元。", "target"),
        ("<M>造林绿化目标任务为4.26万亩</M>。", "target"),
        ("<M>改造任务数为3066个</M>。", "target"),
        ("<M>完成造林任务4.26万亩</M>。", "actual"),
        ("<M>占目标任务的98%</M>。", "actual"),
    ],
)
def test_what_is_called_a_task_is_a_target(marked, status):
    assert [metric["status"] for metric in metrics(marked)] == [status]


@pytest.mark.parametrize(
    ("marked", "periods"),
    [
        ("2022年<M>受理8件</M>。", ["2022"]),
        ("去年<M>受理8件</M>。", ["2022"]),
        ("今年以来，<M>受理8件</M>。", ["2023"]),
        ("落实《规划（2021—2025年）》，<M>受理8件</M>。", ["2023"]),
        ("<M>案件由2021年的18件增至52件</M>，<M>增长188.9%</M>。", ["2023", "2023"]),
        ("对2017年以来的数据核查，<M>受理8件</M>。", ["2023"]),
        ("上半年<M>受理8件</M>。", ["上半年"]),
        ("截至12月31日，<M>受理8件</M>。", ["2023"]),
        ("与2021年相比，<M>受理量增长12%</M>。", ["2023"]),
        ("<M>与2021年同期相比增长12%</M>。", ["2023"]),
        ("相较于2021年，<M>受理8件</M>。", ["2023"]),
        ("<M>受理量是2021年的2.3倍</M>。", ["2023"]),
    ],
)
def test_period(marked, periods):
    assert [metric["period"] for metric in metrics(marked)] == periods


@pytest.mark.parametrize(
    ("marked", "periods"),
    [
        ("2022年，<M>受理8件</M>；<M>应诉3件</M>。<M>培训2次</M>。", ["2022", "2022", "2023"]),
        ("一是2022年<M>受理8件</M>；2021年<M>受理6件</M>；<M>应诉3件</M>。", ["2022", "2021", "2021"]),
        ("对2021年发现的问题，<M>整改8项</M>；<M>培训2次</M>。", ["2021", "2023"]),
        ("与2022年相比，<M>受理增长8%</M>；<M>培训2次</M>。", ["2023", "2023"]),
        ("2021年以来，<M>受理8件</M>；<M>培训2次</M>。", ["2023", "2023"]),
        ("2021年3月5日，<M>培训8次</M>；<M>受理2件</M>。", ["2021年3月5日", "2023"]),
        ("截至2022年底，<M>受理8件</M>；<M>办结2件</M>。", ["2022", "2022"]),
    ],
)
def test_a_time_that_opens_a_passage_holds_up_to_its_full_stop(marked, periods):
    assert [metric["period"] for metric in metrics(marked)] == periods


@pytest.mark.parametrize(
    ("marked", "bases"),
    [
        ("<M>收案8件</M>，与2022年相比分别<M>下降12%、8%</M>。", [None, "与2022年相比", "与2022年相比"]),
        ("较去年<M>降低2.1个百分点</M>。", ["较去年"]),
        ("与上年同期相比，<M>办结量增长8%</M>，<M>立案减少3件</M>。", ["与上年同期相比", None]),
        ("较去年提高，<M>受理8件</M>，<M>增长8%</M>。", [None, None]),
    ],
)
def test_what_a_change_is_measured_against_may_stand_before_the_metric(marked, bases):
    assert [quantity.get("base") for metric in metrics(marked) for quantity in metric["quantities"]] == bases


def test_a_bracket_closes_over_what_was_counted_in_it():
    found = metrics("<M>一审案件42件</M>（其中：<M>民事案件3件</M>），<M>败诉6件</M>。")
    assert [metric["topic"] for metric in found] == [None, None, "一审案件"]
    assert [metric["parent"] for metric in found] == [None, "m1", None]


def test_a_share_of_the_whole_is_not_the_rate_of_the_part():
    found = metrics("<M>败诉率14.3%</M>，<M>败诉案件占全市的近两成</M>，<M>即办件占比80%</M>。")
    assert [metric["indicator_code"] for metric in found] == ["litigation.loss_rate", None, "service.instant_rate"]


def test_scope_is_the_subject_or_the_issuer():
    found = metrics("全县<M>受理8件</M>，<M>办结8件</M>。历山镇司法所<M>调解纠纷15件</M>。")
    assert [metric["scope"] for metric in found] == ["全县", "云岫县司法局", "历山镇司法所"]


def test_the_body_before_a_colon_is_the_scope_of_its_line():
    found = metrics(
        "市场监管局：<M>立案126件</M>，<M>结案118件</M>。\n合计：<M>立案214件</M>。\n县政府：现报告如下。<M>受理8件</M>。"
    )
    assert [metric["scope"] for metric in found] == ["市场监管局", "市场监管局", "云岫县司法局", "云岫县司法局"]


@pytest.mark.parametrize(
    ("before", "scope"),
    [
        ("2023年我局共", "我局"),
        ("今年以来我局", "我局"),
        ("其中历山镇共", "历山镇"),
        ("我局党组理论学习中心组", "云岫县司法局"),
        ("优化布局，", "云岫县司法局"),
        ("优化布局新", "云岫县司法局"),
        ("县法律援助中心共", "县法律援助中心"),
    ],
)
def test_scope_holds_no_time_and_no_word_that_only_ends_like_a_body(before, scope):
    (metric,) = metrics(f"{before}<M>开展活动8次</M>。")
    assert metric["scope"] == scope


def test_what_is_counted_keeps_its_first_word():
    found = metrics("<M>新能源汽车产量8万辆</M>，<M>增长12%</M>；<M>新增申请户77个</M>，<M>131人</M>。")
    assert [metric["topic"] for metric in found] == [None, "新能源汽车产量", None, "申请户"]


def test_goals_are_targets_and_the_plan_section_holds_nothing_else():
    doc = document("<M>受理8件</M>。\n力争<M>办结率达到98%</M>。\n<A><M>培训2次</M></A>。\n附：<M>收文3件</M>。")
    sections = [Section(0, 17, "results"), Section(17, len(doc.text), "plan", "三、2024年工作打算")]
    found = build(doc, sections)["metrics"]
    assert [metric["status"] for metric in found] == ["actual", "target", "target", "actual"]
    assert [metric["section"] for metric in found] == ["results", "results", "plan", "plan"]
    assert [metric["period"] for metric in found[2:]] == ["2024", "2023"]


def test_an_aim_at_the_opening_of_a_plan_holds_up_to_its_full_stop():
    doc = document("2024年，力争<M>应诉率达到98%</M>；<M>新增示范村5个</M>。\n<M>收文3件</M>。")
    found = build(doc, [Section(0, len(doc.text), "plan", "三、工作打算")])["metrics"]
    assert [(metric["status"], metric["period"]) for metric in found] == [
        ("target", "2024"),
        ("target", "2024"),
        ("actual", "2023"),
    ]


def test_measures_name_their_documents_and_metrics():
    doc = document("<A>印发《云岫县普法责任清单》《要点》</A>，<A><M>举办培训班3期</M></A>，<A>下一步将推广“码上议”</A>。")
    records = build(doc)
    assert [measure["instruments"] for measure in records["measures"]] == [["《云岫县普法责任清单》", "《要点》"], [], []]
    assert [measure["metrics"] for measure in records["measures"]] == [[], ["m1"], []]
    assert [measure["status"] for measure in records["measures"]] == ["done", "done", "planned"]
    assert records["metrics"][0]["statement"] == "a2"


def test_roles_of_problems():
    doc = document("<P>执法人员不足</P>，<P>导致巡查不及时</P>。<P>由于编制紧张</P>，<P>力量薄弱</P>。")
    assert [problem["role"] for problem in build(doc)["problems"]] == ["problem", "consequence", "cause", "problem"]


def test_a_metric_without_a_readable_value_is_kept():
    (metric,) = metrics("<M>水质保持Ⅱ类</M>")
    assert metric["quantities"] == []
    assert metric["indicator"] == "水质保持Ⅱ类"


def test_a_document_without_spans_has_empty_lists():
    assert build(Document("x", "", {})) == {"metrics": [], "measures": [], "problems": []}
