"""Numbers that Word makes itself: the list level of a paragraph, its counter, and how it is written (ECMA-376 §17.9)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from docx.oxml.ns import qn

_DIGITS = "〇一二三四五六七八九"
_CHINESE = frozenset(
    (
        "chineseCounting",
        "chineseCountingThousand",
        "japaneseCounting",
        "taiwaneseCounting",
        "ideographTraditional",
        "ideographDigital",
    )
)


def chinese(number: int) -> str:
    """Return a number below 100 in Chinese numerals as enumerators write it (``十二``)."""
    if not 0 < number < 100:
        return str(number)
    tens, units = divmod(number, 10)
    return ("" if tens == 0 else "十" if tens == 1 else _DIGITS[tens] + "十") + (_DIGITS[units] if units or not tens else "")


@dataclass(frozen=True, slots=True)
class _Level:
    form: str
    pattern: str
    start: int


class Numbering:
    """Counts the numbered paragraphs of a document."""

    def __init__(self, document: Any) -> None:  # noqa: ANN401 - python-docx's document
        self._levels: dict[tuple[str, int], _Level] = {}
        self._abstract: dict[str, str] = {}
        self._counters: dict[tuple[str, int], int] = {}
        self._styles = {style.style_id: style.element for style in document.styles}
        part = next((rel.target_part for rel in document.part.rels.values() if rel.reltype.endswith("/numbering")), None)
        if part is not None and hasattr(part, "element"):
            self._read(part.element)

    def _read(self, root: Any) -> None:  # noqa: ANN401
        for abstract in root.iter(qn("w:abstractNum")):
            for level in abstract.iter(qn("w:lvl")):
                key = (abstract.get(qn("w:abstractNumId"), ""), int(level.get(qn("w:ilvl"), "0")))
                values = [_value(level, name) for name in ("w:numFmt", "w:lvlText", "w:start")]
                self._levels[key] = _Level(values[0], values[1], int(values[2]) if values[2].isdecimal() else 1)
        for number in root.iter(qn("w:num")):
            self._abstract[number.get(qn("w:numId"), "")] = _value(number, "w:abstractNumId")

    def next(self, paragraph: Any) -> str:  # noqa: ANN401
        """Return the number that stands before a paragraph, empty for one without; the counters move on."""
        place = _place(paragraph.find(qn("w:pPr"))) or self._style_place(paragraph)
        if place is None or place[0] not in self._abstract:
            return ""
        abstract, depth = self._abstract[place[0]], place[1]
        level = self._levels.get((abstract, depth))
        if level is None or level.form in ("bullet", "none", ""):
            return ""
        self._counters[abstract, depth] = self._counters.get((abstract, depth), level.start - 1) + 1
        for deeper in [key for key in self._counters if key[0] == abstract and key[1] > depth]:
            del self._counters[deeper]
        return re.sub(r"%(\d)", lambda match: self._written(abstract, int(match[1]) - 1, level.form), level.pattern)

    def _style_place(self, paragraph: Any) -> tuple[str, int] | None:  # noqa: ANN401
        style = paragraph.find(f"{qn('w:pPr')}/{qn('w:pStyle')}")
        element = self._styles.get(style.get(qn("w:val"))) if style is not None else None
        return _place(element.find(qn("w:pPr"))) if element is not None else None

    def _written(self, abstract: str, depth: int, form: str) -> str:
        level = self._levels.get((abstract, depth))
        number = self._counters.get((abstract, depth), level.start if level else 1)
        form = level.form if level else form
        if form in _CHINESE:
            return chinese(number)
        if form.startswith("decimalEnclosedCircle") and number <= 20:
            return chr(ord("①") + number - 1)
        return str(number)


def _value(element: Any, name: str) -> str:  # noqa: ANN401
    found = element.find(qn(name))
    return str(found.get(qn("w:val"), "")) if found is not None else ""


def _place(properties: Any) -> tuple[str, int] | None:  # noqa: ANN401
    """Return list id and level that paragraph properties name."""
    numbering = properties.find(qn("w:numPr")) if properties is not None else None
    if numbering is None:
        return None
    level = _value(numbering, "w:ilvl")
    return _value(numbering, "w:numId"), int(level) if level.isdecimal() else 0
