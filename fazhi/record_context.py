"""Where a span stands: its clause, sentence, paragraph, section and enumerated item, and what these say about it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from fazhi.clauses import SENTENCE_ENDS, Clause, clauses, skip_enumerators
from fazhi.document import Section, Span
from fazhi.quantity_names import Period, periods

_HEADING_YEAR = re.compile(r"((?:19|20)\d{2})\s*年")
_THIS_YEAR = re.compile(r"^(?:今年|本年|当年|同年)")
_LAST_YEAR = re.compile(r"^(?:去年|上年)")
_NEXT_YEAR = re.compile(r"^(?:明年|次年)")
_PART_OF_YEAR = re.compile(r"半年|季度|^前?\d{1,2}\s*(?:[-~至到]\s*\d{1,2}|个)月")
_FUTURE = re.compile(
    r"(?<![\u4e00-\u9fff])将(?!近|其|.{1,12}(?:纳入|列为|作为|列入))|下一步|下步|拟(?=[\u4e00-\u9fff])|计划(?=[^书表内外]{1,6})"
    r"|力争|争取(?!中央|上级|资金|到)|明年|到20\d\d年(?:底)?[，,]?(?=[^止])"
)
_AIM = re.compile(r"力争|目标|确保|达到|进一步|继续|加强|强化|推进|开展|完成|计划|拟|将|要")
_AS_OF = ("截至", "截止")
_SINCE = re.compile("以来|起|至今|以后|之后|以前")
_GOAL = re.compile(r"力争|目标|确保|争取(?!到|中央|上级|资金)|不低于|不少于|不得|预计|计划|拟|将达|到20\d\d年底?")
_TASK = re.compile(r"(?:任务|目标|预期)(?:数|值|量)?[为是][^，,；]{0,3}\d")
_NAME = r"(?:(?![对由向将把被从经])[\u4e00-\u9fff])"
_ORGAN = (
    "人民政府|政府|人民法院|法院|检察院|公安局|司法局|管理局|管委会|办公室|司法所|派出所|中心(?!组)|大队|支队|分局"
    "|街道|委员会|(?<![布格大结全])局|(?<!场)所|镇|乡|村委会"
)
_BODY = (
    r"(?:全[国省市县区州盟旗镇乡局系统街道]+|我[省市县区州旗镇乡局委处院所]"
    r"|(?:县|区|市|镇|乡|街道|局|省|州)(?:直|级|属)?(?:各)?(?:部门|单位|机关)"
    r"|各[\u4e00-\u9fff（）()、]{1,14}?(?:局|委|办|所|院|中心|镇|乡|街道|村|社区|部门|单位|机关|大队)"
    rf"|{_NAME}{{1,12}}?(?:{_ORGAN}))"
)
_SCOPE = re.compile(
    rf"(?<!个)({_BODY})(?:[^\u4e00-\u9fff]|共|累计|已|全年|先后|今年|办(?!公)|受|全|$|开|组|参|审|提|接|收|新|有|均|内)"
)
_ROW = re.compile(rf"[ \t\u3000]*({_BODY})[：:]")
"""The body that a line of one sentence is about, as in the rows of a table (``市场监管局：立案126件``)."""
_LED_IN = re.compile(r"^.*(?=我[省市县区州旗镇乡局委处院所])|^(?:[今本当去上]年|年度?|全年|以来|目前|其中)+")
_OBJECT = re.compile("(?:新增|新建|建成|建设|争创|创建|布局|打造|完成|组织|开展|设立|成立|推进|城镇$|乡镇$)")
"""Words before a body that are no part of its name, and words that make it what was done and not who did it."""


class Item(Protocol):
    """An enumerated item of a report (``fazhi.structure.Item``)."""

    @property
    def start(self) -> int: ...  # noqa: D102
    @property
    def end(self) -> int: ...  # noqa: D102
    @property
    def level(self) -> int: ...  # noqa: D102
    @property
    def headline(self) -> str: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Sentence:
    """A stretch ``text[start:end]`` from one of ``。；！？`` or a line break to the next."""

    start: int
    end: int


@dataclass
class Context:
    """Looks up what surrounds a place of one text."""

    text: str
    sections: Sequence[Section] = ()
    items: Sequence[Item] = ()
    year: int | None = None
    clauses: list[Clause] = field(init=False)
    sentences: list[Sentence] = field(init=False)

    def __post_init__(self) -> None:
        """Split the text once."""
        self.clauses = clauses(self.text)
        self._starts = [clause.outer_start for clause in self.clauses]
        self.sentences = _sentences(self.clauses)
        self._sentence_starts = [sentence.start for sentence in self.sentences]

    def clause(self, at: int) -> Clause:
        """Return the clause that holds a place."""
        return self.clauses[max(bisect_right(self._starts, at) - 1, 0)]

    def sentence(self, at: int) -> Sentence:
        """Return the sentence that holds a place."""
        return self.sentences[max(bisect_right(self._sentence_starts, at) - 1, 0)]

    def line_start(self, at: int) -> int:
        """Return where the line (paragraph) of a place begins."""
        return self.text.rfind("\n", 0, at) + 1

    def passage_start(self, at: int) -> int:
        """Return where the stretch between full stops that holds a place begins; semicolons do not end it."""
        return max(self.text.rfind(mark, 0, at) for mark in "。！？\n") + 1

    def bracket(self, at: int) -> int | None:
        """Return the place of the innermost bracket that is open at a place; a pair never reaches over a sentence's end."""
        opened: list[int] = []
        for place in range(self.sentence(at).start, at):
            if self.text[place] in "（(":
                opened.append(place)
            elif self.text[place] in "）)" and opened:
                opened.pop()
        return opened[-1] if opened else None

    def lead(self, at: int, floor: int) -> str:
        """Return the words before a place in its clause and the clause before that, from ``floor`` on."""
        start = self.clause(at).outer_start
        if start and self.text[start - 1] in "，,":
            start = self.clause(start - 1).start
        return self.text[max(start, floor) : at]

    def section(self, at: int) -> Section | None:
        """Return the innermost section that holds a place."""
        holding = [section for section in self.sections if section.start <= at < section.end]
        return max(holding, key=lambda section: (section.start, section.level), default=None)

    def item(self, at: int) -> Item | None:
        """Return the innermost enumerated item that holds a place."""
        holding = [item for item in self.items if item.start <= at < item.end]
        return max(holding, key=lambda item: (item.start, item.level), default=None)

    def kind(self, at: int) -> str | None:
        """Return the kind of the section of a place."""
        section = self.section(at)
        return section.kind if section else None

    # ------------------------------------------------------------------------------------------------ what it says

    def period(self, span: Span, others: Sequence[Span] = (), loose: bool = False) -> str | None:
        """Return the time that a metric is about.

        It is the nearest one named before it in its sentence, else the one that opens a sentence before it up to a full stop
        (``2022年，受理8件；应诉3件。``), else the year of its section's heading, else the report's year. Times inside other
        metrics (``由2020年的892件增至…``) are theirs alone.
        """
        start = self.sentence(span.start).start
        named = [
            period
            for period in periods(self.text[start : span.start])
            if not period.base
            and not _SINCE.match(self.text, start + period.end)
            and not any(other.start <= start + period.start < other.end for other in others)
        ]
        resolved = (self.resolve(period) for period in reversed(named))
        if found := next(filter(None, resolved), None) or self._opening_period(span.start):
            return found
        section = self.section(span.start)
        heading = _HEADING_YEAR.search(section.heading) if section else None
        if heading and section and section.kind != "plan":
            return heading[1]
        if section and section.kind == "plan" and self.year and not loose:
            return heading[1] if heading else str(self.year + 1)
        return str(self.year) if self.year else None

    def _opening_period(self, at: int) -> str | None:
        """Return the time that opens the nearest sentence before that of a place, within the passage; a day holds for one."""
        start, passage = self.sentence(at).start, self.passage_start(at)
        while start > passage:
            end, start = start, self.sentence(start - 1).start
            begin = skip_enumerators(self.text, start, end)
            begin += 2 * self.text.startswith(_AS_OF, begin)
            first = next(iter(periods(self.text[begin:end])), None)
            if (
                not first
                or first.start
                or first.base
                or first.text.endswith("日")
                or _SINCE.match(self.text, begin + first.end)
            ):
                continue
            if found := self.resolve(first):
                return found
        return None

    def resolve(self, period: Period) -> str | None:
        """Return a year, years, or part of a year; ``None`` for a time that does not say which (``12月``)."""
        words = period.text
        if words[:4].isdecimal() or _PART_OF_YEAR.search(words):
            return words
        for pattern, shift in ((_THIS_YEAR, 0), (_LAST_YEAR, -1), (_NEXT_YEAR, 1)):
            if pattern.search(words) and self.year:
                return str(self.year + shift)
        return None

    def scope(self, span: Span) -> str | None:
        """Return the body or area named before a metric in its clause, else before the colon in the first sentence of its line.

        Time and adverbs are no part of it.
        """
        before = self.text[self.clause(span.start).start : span.start]
        named = [_LED_IN.sub("", match[1]) for match in _SCOPE.finditer(before)]
        line, sentence = self.line_start(span.start), self.sentence(span.start).start
        row = _ROW.match(self.text, line, span.start) if line == sentence else None
        return next((name for name in reversed(named) if not _OBJECT.match(name)), row[1] if row else None)

    def planned(self, span: Span) -> bool:
        """Tell whether a statement is a plan: it stands in the plan section, or its clause speaks of the future."""
        return self.kind(span.start) == "plan" or bool(_FUTURE.search(self.text[span.start : span.end]))

    def target(self, span: Span, period: str | None, loose: bool) -> bool:
        """Tell whether a metric is a goal and not a result: in the plan section, behind a word of aim, a task, in a later year.

        ``loose`` says that it is an exact number outside any statement: in the plan section that is a result after all
        (tables of results often follow the plan), unless its sentence speaks of an aim.
        """
        before = self.text[self.clause(span.start).start : span.start]
        named = _TASK.search(self.text, span.start, span.end)
        aimed = bool(named or _GOAL.search(before)) and not before.endswith("确保")
        if self.kind(span.start) == "plan":
            sentence = self.sentence(span.start)
            opened = _GOAL.search(self.text, self.passage_start(span.start), sentence.start)
            return not loose or aimed or bool(opened or _AIM.search(self.text[sentence.start : sentence.end]))
        return aimed or bool(period and period.isdecimal() and self.year and int(period) > self.year)

    def after_of_which(self, span: Span) -> int | None:
        """Return the place of the 其中 that a metric stands behind in its sentence, ``None`` if there is none."""
        start = self.sentence(span.start).start
        at = self.text.rfind("其中", start, span.start)
        if at < 0 or re.search("此外|另外|另有|同时", self.text[at : span.start]):
            return None
        bracket = self.bracket(at)
        return at if bracket is None or bracket == self.bracket(span.start) else None


def _sentences(parts: Sequence[Clause]) -> list[Sentence]:
    found: list[Sentence] = []
    start = 0
    for part in parts:
        if part.separator in SENTENCE_ENDS or part is parts[-1]:
            found.append(Sentence(start, part.outer_end))
            start = part.outer_end + 1
    return found or [Sentence(0, 0)]
