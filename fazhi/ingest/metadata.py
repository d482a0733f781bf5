"""What a report says of itself: title, issuer, its kind and level, region, year covered, publication date, document number.

Every field is null rather than guessed, and comes with its place in the clean text (where it stands there), its place in the
source, and a confidence. The confidences are those of the rule that found the field: told by a labelled field of the page
0.95, by a meta tag 0.9, by the title 0.9–0.97, by the signature 0.85, inferred 0.6–0.75.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from fazhi.ingest.findings import Finding, Findings, Page
from fazhi.ingest.issuers import ISSUER, add_issuer, add_region
from fazhi.ingest.markup import MetaTag
from fazhi.ingest.titles import one_line, shown_title
from fazhi.ingest.years import add_year
from fazhi.offsets import OffsetMap

FIELDS = ("title", "issuer", "issuer_kind", "issuer_level", "region", "region_code", "year", "published", "doc_number")
"""The fields that ``describe`` gives, null where unknown."""

_DATE = re.compile(r"((?:19|20)\d\d)\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})")
_TIMED = re.compile(rf"{_DATE.pattern}\s*日?\s*\d{{1,2}}:\d\d")
_NUMBER = r"[\u4e00-\u9fff]{1,16}\s*[〔\[(（﹝](?:19|20)\d\d[〕\])）﹞]\s*(?:第\s*)?\d{1,4}\s*号"
_LABELLED = {
    "title": re.compile(
        r"(?:^|(?<=\s))(?:标\s*题|名\s*称|信息名称)\s*[:：]\s*([^\n]{6,90}?)\s*"
        r"(?=$|\n|\s(?:发文|发布|成文|索\s*引|文\s*号|有\s*效|信息|公开|主题))",
        re.MULTILINE,
    ),
    "issuer": re.compile(
        r"(?:发\s*布\s*机\s*构|发布单位|发文(?:机关|单位|机构)|制发机关|发布部门|公开责任部门)\s*[:：]?\s*([\u4e00-\u9fff]{3,40})"
    ),
    "published": re.compile(rf"(?:发布时间|发布日期|公开日期|公开时间|发文时间|时\s*间|日\s*期)\s*[:：]?\s*({_DATE.pattern})"),
    "doc_number": re.compile(rf"(?:文\s*号|发文字号)\s*[:：]?\s*({_NUMBER})"),
}
_NUMBER_LINE = re.compile(rf"(?:^|\n)[ \t]*({_NUMBER})[ \t]*(?=\n|$)")
_META_NAMES = {
    "title": ("articletitle",),
    "published": ("pubdate", "publishdate", "article:published_time", "createdate"),
    "issuer": ("contentsource", "source"),
}


@dataclass(frozen=True, slots=True)
class Hints:
    """What stood outside the report: the text of the page around it with its way to the source, and the meta tags."""

    aside: str = ""
    offsets: OffsetMap = field(default_factory=OffsetMap)
    metas: Sequence[MetaTag] = ()


def describe(text: str, extent: tuple[int, int], offsets: OffsetMap, hints: Hints) -> dict[str, Any]:
    """Return ``FIELDS`` with their values and ``provenance``; ``extent`` is where the body lies in the clean text."""
    page, found = Page(text, offsets, extent), Findings()
    aside = Page(hints.aside, hints.offsets, (len(hints.aside), len(hints.aside)), in_text=False)
    _add_labelled(page, found)
    _add_metas(hints.metas, found)
    _add_labelled(aside, found)
    _add_timed_date(page, found)
    _add_timed_date(aside, found)
    _add_title(page, found)
    add_issuer(page, found)
    add_year(page, found)
    _add_number(page, found)
    add_region(page, hints.aside, found)
    values: dict[str, Any] = {name: found[name].value if name in found else None for name in FIELDS}
    values["provenance"] = {name: found[name].provenance() for name in FIELDS if name in found}
    return values


def _add_labelled(page: Page, found: Findings) -> None:
    """Read labelled fields (``发布机构：…``) of a page's head or of what stood around the report."""
    for name, pattern in _LABELLED.items():
        match = pattern.search(page.text, *page.head)
        if not match or name in found:
            continue
        value = match[1].strip() if name != "published" else _iso(match[1])
        if value:
            found[name] = page.found(value, 0.95, match.start(1), match.start(1) + len(match[1].rstrip()))


def _add_timed_date(page: Page, found: Findings) -> None:
    """Take a date with a time of day that stands bare beside the title for the date of publication."""
    match = _TIMED.search(page.text, *page.head)
    value = _iso(match[0]) if match else None
    if match and value and "published" not in found:
        found["published"] = page.found(value, 0.8, *match.span())


def _iso(text: str) -> str | None:
    match = _DATE.search(text)
    if not match:
        return None
    year, month, day = (int(part) for part in match.groups())
    return f"{year:04d}-{month:02d}-{day:02d}" if 1 <= month <= 12 and 1 <= day <= 31 else None


def _add_metas(metas: Iterable[MetaTag], found: Findings) -> None:
    """Take what ``<meta>`` tags tell; a source counts as the issuer only where it names an organ."""
    for name, keys in _META_NAMES.items():
        for meta in metas:
            value: str | None = meta.content.strip()
            if meta.name not in keys or not value or name in found:
                continue
            value = _iso(value) if name == "published" else value
            if value and (name != "issuer" or ISSUER.match(value)):
                found[name] = Finding(value, 0.9, source_start=meta.start, source_end=meta.end)


def _add_title(page: Page, found: Findings) -> None:
    """Find the title in the head; where a field told it already, find its place."""
    told = found.get("title")
    place = page.locate(str(told.value), page.head[0], page.body[0] + 400) if told else shown_title(page)
    if place:
        found["title"] = page.found(one_line(page.text[slice(*place)]), 0.97 if told else 0.9, *place)
    elif told:
        found["title"] = told.holding(one_line(str(told.value)), told.confidence)


def _add_number(page: Page, found: Findings) -> None:
    match = _NUMBER_LINE.search(page.text, *page.head)
    if match and "doc_number" not in found:
        found["doc_number"] = page.found(match[1], 0.85, match.start(1), match.end(1))
