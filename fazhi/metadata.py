"""What a report says of itself: title, issuer, its kind and level, region, year covered, publication date, document number.

Every field is null rather than guessed, and comes with its place in the clean text (where it stands there), its place in the
source, and a confidence. The confidences are those of the rule that found the field: told by a labelled field of the page
0.95, by the title 0.9–0.97, by the signature 0.85, inferred 0.6–0.75.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fazhi.ingest.furniture import is_furniture
from fazhi.ingest.markup import MetaTag
from fazhi.ingest.regions import resolve, table
from fazhi.offsets import OffsetMap

FIELDS = ("title", "issuer", "issuer_kind", "issuer_level", "region", "region_code", "year", "published", "doc_number")
"""The fields that ``describe`` gives, null where unknown."""

_YEAR = re.compile(r"(?<!\d)(20[0-3]\d|199\d)(?=\s*年|\s*[-—至~]\s*20\d\d\s*年|度)")
_CHINESE_YEAR = re.compile(r"二[〇○Ｏ零0]([〇○零0一二三])([〇○零0一二三四五六七八九])(?=\s*年)")
_DIGITS = {char: str(value) for value, char in enumerate("〇一二三四五六七八九")} | {"○": "0", "零": "0", "0": "0"}
_DATE = re.compile(r"((?:19|20)\d\d)\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})")
_GENRE = r"(?:报告|总结|情况|通报|汇报|计划|要点|年报|方案|通知|意见|工作思路|打算|批复|材料)"
_TITLE = re.compile(rf"[^，。；！？\n]{{4,80}}{_GENRE}(?:[（(][^（）()\n]{{1,12}}[)）])?")
_LABELLED = {
    "title": re.compile(
        r"(?:^|(?<=[\s　]))(?:标\s*题|名\s*称)\s*[:：]\s*([^\n]{6,90}?)\s*(?=$|\n|　"
        r"|\s(?:发文|发布|成文|索\s*引|文\s*号|有\s*效))",
        re.MULTILINE,
    ),
    "issuer": re.compile(
        r"(?:发布机构|发布单位|发文(?:机关|单位|机构)|制发机关|发布部门|公开责任部门)\s*[:：]?\s*([\u4e00-\u9fff]{3,40})"
    ),
    "published": re.compile(rf"(?:发布时间|发布日期|公开日期|公开时间|发文时间|时\s*间|日\s*期)\s*[:：]?\s*({_DATE.pattern})"),
    "doc_number": re.compile(
        r"(?:文\s*号|发文字号)\s*[:：]?\s*([\u4e00-\u9fff]{1,16}[〔\[(（](?:19|20)\d\d[〕\])）]\s*\d{1,4}\s*号)"
    ),
}
_NUMBER_LINE = re.compile(r"(?:^|\n)\s*([\u4e00-\u9fff]{1,16}[〔\[(（](?:19|20)\d\d[〕\])）]\s*\d{1,4}\s*号)\s*(?=\n)")
_ORGAN = (
    r"(?:人民政府办公[厅室]|人民政府|委员会办公室|管理委员会|工作委员会|委员会|管委会|党工委|区委|县委|市委|镇委|乡党委|镇党委|党委|街道办事处|街道办|街道|办事处"
    r"|办公[厅室]|管理局|监督局|执法局|[\u4e00-\u9fff]{1,12}局|分局|支队|大队|中心|厅|院|[\u4e00-\u9fff]{2}镇|[\u4e00-\u9fff]{2}乡)"
)
_ISSUER = re.compile(
    rf"^((?:中共)?[\u4e00-\u9fff、]{{2,40}}?{_ORGAN}(?:(?:中共)?[\u4e00-\u9fff]{{0,20}}(?:人民政府|党组|管委会|委员会))?)\s*(?=关于|20\d\d|二[〇○零]|年度|法治|依法|行政|$)"
)
_PLACE = re.compile(
    r"[\u4e00-\u9fff]{2,12}?(?:特别行政区|自治区|自治州|自治县|自治旗|地区|综合实验区|开发区|高新区|新区|示范区|园区|片区|省|市|县|区|旗|盟)"
)
_TOWN = re.compile(r"[\u4e00-\u9fff]{1,6}?(?:街道|镇|乡|苏木)")
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


@dataclass(frozen=True, slots=True)
class Finding:
    """A value, where it stands (in the clean text, in the source), and how sure the rule is."""

    value: Any
    confidence: float
    start: int | None = None
    end: int | None = None
    source_start: int | None = None
    source_end: int | None = None

    def provenance(self) -> dict[str, Any]:
        """Return all but the value; places that are not known are left out."""
        names = ("start", "end", "source_start", "source_end", "confidence")
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}


Findings = dict[str, Finding]


def describe(text: str, extent: tuple[int, int], offsets: OffsetMap, hints: Hints) -> dict[str, Any]:
    """Return ``FIELDS`` with their values and ``provenance``; ``extent`` is where the body lies in the clean text."""
    found: Findings = {}
    _labelled(text[: extent[0]], offsets, True, found)
    _from_metas(hints.metas, found)
    _labelled(hints.aside, hints.offsets, False, found)
    _title(text, extent[0], offsets, found)
    _issuer(text, extent, offsets, found)
    _year(text, extent, offsets, found)
    _doc_number(text, extent[0], offsets, found)
    _region(text, extent, hints, found)
    values: dict[str, Any] = {name: found[name].value if name in found else None for name in FIELDS}
    values["provenance"] = {name: found[name].provenance() for name in FIELDS if name in found}
    return values


def _place(value: str | int, confidence: float, start: int, end: int, offsets: OffsetMap, in_text: bool = True) -> Finding:
    source = offsets.to_source(start, end)
    return Finding(value, confidence, start if in_text else None, end if in_text else None, *source)


def _labelled(text: str, offsets: OffsetMap, in_text: bool, found: Findings) -> None:
    """Read labelled fields (``发布机构：…``) of a page's head or of what stood around the report."""
    for name, pattern in _LABELLED.items():
        match = pattern.search(text)
        if not match or name in found:
            continue
        value = match[1].strip() if name != "published" else _iso(match[1])
        if value:
            found[name] = _place(value, 0.95, match.start(1), match.start(1) + len(match[1].rstrip()), offsets, in_text)


