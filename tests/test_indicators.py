"""The catalogue of indicators, and how well it matches phrases written by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fazhi.errors import ConfigError
from fazhi.indicators import catalogue, dice, load, match, ngrams
from fazhi.units import KINDS

PHRASES = Path(__file__).with_name("data") / "indicators.tsv"


def phrases() -> list[tuple[str, str, str | None]]:
    rows = [line.split("\t") for line in PHRASES.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return [(text, unit, None if code == "-" else code) for text, unit, code in rows]


def measure(rows: list[tuple[str, str, str | None]]) -> tuple[float, float]:
    """Return precision and recall: a wrong code counts against both."""
    found = [(match(text, unit, KINDS.get(unit, "count")), code) for text, unit, code in rows]
    right = sum(got == code for got, code in found if code)
    return right / sum(got is not None for got, _ in found), right / sum(code is not None for _, code in found)


def test_the_catalogue_is_complete():
    entries = catalogue().indicators
    assert len(entries) >= 120
    assert all(entry.definition and entry.zh and entry.en and len(entry.aliases) >= 2 for entry in entries)
    assert all(KINDS.get(entry.unit) == entry.kind for entry in entries)


def test_every_wording_that_an_indicator_admits_finds_it_or_one_of_its_kind():
    lost = [
        (entry.code, alias)
        for entry in catalogue().indicators
        for alias in entry.aliases
        if entry.admits(alias, entry.unit, entry.kind) and match(alias, entry.unit, entry.kind) is None
    ]
    assert lost == []


def test_precision_and_recall_on_phrases_that_set_no_rule():
    rows = phrases()
    assert len(rows) >= 300
    precision, recall = measure(rows[1::2])  # the odd lines (rows[::2]) were looked at while the rules were written
    assert precision >= 0.97
    assert recall >= 0.90


@pytest.mark.parametrize(
    ("text", "unit", "kind", "code"),
    [
        ("受理行政复议申请", "件", "count", "review.accepted"),
        ("收到行政复议申请", "件", "count", "review.received"),
        ("维持行政复议申请", "件", "count", "review.upheld"),
        ("出庭应诉率", "%", "percent", "litigation.heads_rate"),
        ("罚款", "元", "money", "enforcement.fines"),
        ("受理行政复议申请", "%", "percent", None),
        ("受理行政复议申请", "元", "money", None),
        ("种植经济林", "亩", "count", None),
        ("", "件", "count", None),
    ],
)
def test_match(text, unit, kind, code):
    assert match(text, unit, kind) == code


@given(st.text(max_size=20), st.text(max_size=20))
def test_dice_is_symmetric_and_between_0_and_1(one, other):
    value = dice(ngrams(one), ngrams(other))
    assert 0 <= value <= 1
    assert value == dice(ngrams(other), ngrams(one))


ENTRY = "{code: a.b, zh: 甲, en: A, definition: 甲, unit: 件, kind: count, must: ['%s'], aliases: [甲]}"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (f"- {ENTRY % '('}", "bad pattern"),
        (f"- {ENTRY % '甲'}\n- {ENTRY % '甲'}", "a.b is there twice"),
        ("- {code: a.b, zh: 甲}", "missing"),
        (f"- {(ENTRY % '甲')[:-1]}, extra: 1}}", "unknown fields ['extra']"),
    ],
)
def test_a_broken_catalogue_is_named(tmp_path, body, said):
    path = tmp_path / "indicators.yaml"
    path.write_text(f"threshold: 0.5\nindicators:\n{body}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"indicators\.yaml") as raised:
        load(path)
    assert said in str(raised.value)
