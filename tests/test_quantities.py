"""The grammar of quantities against a table written by hand, and its properties."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluate.quantity_score import score
from fazhi.quantities import Quantity, parse

TABLE = Path(__file__).with_name("data") / "quantities.tsv"
"""``text<TAB>value unit kind bound; …``; ``count`` and ``exact`` may be left out, ``-`` is no unit, ``2..5`` a range."""

Answer = tuple[float | None, float | None, str, str, str]


def table() -> list[tuple[str, list[Answer]]]:
    lines = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    return [(text, _answers(answers)) for text, answers in (line.split("\t") for line in lines)]


def _answers(written: str) -> list[Answer]:
    found: list[Answer] = []
    for part in filter(None, map(str.strip, written.split(";"))):
        value, unit, kind, bound = (part.split() + ["count", "exact"][len(part.split()) - 2 :])[:4]
        low, _, high = value.partition("..")
        numbers = (None, None) if value == "None" else (float(low), float(high or low))
        found.append((*numbers, "" if unit == "-" else unit, kind, bound))
    return found


def answer(quantity: Quantity) -> Answer:
    """Return what the table states of a quantity; a range by its limits."""
    ranged = quantity.value is None and quantity.low is not None
    numbers = (quantity.low, quantity.high) if ranged else (quantity.value, quantity.value)
    rounded = tuple(None if number is None else round(float(number), 6) for number in numbers)
    return (rounded[0], rounded[1], quantity.unit, quantity.kind, quantity.bound)


def test_the_table_is_large_enough():
    assert len(table()) >= 400
    assert len({text for text, _ in table()}) == len(table())


@pytest.mark.parametrize(("text", "answers"), table(), ids=[text for text, _ in table()])
def test_by_hand(text, answers):
    assert [answer(quantity) for quantity in parse(text)] == answers


@given(
    st.text(alphabet="0123456789０１２.,，:%％十百千万亿一二三两零余多约近超件人次元年月日第前倒数位至-由增降受理", max_size=24)
)
def test_any_text_is_read_without_error_and_quantities_lie_inside_it(text):
    found = parse(text)
    assert all(text[quantity.start : quantity.end] == quantity.text for quantity in found)
    assert all(before.end <= after.start for before, after in pairwise(found))
    assert all(q.low is None or q.high is None or q.low <= q.high for q in found)
    json.dumps([quantity.to_json() for quantity in found], allow_nan=False)


@given(st.integers(0, 10**7), st.sampled_from(["件", "人次", "家", "份"]))
def test_a_number_and_its_unit_come_back(number, unit):
    (quantity,) = parse(f"受理申请{number:,}{unit}")
    assert (quantity.value, quantity.unit, quantity.low, quantity.high) == (number, unit, number, number)


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("900余件", (900, 1000, True, True)),
        ("970余件", (970, 980, True, True)),
        ("3.5万余件", (35000, 36000, True, True)),
        ("超5000件", (5000, None, True, False)),
        ("近1000件", (None, 1000, False, True)),
        ("不少于60学时", (60, None, False, False)),
        ("不足30件", (None, 30, False, True)),
        ("不超过30件", (None, 30, False, False)),
        ("20至30件", (20, 30, False, False)),
        ("约20件", (None, None, False, False)),
        ("数十件", (10, 100, True, True)),
        ("几千件", (1000, 10000, True, True)),
        ("十几件", (10, 20, True, True)),
        ("七成多", (70, 80, True, True)),
        ("20件", (20, 20, False, False)),
    ],
)
def test_limits_and_open_ends(text, limits):
    (quantity,) = parse(text)
    assert (quantity.low, quantity.high, quantity.low_open, quantity.high_open) == limits


@pytest.mark.parametrize(
    ("text", "context"),
    [
        ("同比下降31.27%", [("同比", "down", None, None)]),
        ("环比增加3件", [("环比", "up", None, None)]),
        ("较上年提高2.1个百分点", [("较上年", "up", None, None)]),
        ("同比减少34起、39人", [("同比", "down", None, None)] * 2),
        ("由2021年的18件增至2024年的52件", [(None, None, "2021", None), (None, None, "2024", None)]),
        ("从85.6%提高到93.1%", [(None, None, None, None)] * 2),
        ("停征、降低收费项目12项", [(None, None, None, None)]),
        ("每人每月240元", [(None, None, None, "人·月")]),
        ("725元/月", [(None, None, None, "月")]),
        ("3天检查一次", [(None, None, None, "3天")]),
        ("增长5%", [(None, "up", None, None)]),
        ("与上年相比增长23.4%", [("与上年相比", "up", None, None)]),
        ("与2022年同期相比下降12%", [("与2022年同期相比", "down", None, None)]),
        ("相较于2022年增长23%", [("相较于2022年", "up", None, None)]),
        ("是2020年的2.3倍", [("2020年", None, None, None)]),
        ("收案数为去年同期的1.5倍", [("去年同期", None, None, None)]),
        ("比“十三五”时期增长71%", [("比“十三五”时期", "up", None, None)]),
        ("比上一个五年增长54.49%", [("比上一个五年", "up", None, None)]),
        ("占比稳步提升3个百分点", [(None, "up", None, None)]),
        ("结案率比例进一步提高5%", [(None, "up", None, None)]),
        ("较大事故同比下降20%", [("同比", "down", None, None)]),
        ("同比增长12%、下降3%", [("同比", "up", None, None), ("同比", "down", None, None)]),
        ("同比增长达到12%", [("同比", "up", None, None)]),
        ("降幅达到12%", [(None, "down", None, None)]),
        ("增幅为12%", [(None, "up", None, None)]),
        ("增加到12件", [(None, None, None, None)]),
        ("负增长3.2%", [(None, "down", None, None)]),
        ("办理时限缩短60%", [(None, "down", None, None)]),
        ("申请材料精简30%", [(None, "down", None, None)]),
        ("同比增支300万元", [("同比", "up", None, None)]),
        ("比第一季度回升了16.1个百分点", [("比第一季度", "up", None, None)]),
        ("下调20%", [(None, "down", None, None)]),
        ("收案数较上年翻一番", [("较上年", None, None, None)]),
        ("办理时限减半", [(None, "down", None, None)]),
        ("保存时间不少6个月", [(None, None, None, None)]),
        ("16名军人的补助由每人每月500元提高至800元", [(None,) * 4, *[(None, None, None, "人·月")] * 2]),
        ("每半年1次", [(None, None, None, "半年")]),
        ("保障标准为495元/月/人", [(None, None, None, "月·人")]),
        ("每人次1100元", [(None, None, None, "人次")]),
    ],
)
def test_base_direction_period_and_rate(text, context):
    assert [(q.base, q.direction, q.period, q.per) for q in parse(text)] == context


def test_a_rank_has_the_number_of_those_ranked():
    (quantity,) = parse("在全市11个县区中排名第3")
    assert (quantity.value, quantity.kind, quantity.population) == (3, "rank", 11)


def test_json_holds_the_fields_of_the_formats_page():
    assert parse("受理57件")[0].to_json() == {
        "text": "57件", "value": 57, "low": 57, "high": 57, "bound": "exact", "unit": "件", "kind": "count", "period": None
    }  # fmt: skip


def test_quantities_of_the_real_reports(shared):
    total, differences = score(json.loads((shared / "gold" / "records.json").read_text(encoding="utf-8")))
    assert total > 250
    assert 1 - len(differences) / total >= 0.97