def _iso(text: str) -> str | None:
    match = _DATE.search(text)
    if not match:
        return None
    year, month, day = (int(part) for part in match.groups())
    return f"{year:04d}-{month:02d}-{day:02d}" if 1 <= month <= 12 and 1 <= day <= 31 else None


def _from_metas(metas: Iterable[MetaTag], found: Findings) -> None:
    """Take what ``<meta>`` tags tell; a source counts as the issuer only where it names an organ."""
    for name, keys in _META_NAMES.items():
        for meta in metas:
            value: str | None = meta.content.strip()
            if meta.name not in keys or not value or name in found:
                continue
            value = _iso(value) if name == "published" else value
            if value and (name != "issuer" or _ISSUER.match(value)):
                found[name] = Finding(value, 0.9, source_start=meta.start, source_end=meta.end)


def _title(text: str, body_start: int, offsets: OffsetMap, found: Findings) -> None:
    """Find the title in the head; where a field told it already, find its place."""
    told = found.get("title")
    if told and (place := _locate(text, str(told.value), body_start + 400)):
        found["title"] = _place(told.value, 0.97, *place, offsets)
        return
    shown = None if told else _shown_title(text[:body_start])
    if shown:
        start, end = shown
        found["title"] = _place("".join(text[start:end].split()), 0.9, start, end, offsets)


