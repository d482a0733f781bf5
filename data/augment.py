"""Augmentation for training: numbers, units, places, document names, enumerators, punctuation, line breaks, page furniture.

Every transform is a list of edits of the text; span borders move with them, and an edit that would cut a border is left out.
Flattening changes which clauses there are (a heading grows into the sentence behind it), so statements are fitted to their new
clauses as ruling 7.1 of the guideline says. What comes out obeys the same rules as what went in (property-tested). Used only
while training; nothing here is ever scored.
"""

from __future__ import annotations

import random
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from fazhi.clauses import SEPARATORS, clauses
from fazhi.document import Document, Span
from fazhi.schema import default_schema
from fazhi.validation import check_spans


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """Replace ``text[start:end]`` by ``new``."""

    start: int
    end: int
    new: str


Transform = Callable[[Document, random.Random], Iterable[Edit]]

_NUMBER = re.compile(r"(?<![\d.〔\[“第])\d+(?:\.\d+)?(?![\d.]|年|月|日|号|热线|〕|\]|”)")
_UNIT = re.compile(r"(?<=[\d余多])(件|宗|起|场|次|家|户|份|册|人次)(?![年月的])")
_UNITS = {
    "件": "件宗起",
    "宗": "件宗起",
    "起": "件宗起",
    "场": "场次",
    "次": "场次",
    "家": "家户",
    "户": "家户",
    "份": "份册",
    "册": "份册",
}
_PLACE = re.compile(r"([\u4e00-\u9fff]{2,3}?)(县|区|市|旗|镇|乡)")
_PLACES = "泠川 岱湖 苍垣 澜口 曲岭 瑶圃 芷塘 陌阳 屿前 旌南 棠溪 皋桥 沅坪 麓谷 砚山湾 槐荫渡".split()  # noqa: SIM905
_TITLE = re.compile(r"《([^《》]{4,40})》")
_TITLES = (
    "法治建设重点任务清单", "行政执法案卷评查办法（试行）", "重大行政决策目录", "轻微违法免罚清单", "公平竞争审查工作规则",
    "规范涉企行政检查十条措施", "矛盾纠纷多元化解实施方案", "领导干部学法计划", "政府合同管理办法", "普法责任清单",
)  # fmt: skip
_ENUMERATOR = re.compile(r"([一二三四五六七八九十])是")
_ENUMERATOR_STYLES: tuple[Callable[[int, str], str], ...] = (
    lambda number, _: f"{number}.",
    lambda number, _: f"（{number}）",
    lambda _, numeral: f"（{numeral}）",
    lambda number, _: "①②③④⑤⑥⑦⑧⑨⑩"[number - 1],
)
_ASCII = {"，": ",", "；": ";", "：": ":", "（": "(", "）": ")", "！": "!"}
_HEADS = (
    "当前位置：首页 > 政务公开 > 法治政府建设年度报告\n",
    "来源：本站 发布时间：2024-02-18 10:05 浏览次数：73\n",
    "字体：[大 中 小] 打印\n",
)
_FEET = (
    "\n上一篇：没有了\n下一篇：关于开展执法检查的通知",
    "\n扫一扫在手机打开当前页\n【关闭窗口】",
    "\n主办单位：区人民政府办公室 网站地图",
)


def apply(document: Document, edits: Iterable[Edit]) -> Document:
    """Return the edited document; edits that overlap an earlier one, cut a border or delete in a span are left out."""
    kept: list[Edit] = []
    for edit in sorted(edits):
        if (not kept or edit.start >= kept[-1].end) and not any(_harms(edit, span) for span in document.spans):
            kept.append(edit)
    parts, at = [], 0
    for edit in kept:
        parts += [document.text[at : edit.start], edit.new]
        at = edit.end
    text = "".join([*parts, document.text[at:]])
    return replace(document, text=text, alignment=()).with_spans(_moved(span, kept, text) for span in document.spans)


def _harms(edit: Edit, span: Span) -> bool:
    if edit.end <= span.start or edit.start >= span.end:
        return False
    inside = span.start <= edit.start and edit.end <= span.end
    around = edit.start <= span.start and span.end <= edit.end
    return not edit.new or not (inside or (around and (edit.start, edit.end) == (span.start, span.end)))


def _moved(span: Span, edits: list[Edit], text: str) -> Span:
    start = span.start + sum(len(e.new) - (e.end - e.start) for e in edits if e.end <= span.start)
    end = span.end + sum(len(e.new) - (e.end - e.start) for e in edits if e.end <= span.end and e.start < span.end)
    return replace(span, start=start, end=end, text=text[start:end])


def numbers(document: Document, rng: random.Random) -> Iterator[Edit]:
    """Other digits in the same form; dates, document numbers and hotlines stay, a percentage stays within 100."""
    for match in _NUMBER.finditer(document.text):
        if match[0] not in ("100", "12345", "12348", "12309") and rng.random() < 0.8:
            yield Edit(match.start(), match.end(), _digits(match[0], rng))


