"""Records: what a document's spans say, in fields that can be compared between places and years (design §4)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fazhi import structure
from fazhi.document import Document, Section, Span
from fazhi.indicator_text import indicator_text, is_bare, is_change, is_rank, topic_of
from fazhi.indicators import match
from fazhi.numerals import fold
from fazhi.quantities import Quantity, parse
from fazhi.quantity_context import base_at_end
from fazhi.record_context import Context, Item
from fazhi.themes import theme_of

Place = dict[str, int | None]
Records = dict[str, list[dict[str, Any]]]

_TITLE = re.compile(r"《[^《》]{1,80}(?:《[^《》]*》[^《》]*)*》")
_CONSEQUENCE = re.compile(r"^(?:也|从而|进而|并|极易|容易|易)?(?:导致|造成|影响|致使|制约|使得|引发|给.{2,12}带来)")
_CAUSE = re.compile(
    r"^(?:主要)?(?:由于|因为|因(?=[\u4e00-\u9fff]{3,})|原因(?:是|在于)|究其原因"
    r"|受.{2,16}(?:影响|限制|制约))|的(?:主观|客观)原因$"
)
_CAUSE_HEADING = re.compile(r"原因")


@dataclass(frozen=True, slots=True)
class MetricRecord:
    """One indicator with its values.

    ``topic`` is what a bare verb counts, taken from the metric before it (受理 → 行政复议申请).

    ``parent`` is the id of the metric that this one is a part of (其中), ``statement`` the id of the measure or problem
    that it stands in.
    """

    id: str
    span: Place
    indicator: str
    indicator_code: str | None
    quantities: list[dict[str, Any]]
    period: str | None
    scope: str | None
    status: str
    parent: str | None
    statement: str | None
    section: str | None
    score: float | None
    topic: str | None = None


@dataclass(frozen=True, slots=True)
class MeasureRecord:
    """One thing done or planned; ``item`` is the headline it stands under, ``metrics`` the ids of the metrics in it."""

    id: str
    span: Place
    text: str
    status: str
    theme: str
    instruments: list[str]
    item: str | None
    metrics: list[str]
    section: str | None
    score: float | None


@dataclass(frozen=True, slots=True)
class ProblemRecord:
    """One shortcoming, its cause, or its consequence."""

    id: str
    span: Place
    text: str
    role: str
    theme: str
    item: str | None
    metrics: list[str]
    section: str | None
    score: float | None


@dataclass
class _Builder:
    """Builds the records of one document, in the order of the text.

    On the way it remembers, within a paragraph, what was counted last (``topic``) and the last indicator (``named``).
    """

    document: Document
    context: Context
    metrics: list[MetricRecord] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    topic: str | None = None
    named: str | None = None
    topic_line: int = -1
    bracket: int | None = None
    outside: tuple[str | None, str | None] = (None, None)

    def metric(self, span: Span, statements: dict[str, Span]) -> None:
        """Add the record of a METRIC span."""
        text = self.document.text[span.start : span.end]
        quantities = self._compared(span, parse(text))
        indicator = indicator_text(text, quantities)
        topic = self._topic(span, indicator, quantities)
        statement = _holder(span, statements)
        loose = statement is None and all(quantity.bound == "exact" for quantity in quantities)
        period = self._period(span, quantities, loose)
        record = MetricRecord(
            id=f"m{len(self.metrics) + 1}",
            span=place(span),
            indicator=indicator,
            indicator_code=_code(indicator, topic, quantities),
            quantities=[quantity.to_json() for quantity in quantities],
            period=period,
            scope=self.context.scope(span) or self.document.meta.get("issuer"),
            status="target" if self.context.target(span, period, loose) else "actual",
            parent=self._parent(span, quantities),
            statement=statement,
            section=self.context.kind(span.start),
            score=span.score,
            topic=topic,
        )
        self.metrics.append(record)
        self.spans.append(span)

    def _compared(self, span: Span, quantities: list[Quantity]) -> list[Quantity]:
        """Give a change without a base the one that stands before its METRIC (``与2022年相比，下降8%``)."""
        if not quantities or quantities[0].direction is None or quantities[0].base:
            return quantities
        base = base_at_end(fold(self.context.lead(span.start, self.spans[-1].end if self.spans else 0)))
        changes = [quantity.direction is not None and quantity.base is None for quantity in quantities]
        return [replace(one, base=base) if change else one for one, change in zip(quantities, changes, strict=True)]

    def _period(self, span: Span, quantities: list[Quantity], loose: bool) -> str | None:
        """Return the time of the last value: of ``由2020年的892件增至1046件`` the report's year, not 2020."""
        last = quantities[-1].period if quantities else None
        if last and last[:4].isdecimal():
            return last
        return self.context.period(span, self.spans[-20:], loose)

    def _topic(self, span: Span, indicator: str, quantities: list[Quantity]) -> str | None:
        """Return what a bare verb counts, or what rose, fell or ranks: named by a metric before it in the paragraph."""
        line = self.context.line_start(span.start)
        if line != self.topic_line:
            self.topic, self.named, self.topic_line, self.bracket = None, None, line, None
        self._enter(self.context.bracket(span.start))
        if is_change(indicator) or is_rank(indicator, quantities):
            return self.named
        self.named = f"{indicator}{self.topic or ''}" if is_bare(indicator) else indicator
        if is_bare(indicator):
            return self.topic
        self.topic = topic_of(indicator) or self.topic
        return None

    def _enter(self, bracket: int | None) -> None:
        """Forget behind a bracket what was counted in it: ``一审案件42件（民事案件3件），败诉6件``."""
        if bracket == self.bracket:
            return
        if self.bracket is not None:
            self.topic, self.named = self.outside
        self.bracket, self.outside = bracket, (self.topic, self.named)

    def _parent(self, span: Span, quantities: list[Quantity]) -> str | None:
        """Return the metric before 其中 that has the same unit, in this sentence or the one before it."""
        at = self.context.after_of_which(span)
        if at is None or not quantities:
            return None
        line = self._reach(at)
        for record, before in zip(reversed(self.metrics), reversed(self.spans), strict=True):
            if before.start < line:
                return None
            if before.start < at and any(quantity["unit"] == quantities[0].unit for quantity in record.quantities):
                return record.id
        return None

    def _reach(self, at: int) -> int:
        """Return how far back a whole may stand: in the sentence of 其中, or in the one before where 其中 begins it."""
        sentence = self.context.sentence(at)
        if at - sentence.start > 1 or sentence.start == 0:
            return sentence.start
        return max(self.context.sentence(sentence.start - 1).start, self.context.line_start(at))

    def measure(self, span: Span, name: str) -> MeasureRecord:
        """Return the record of a MEASURE span."""
        text = self.document.text[span.start : span.end]
        return MeasureRecord(
            id=name,
            span=place(span),
            text=text,
            status="planned" if self.context.planned(span) else "done",
            theme=self._theme(span),
            instruments=list(dict.fromkeys(_TITLE.findall(text))),
            item=self._headline(span),
            metrics=self._within(name),
            section=self.context.kind(span.start),
            score=span.score,
        )

    def problem(self, span: Span, name: str) -> ProblemRecord:
        """Return the record of a PROBLEM span."""
        return ProblemRecord(
            id=name,
            span=place(span),
            text=self.document.text[span.start : span.end],
            role=self._role(span),
            theme=self._theme(span),
            item=self._headline(span),
            metrics=self._within(name),
            section=self.context.kind(span.start),
            score=span.score,
        )

    def _role(self, span: Span) -> str:
        text = self.document.text[span.start : span.end]
        if _CONSEQUENCE.search(text):
            return "consequence"
        section = self.context.section(span.start)
        headings = f"{self._headline(span) or ''}{section.heading if section else ''}"
        explains = _CAUSE_HEADING.search(headings) and not re.search("问题|不足", headings)
        return "cause" if explains or _CAUSE.search(text) else "problem"

    def _theme(self, span: Span) -> str:
        section = self.context.section(span.start)
        text = self.document.text[span.start : span.end]
        return theme_of(text, self._headline(span), section.heading if section else None)

    def _headline(self, span: Span) -> str | None:
        item = self.context.item(span.start)
        return item.headline if item else None

    def _within(self, name: str) -> list[str]:
        return [metric.id for metric in self.metrics if metric.statement == name]