def _locate(text: str, value: str, limit: int) -> tuple[int, int] | None:
    """Find the last place of a value in the text's first ``limit`` characters, white space aside."""
    pattern = r"\s*".join(map(re.escape, "".join(value.split())))
    matches = list(re.finditer(pattern, text[:limit]))
    return (matches[-1].start(), matches[-1].end()) if matches else None


def _shown_title(head: str) -> tuple[int, int] | None:
    """Return the extent of the title in a head: its last title-like line, with lines before that it continues."""
    matches = [match for match in _TITLE.finditer(head) if not is_furniture(match[0])]
    if not matches:
        return None
    start, end = matches[-1].span()
    start += len(head[start:end]) - len(head[start:end].lstrip())
    before = head[:start].rstrip()
    line = before[before.rfind("\n") + 1 :].strip()
    if (
        head[len(before) : start].count("\n") == 1
        and 3 < len(line) < 40
        and re.search(rf"{_ORGAN}$", line)
        and not is_furniture(line)
    ):
        start = len(before) - len(line)
    gap = re.search(r"[\s　](?=[^\s　]+$)", head[start:end]) if "\n" not in head[start:end] and end - start > 60 else None
    return (start + gap.end(), end) if gap else (start, end)


def _issuer(text: str, extent: tuple[int, int], offsets: OffsetMap, found: Findings) -> None:
    """Find the issuer in the title and in the signature; the longer where one contains the other."""
    signed, titled = _signature(text, extent[1], offsets), _titled_issuer(text, offsets, found)
    best = titled or signed or found.get("issuer")
    if titled and signed and (str(titled.value) in str(signed.value) or str(signed.value) in str(titled.value)):
        best = max(titled, signed, key=lambda finding: len(str(finding.value)))
        best = Finding(best.value, 0.97, best.start, best.end, best.source_start, best.source_end)
    elif not titled and signed and (told := found.get("issuer")):
        best = signed if str(signed.value) in str(told.value) or signed.confidence > 0.8 else told
    if best:
        found["issuer"] = best


def _titled_issuer(text: str, offsets: OffsetMap, found: Findings) -> Finding | None:
    title = found.get("title")
    match = _ISSUER.match("".join(str(title.value).split())) if title else None
    if not title or not match:
        return None
    place = _locate(text[title.start : title.end], match[1], 200) if title.start is not None else None
    if title.start is None or place is None:
        return Finding(match[1], 0.9, source_start=title.source_start, source_end=title.source_end)
    return _place(match[1], 0.9, title.start + place[0], title.start + place[1], offsets)


_SIGNED = re.compile(
    rf"(?:^|[\s。])((?:中共)?[\u4e00-\u9fff]{{2,40}}?{_ORGAN}(?:\s*(?:中共)?[\u4e00-\u9fff]{{2,20}}人民政府)?)(?=\s*(?:\n|$|20\d\d|二[〇○零]))"
)


def _signature(text: str, body_end: int, offsets: OffsetMap) -> Finding | None:
    match = _SIGNED.search(text, body_end, min(len(text), body_end + 300))
    if not match:
        return None
    return _place("".join(match[1].split()), 0.85, match.start(1), match.end(1), offsets)


def _years(text: str, start: int, end: int) -> list[tuple[int, int, int]]:
    found = [(int(match[1]), match.start(1), match.end(1)) for match in _YEAR.finditer(text, start, end)]
    for match in _CHINESE_YEAR.finditer(text, start, end):
        found.append((2000 + int(_DIGITS[match[1]] + _DIGITS[match[2]]), match.start(), match.end()))
    return sorted(found, key=lambda item: item[1])


