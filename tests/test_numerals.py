"""Numerals: by hand, and against cn2an where it reads the same notation."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fazhi.numerals import fold, read


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("57", "57"),
        ("1,275", "1275"),
        ("1,204,560.5", "1204560.5"),
        ("１２３４", "1234"),
        ("９８．６", "98.6"),
        ("3.5万", "35000"),
        ("1.2万亿", "1200000000000"),
        ("2亿3000万", "230000000"),
        ("3万6千", "36000"),
        ("十", "10"),
        ("十五", "15"),
        ("二十", "20"),
        ("一百零五", "105"),
        ("一百一十五", "115"),
        ("一百二", "120"),
        ("两百", "200"),
        ("一千二百零七", "1207"),
        ("两万五", "25000"),
        ("三千万", "30000000"),
        ("二亿三千万", "230000000"),
        ("一万亿", "1000000000000"),
        ("十二万三千四百", "123400"),
        ("二〇二三", "2023"),
        ("三点五", "3.5"),
        ("九十八点零五", "98.05"),
        ("壹仟贰佰", "1200"),
        ("百", "100"),
        ("万", "10000"),
        ("零", "0"),
    ],
)
def test_by_hand(text, value):
    assert read(text) == Decimal(value)


@pytest.mark.parametrize("text", ["", "件", "一百件", "3万5万", "1千2万", "二十十一三", "五五百"])
def test_no_numeral(text):
    assert read(text) is None


@given(st.integers(0, 10**9))
def test_arabic_numerals_with_separators(number):
    assert read(str(number)) == read(f"{number:,}") == number


@given(st.text())
def test_folding_keeps_the_length(text):
    assert len(fold(text)) == len(text)


@settings(deadline=None)  # the first call imports cn2an
@given(st.integers(0, 10**9 - 1))
def test_chinese_numerals_as_cn2an_writes_them(number):
    cn2an = pytest.importorskip("cn2an", reason="cn2an is not installed; pip install 'fazhi[dev]'")
    assert read(cn2an.an2cn(str(number))) == number