def build(document: Document, sections: Sequence[Section] | None = None, items: Sequence[Item] | None = None) -> Records:
    """Return ``{"metrics": […], "measures": […], "problems": […]}`` of a document's spans, each a JSON object.

    ``sections`` and ``items`` are those of the document's text, found by ``fazhi.structure`` where not given. Nothing is
    dropped: a METRIC without a readable value has an empty list of quantities.
    """
    year = document.meta.get("year")
    text = document.text
    found = structure.sections(text) if sections is None else sections
    listed = structure.items(text) if items is None else items
    context = Context(text, found, listed, int(year) if year else None)
    builder = _Builder(document, context)
    measures = _named(document, "MEASURE", "a")
    problems = _named(document, "PROBLEM", "p")
    for span in document.spans:
        if span.label == "METRIC":
            builder.metric(span, measures | problems)
    return {
        "metrics": [to_json(record) for record in builder.metrics],
        "measures": [to_json(builder.measure(span, name)) for name, span in measures.items()],
        "problems": [to_json(builder.problem(span, name)) for name, span in problems.items()],
    }


def place(span: Span) -> Place:
    """Return a span's place in clean text and source; without an alignment the two are the same."""
    source_start = span.start if span.source_start is None else span.source_start
    source_end = span.end if span.source_end is None else span.source_end
    return {"start": span.start, "end": span.end, "source_start": source_start, "source_end": source_end}


def to_json(record: MetricRecord | MeasureRecord | ProblemRecord) -> dict[str, Any]:
    """Return a record's fields as a JSON object."""
    names = record.__dataclass_fields__
    out = {name: getattr(record, name) for name in names}
    if out["score"] is not None:
        out["score"] = round(out["score"], 4)
    return out


def _code(indicator: str, topic: str | None, quantities: Sequence[Quantity]) -> str | None:
    """Return the canonical indicator of a metric; a change or a rank of an indicator is not that indicator."""
    if not quantities or is_change(indicator) or is_rank(indicator, quantities):
        return None
    last = quantities[-1] if len(quantities) > 1 and quantities[0].unit == quantities[-1].unit else quantities[0]
    if last.direction or last.base or last.kind in {"rank", "rank_from_bottom"}:
        return None
    if last.kind == "percent" and _SHARE_OF_ALL.search(indicator):
        return None
    return match(f"{indicator}{topic or ''}", last.unit, last.kind)


_SHARE_OF_ALL = re.compile("占(?:全[国省市区县州]|总)")


def _named(document: Document, label: str, letter: str) -> dict[str, Span]:
    found = [span for span in document.spans if span.label == label]
    return {f"{letter}{number}": span for number, span in enumerate(found, 1)}


def _holder(span: Span, statements: dict[str, Span]) -> str | None:
    return next((name for name, outer in statements.items() if outer.start <= span.start and span.end <= outer.end), None)
