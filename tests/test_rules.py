"""The decoder's rules about METRIC, each with an example of guideline §5."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fazhi.rules import has_value, trim_metric, widen_metric


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("全年共受理行政复议申请57件", "受理行政复议申请57件"),
        ("2024年累计开展普法活动20余场", "开展普法活动20余场"),
        ("2024年度全县立案12件", "立案12件"),
        ("截至目前已化解纠纷35件", "化解纠纷35件"),
        ("其中撤销2件", "撤销2件"),
        ("先后召开会议4次", "召开会议4次"),
        ("我局办结案件9件", "办结案件9件"),
        ("确保行政机关负责人出庭应诉率达100%", "行政机关负责人出庭应诉率达100%"),
        ("实现结案率98%", "结案率98%"),
        ("1-6月受理案件8件", "受理案件8件"),
        ("分别办理3件", "办理3件"),
        ("和修改7件", "修改7件"),
        ("调解成功率100%的", "调解成功率100%"),
        ("5场次等", "5场次"),
        ("上半年，办结9件", "办结9件"),
    ],
)
def test_stripped(text, expected):
    assert text[slice(*trim_metric(text, 0, len(text)))] == expected


@pytest.mark.parametrize(
    "text",
    [
        "全省排名第7",
        "全市首位",
        "共享数据12万条",
        "共建法治阵地3个",
        "均衡发展指数3.2",
        "实现产值12亿元",
        "全过程记录120件",
        "已知风险点9个",
        "均价3元",
        "2024年",
        "新增12人",
        "约30件",
        "近20场",
        "至少有一个法治文化阵地",
        "和解12件",
        "年金不等",
    ],
)
def test_kept(text):
    assert trim_metric(text, 0, len(text)) == (0, len(text))


@pytest.mark.parametrize(
    ("text", "expected"), [("五场", True), ("１２件", True), ("居首位", True), ("多次开展", False), ("", False)]
)
def test_has_value(text, expected):
    assert has_value(text) is expected


@given(st.text(alphabet="全年县共受理2024月件的和其中率确保等 、", min_size=1, max_size=25))
def test_trimming_keeps_the_value_and_is_idempotent(text):
    start, end = trim_metric(text, 0, len(text))
    assert 0 <= start <= end <= len(text)
    assert has_value(text[start:end]) == has_value(text)
    if start < end:
        assert trim_metric(text, start, end) == (start, end)


def test_real_metrics_keep_their_borders(shared):
    changed, total = [], 0
    for line in (shared / "train" / "spans.jsonl").read_text(encoding="utf-8").splitlines():
        report = json.loads(line)
        for start, end, label in report["spans"]:
            if label == "METRIC":
                total += 1
                if trim_metric(report["text"], start, end) != (start, end):
                    changed.append((report["id"], start, end))
                assert has_value(report["text"][start:end])
    assert total > 5000
    assert len(changed) <= 0.001 * total


@pytest.mark.parametrize(
    ("text", "inner", "expected"),
    [
        ("辖区约14家企业入驻", "14家企业", "约14家企业"),
        ("年内新建成2个驿站", "建成2个驿站", "新建成2个驿站"),
        ("每名干部至少1次", "1次", "至少1次"),
        ("检查商户（门店）30余家（含夜市）后", "30余家（含夜市", "30余家（含夜市）"),
        ("受理案件5件）", "受理案件5件", "受理案件5件"),
        ("受理案件5件", "受理案件5件", "受理案件5件"),
    ],
)
def test_hedges_and_closing_brackets_are_added(text, inner, expected):
    start = text.index(inner)
    left, right = widen_metric(text, start, start + len(inner))
    assert text[left:right] == expected


def test_widening_never_passes_the_metric_before():
    assert widen_metric("办结5件新聘3人", 5, 8, floor=5) == (5, 8)
    assert widen_metric("办结5件新聘3人", 5, 8, floor=4) == (4, 8)


def test_widening_leaves_real_metrics_alone(shared):
    changed = total = 0
    for line in (shared / "train" / "spans.jsonl").read_text(encoding="utf-8").splitlines():
        report = json.loads(line)
        for start, end, label in report["spans"]:
            if label == "METRIC":
                total += 1
                changed += widen_metric(report["text"], start, end) != (start, end)
    assert changed <= 0.005 * total
