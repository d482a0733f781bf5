"""The year that a report covers: the title's, else one of its opening, else the one before an early date of publication.

An opening tells history, too. No year covered is what a change starts from (``从2020年的5.2万元提高到``), an aim
(``到2035年``), a run of years (``2016年至2020年``), or the date of an event (``2022年7月``) of another year than that of
publication or, where that is not told, of the signature.
"""

from __future__ import annotations

import re

from fazhi.ingest.findings import Finding, Findings, Page

Years = list[tuple[int, int, int]]
"""Years with their places in a text: ``(year, start, end)``."""

_YEAR = re.compile(r"(?<!\d)(20[0-3]\d|199\d)(?=\s*年|\s*[-—至~]\s*20\d\d\s*年|度)")
_TITLE_YEAR = re.compile(r"(?<!\d)(20[0-3]\d)(?=\s*(?:法治|依法|普法|行政执法|工作|政府))")
_CHINESE_YEAR = re.compile(r"二[〇○零]([〇○零一二三])([〇○零一二三四五六七八九])(?=\s*年)")
_DIGITS = {char: str(value) for value, char in enumerate("〇一二三四五六七八九")} | {"○": "0", "零": "0"}
_OPENING = 300
_SIGNED = re.compile(r"(20[0-3]\d)\s*年\s*\d{1,2}\s*月\s*\d{1,2}\s*日")
_SIGNATURE = 300
_ANNUAL = re.compile("法治|依法行政|总结|年度|年报|述职|工作报告|工作情况")
"""Words of titles whose reports look back on a year; others that come out in spring are of any time."""
_RUN = r"\s*(?:年\s*)?[-—–~至到]+\s*(?:19|20)?\d\d\s*年"
_RUN_AFTER = re.compile(_RUN)
_RUN_BEFORE = re.compile(r"(?:19|20)\d\d\s*年?\s*[-—–~至到]+\s*$")
_BASE_AFTER = re.compile(r"\s*年\s*(?!以?来|度?起)")
_BASE_BEFORE = re.compile(r"(?:[从由较比]|相比于?)\s*$")
_COMPARED = re.compile(r"\s*年(?:度|同期|底|末)?相?比")
_AIM_BEFORE = re.compile(r"[到至]\s*$")
_AIM_AFTER = re.compile(r"\s*年(?!\s*的|\s*\d)")
_EVENT = re.compile(r"\s*年\s*\d{1,2}\s*月(?!\s*[-—–~至到]\s*\d{1,2}\s*月(?!\s*\d)|[底末]|份)")
_UP_TO = re.compile(r"截[至止]到?\s*$")


def add_year(page: Page, found: Findings) -> None:
    """Add the year covered; null where only history is told."""
    title, published = found.get("title"), found.get("published")
    start, end = page.body[0], min(page.body[1], page.body[0] + _OPENING)
    out = _year_of(published) or _signed(page)
    if title and (years := _of_title(str(title.value))):
        found["year"] = page.within(title, str(title.value)[years[0][1] : years[0][2]], 0.97, years[0][0])
    elif years := _covered(page.text, start, end, out):
        found["year"] = page.found(years[0][0], 0.75, years[0][1], years[0][2])
    elif (
        published and str(published.value)[5:7] <= "03" and _ANNUAL.search(str(title.value) if title else page.text[start:end])
    ):
        found["year"] = published.holding(int(str(published.value)[:4]) - 1, 0.6)


def _year_of(published: Finding | None) -> int | None:
    return int(str(published.value)[:4]) if published else None


def _signed(page: Page) -> int | None:
    """Return the year of the date that stands under a signature."""
    match = _SIGNED.search(page.text, page.body[1], page.body[1] + _SIGNATURE)
    return int(match[1]) if match else None


def _years(text: str, start: int, end: int) -> Years:
    """Return the years of ``text[start:end]`` with their places, in order."""
    found = [(int(match[1]), match.start(1), match.end(1)) for match in _YEAR.finditer(text, start, end)]
    for match in _CHINESE_YEAR.finditer(text, start, end):
        found.append((2000 + int(_DIGITS[match[1]] + _DIGITS[match[2]]), match.start(), match.end()))
    return sorted(found, key=lambda item: item[1])


def _of_title(title: str) -> Years:
    bare = [(int(match[1]), match.start(1), match.end(1)) for match in _TITLE_YEAR.finditer(title)]
    return _years(title, 0, _OPENING) or bare


def _covered(text: str, start: int, end: int, out: int | None) -> Years:
    """Return the years of an opening that the report can cover.

    Where it is known when the report came out, that year and the one before; otherwise the latest year told and the one before.
    """
    told = [item for item in _years(text, start, end) if not _is_history(text, *item, out)]
    latest = out or max((year for year, _, _ in told), default=0)
    return [item for item in told if latest - 1 <= item[0] <= latest]


def _is_history(text: str, year: int, start: int, end: int, out: int | None) -> bool:
    """Tell whether a year's own words say that it is a base, an aim, an end of a run, or the date of an event."""
    if _RUN_AFTER.match(text, end) or _RUN_BEFORE.search(text, max(0, start - 12), start):
        return True
    if (_BASE_BEFORE.search(text, max(0, start - 4), start) and _BASE_AFTER.match(text, end)) or _COMPARED.match(text, end):
        return True
    if _UP_TO.search(text, max(0, start - 4), start):
        return False
    if _AIM_BEFORE.search(text, max(0, start - 2), start) and _AIM_AFTER.match(text, end):
        return True
    return year != out and bool(_EVENT.match(text, end))