def _digits(number: str, rng: random.Random) -> str:
    first = "0" if number[0] == "0" else str(rng.randint(1, 9))
    return first + "".join(char if char == "." else str(rng.randint(0, 9)) for char in number[1:])


def units(document: Document, rng: random.Random) -> Iterator[Edit]:
    """Another measure word where several are usual (件, 宗, 起)."""
    for match in _UNIT.finditer(document.text):
        if match[1] in _UNITS and rng.random() < 0.3:
            yield Edit(match.start(1), match.end(1), rng.choice(_UNITS[match[1]]))


def places(document: Document, rng: random.Random) -> Iterator[Edit]:
    """Another invented name for the issuer's place, throughout."""
    match = _PLACE.match(str(document.meta.get("issuer", "")))
    if match:
        name = rng.choice(_PLACES)
        yield from (Edit(found.start(), found.end(), name + match[2]) for found in re.finditer(match[0], document.text))


def titles(document: Document, rng: random.Random) -> Iterator[Edit]:
    """Other names in 《》; laws keep theirs."""
    for match in _TITLE.finditer(document.text):
        if not match[1].endswith(("法", "条例", "规定", "法典")) and rng.random() < 0.5:
            yield Edit(match.start(1), match.end(1), rng.choice(_TITLES))


def enumerators(document: Document, rng: random.Random) -> Iterator[Edit]:
    """Another style for 一是, 二是, … at clause starts."""
    style = rng.choice(_ENUMERATOR_STYLES)
    for clause in clauses(document.text):
        match = _ENUMERATOR.search(document.text, clause.outer_start, clause.start)
        if match and match.end() == clause.start and not document.text[clause.start].isdecimal():
            yield Edit(match.start(), match.end(), style("一二三四五六七八九十".index(match[1]) + 1, match[1]))


def punctuation(document: Document, rng: random.Random) -> Iterator[Edit]:
    """Half-width punctuation, throughout or for some signs; never where it would join two digits into one number."""
    signs = [sign for sign in _ASCII if rng.random() < 0.7]
    text = document.text
    for at, char in enumerate(text):
        joins = char in "，：" and text[at - 1 : at].isdecimal() and text[at + 1 : at + 2].isdecimal()
        if char in signs and not joins:
            yield Edit(at, at + 1, _ASCII[char])


def furniture(_: Document, rng: random.Random) -> Iterator[Edit]:
    """Navigation and source lines before the text."""
    yield Edit(0, 0, "".join(head for head in _HEADS if rng.random() < 0.6))


def footer(document: Document, rng: random.Random) -> Iterator[Edit]:
    """Related links and site lines behind the text."""
    yield Edit(len(document.text), len(document.text), rng.choice(_FEET))


def flatten(document: Document, rng: random.Random) -> Document:
    """Lose line breaks as web extraction does; statements are fitted to their new clauses.

    A break stays where the line before ends with a statement and no punctuation: joining two statements would be no text
    that anyone could annotate. Where joined brackets would change other clauses the document is returned as it was.
    """
    ends = {span.end for span in document.spans if span.layer == "statement"}
    gap = rng.choice(["", " ", "\u3000"])
    edits = []
    for match in re.finditer(r"[\s\u3000]*\n[\s\u3000]*", document.text):
        before = document.text[match.start() - 1 : match.start()]
        if match.start() and match.end() < len(document.text) and (before in SEPARATORS or match.start() not in ends):
            edits.append(Edit(match.start(), match.end(), gap if before in SEPARATORS else " "))
    fitted = _fit_statements(apply(document, edits))
    return document if check_spans(fitted.text, fitted.spans, default_schema()) else fitted


def _fit_statements(document: Document) -> Document:
    found = clauses(document.text)
    starts = [clause.outer_start for clause in found]
    spans: dict[tuple[int, str], Span] = {}
    for span in document.spans:
        clause = found[bisect_right(starts, span.start) - 1]
        if span.layer == "statement":
            text = document.text[clause.start : clause.end]
            span = replace(span, start=clause.start, end=clause.end, text=text)
        spans[span.start, span.layer] = span
    return document.with_spans(spans.values())


_EDITS: tuple[tuple[Transform, float], ...] = (
    (places, 0.7), (numbers, 0.8), (units, 0.5), (titles, 0.5),
    (enumerators, 0.3), (punctuation, 0.25), (furniture, 0.2), (footer, 0.2),
)  # fmt: skip


def augment(document: Document, rng: random.Random, flat: float = 0.15) -> Document:
    """Return a variant of an annotated document: each transform is applied with its own probability."""
    for transform, probability in _EDITS:
        if rng.random() < probability:
            document = apply(document, transform(document, rng))
    return flatten(document, rng) if rng.random() < flat else document