def _year(text: str, extent: tuple[int, int], offsets: OffsetMap, found: Findings) -> None:
    """Find the year covered: the title's, else the opening's, else the one before an early date of publication."""
    title = found.get("title")
    if title and (years := _years(str(title.value), 0, 200)):
        year, start, end = years[0]
        place = _locate(text[title.start : title.end], str(title.value)[start:end], 200) if title.start is not None else None
        if place and title.start is not None:
            found["year"] = _place(year, 0.97, title.start + place[0], title.start + place[1], offsets)
        else:
            found["year"] = Finding(year, 0.95, source_start=title.source_start, source_end=title.source_end)
    elif years := _years(text, extent[0], min(extent[1], extent[0] + 300)):
        found["year"] = _place(years[0][0], 0.75, years[0][1], years[0][2], offsets)
    elif (published := found.get("published")) and str(published.value)[5:7] <= "03":
        found["year"] = Finding(
            int(str(published.value)[:4]) - 1, 0.6, published.start, published.end, published.source_start, published.source_end
        )


def _doc_number(text: str, body_start: int, offsets: OffsetMap, found: Findings) -> None:
    match = _NUMBER_LINE.search(text[: body_start + 1])
    if match and "doc_number" not in found:
        found["doc_number"] = _place(match[1], 0.85, match.start(1), match.end(1), offsets)


def _region(text: str, extent: tuple[int, int], hints: Hints, found: Findings) -> None:
    """Region, code, and the issuer's kind and level, from the place names that the issuer's name begins with."""
    holder = found.get("issuer") or found.get("title")
    if not holder:
        return
    name = str(holder.value).removeprefix("中共")
    places, at = [], 0
    while match := _PLACE.match(name, at):
        longest = max((word for word in table() if name.startswith(word, at)), key=len, default="")
        places.append(longest or match[0])
        at += len(places[-1])
    context = [*places[:-1], text[: extent[0] + 600], text[extent[1] :][:300], hints.aside[:2000]]
    if places:
        found["region"] = _at(holder, "".join(places), text)
        region = resolve(places[-1], context)
        if region:
            found["region_code"] = Finding(region.code, 0.95 if len(table()[region.name]) == 1 else 0.85, *_of(found["region"]))
    if "issuer" in found:
        _kind(found, name[at:], places)


def _of(finding: Finding) -> tuple[int | None, int | None, int | None, int | None]:
    return finding.start, finding.end, finding.source_start, finding.source_end


def _at(holder: Finding, value: str, text: str) -> Finding:
    """Return a value that stands in another finding, with the place of that."""
    return Finding(value, round(holder.confidence - 0.05, 2), *_of(holder))


_KINDS = (
    (re.compile(r"街道"), "subdistrict", "township"),
    (re.compile(r"(?:镇|乡|苏木)(?:人民政府|党委|委员会|$)"), "town", "township"),
    (re.compile(r"管委会|管理委员会|片区管理局"), "zone", None),
    (re.compile(r"委.*人民政府"), "party_government", None),
    (re.compile(r"人民政府(?:办公[厅室])?$"), "government", None),
    (re.compile(r"[局厅院]$|办公[厅室]$|中心$|[支大]队$|委员会$"), "department", None),
)


def _kind(found: Findings, rest: str, places: Sequence[str]) -> None:
    issuer = found["issuer"]
    name = str(issuer.value)
    for pattern, kind, level in _KINDS:
        if pattern.search(name):
            found["issuer_kind"] = Finding(kind, 0.9, *_of(issuer))
            level = level or _level(places)
            if level:
                found["issuer_level"] = Finding(level, 0.85, *_of(issuer))
            return


def _level(places: Sequence[str]) -> str | None:
    """Return the level of the last place: by its suffix, for ``市`` by the table; ``None`` in doubt."""
    if not places:
        return None
    last = places[-1]
    if last.endswith(("省", "自治区")):
        return "province"
    if last.endswith(("自治州", "地区", "盟")):
        return "city"
    if last.endswith("市"):
        levels: Mapping[str, None] = {region.level: None for region in table().get(last, ())}
        return next(iter(levels)) if len(levels) == 1 else ("county" if len(places) > 1 else None)
    return "county" if last.endswith(("县", "区", "旗")) and "开发区" not in last else None
