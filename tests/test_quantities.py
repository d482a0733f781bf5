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
