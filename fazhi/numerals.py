"""Numerals of the genre: Arabic, full-width, Chinese, mixed; thousands separators; 万 and 亿 multiplied out.

Values are exact ``Decimal`` numbers, so that ``573.68万`` is 5 736 800 and not a float beside it. The Chinese grammar is
that of GB/T 15835—2011 in its spoken form: ``一千二百零七``, ``两万五``, ``二〇二三`` (digit by digit), ``百`` alone is 100.
"""

from __future__ import annotations

import re
from decimal import Decimal

_WIDE = dict(zip("０１２３４５６７８９．，％﹪：∶﹕－−﹣–—―～〜／（）", "0123456789.,%%:::------~~/()", strict=True))
_FOLD = str.maketrans(_WIDE)
_DIGITS = {
    char: digit
    for digit, chars in enumerate(["零〇○", "一壹", "二贰两", "三叁", "四肆", "五伍", "六陆", "七柒", "八捌", "九玖"])
    for char in chars
}
_SMALL = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_LARGE = {"万": 10**4, "亿": 10**8}
_MULTIPLIERS = {"万亿": 10**12, "千亿": 10**11, "百亿": 10**10, "亿": 10**8, "个亿": 10**8} | {
    "千万": 10**7,
    "百万": 10**6,
    "十万": 10**5,
    "万": 10**4,
    "千": 10**3,
    "百": 10**2,
}

ARABIC = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)|(?<!\d)\d{1,3}(?: \d{3})+(?![\d.,%])|\d+(?:\.\d+)?"
MULTIPLIER = r"万亿|千亿|百亿|亿|个亿(?![元级])|千万|百万|十万|万|千(?![瓦克米伏帕卡])|百(?!分)"
CHINESE = r"[零〇○一二两三四五六七八九十百千万亿壹贰叁肆伍陆柒捌玖拾佰仟]+(?:点[零〇一二三四五六七八九]+)?"
_MIXED = re.compile(rf"({ARABIC})\s*({MULTIPLIER})?")


def fold(text: str) -> str:
    """Return the text with full-width digits, signs, dashes and brackets made half-width; its length stays the same."""
    return text.translate(_FOLD)


def read(text: str) -> Decimal | None:
    """Return the value of a numeral (``1,275``, ``3.5万``, ``2亿3000万``, ``两百``, ``二〇二三``), ``None`` if it is none."""
    text = fold(text).replace(" ", "").replace("个亿", "亿")
    if not text:
        return None
    if text[0].isdecimal():
        return _read_mixed(text)
    whole, _, fraction = text.partition("点")
    value = read_chinese(whole)
    if value is None or not fraction:
        return value
    digits = read_chinese(fraction)
    return None if digits is None else value + Decimal(digits).scaleb(-len(fraction))


def _read_mixed(text: str) -> Decimal | None:
    total, at, last = Decimal(0), 0, None
    while match := _MIXED.match(text, at):
        factor = _MULTIPLIERS[match[2]] if match[2] else 1
        if match.end() == at or (last is not None and factor >= last):
            return None
        total += Decimal(match[1].replace(",", "")) * factor
        at, last = match.end(), factor
    return total if at == len(text) else None


def read_chinese(text: str) -> Decimal | None:
    """Return the value of a Chinese whole number, ``None`` where the characters make no number (``一二三`` is 123)."""
    if all(char in _DIGITS for char in text):
        return Decimal("".join(str(_DIGITS[char]) for char in text)) if text else None
    total = section = 0
    pending: int | None = None
    last_unit = 10
    for char in text:
        if char in _DIGITS:
            if pending:
                return None
            pending = _DIGITS[char]
            last_unit = 10 if pending == 0 else last_unit
        elif char in _SMALL:
            section += (1 if pending is None or (pending == 0) else pending) * _SMALL[char]
            pending, last_unit = None, _SMALL[char]
        elif char in _LARGE:
            total = _close_section(total, section + (pending or 0), _LARGE[char])
            section, pending, last_unit = 0, None, _LARGE[char]
        else:
            return None
    return Decimal(total + section + _tail(pending, last_unit, text))


def _close_section(total: int, section: int, unit: int) -> int:
    """Multiply what stands before 万 or 亿: ``三千万`` is one section, ``二亿三千万`` keeps its first."""
    section = section or (1 if not total else 0)
    if not section:
        return total * unit
    return total * unit + section * unit if 0 < total < unit else total + section * unit


def _tail(pending: int | None, last_unit: int, text: str) -> int:
    """Return the last digit: ``两万五`` is 25 000, but ``一百零五`` and ``十五`` mean what they say."""
    if not pending:
        return 0
    spoken = last_unit > 10 and len(text) > 1 and text[-2] not in "零〇○"
    return pending * (last_unit // 10 if spoken else 1)
