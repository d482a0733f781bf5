"""Scores by slice: what kind of report, what part of it, what kind of span.

A slice is a function from a report and a span to a value; spans without one are left out. For a strict match both sides have
the same value, because every function looks only at the report, its gold, and the span's place and text.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from evaluate.pairs import Pair, bare
from evaluate.spans import Counts, count, key
from fazhi.document import Document, Span
from fazhi.structure import sections

Group = Callable[[Pair, Span], str | None]
_LENGTHS = ((6, "1–6"), (12, "7–12"), (20, "13–20"), (40, "21–40"))
_REPORTS = ((1500, "< 1,500"), (3000, "1,500–3,000"), (6000, "3,000–6,000"))
_FORMS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("range or change", re.compile(r"(?:由|从).*\d.*(?:至|到|为)\D*\d|\d\S{0,3}[-—~～至]\d")),
    ("percent or points", re.compile("[%％‰]|百分")),
    ("ratio or multiple", re.compile(r"\d[:∶]\d|倍")),
    ("rank", re.compile("第[一二三四五六七八九十0-9]+[名位]?$|首位|倒数|第[一二三]")),
    ("money", re.compile("元")),
    ("hedged", re.compile("余|多[个件次人名万]|近[0-9]|约|超过?|以上|以下|左右|不少于|至少")),
    ("several numbers", re.compile(r"\d\D+\d")),
    ("Arabic", re.compile(r"\d")),
)


def _bucket(value: int, edges: Iterable[tuple[int, str]], last: str) -> str:
    return next((name for edge, name in edges if value <= edge), last)


def number_form(text: str) -> str:
    """Name the form of a metric's number; what has no digit is ``Chinese``."""
    plain = unicodedata.normalize("NFKC", text)
    return next((name for name, pattern in _FORMS if pattern.search(plain)), "Chinese")


def normal(text: str) -> str:
    """Return a phrase as boilerplate is compared: NFKC, without blanks, every digit a 0."""
    return re.sub(r"\d", "0", bare(text))


def _meta(name: str) -> Group:
    def group(pair: Pair, _: Span) -> str | None:
        value = pair.meta.get(name)
        return None if value in (None, "", []) else str(value)

    return group


@dataclass(frozen=True)
class SectionOf:
    """The kind of section in which a span begins; each report is parsed once."""

    parsed: dict[str, tuple[list[int], list[str]]] = field(default_factory=dict)

    def __call__(self, pair: Pair, span: Span) -> str:
        """Return the kind, ``none`` before the first section."""
        if pair.id not in self.parsed:
            found = sorted(sections(pair.text), key=lambda section: (section.start, section.level))
            self.parsed[pair.id] = [s.start for s in found], [s.kind for s in found]
        starts, kinds = self.parsed[pair.id]
        at = bisect_right(starts, span.start)
        return kinds[at - 1] if at else "none"


def standard(training: Iterable[Document] = ()) -> dict[str, Group]:
    """Return the slices of the report; with training documents, also whether a phrase was seen in them."""
    groups: dict[str, Group] = {
        "section": SectionOf(),
        "issuer_kind": _meta("issuer_kind"),
        "year": _meta("year"),
        "region": _meta("region"),
        "layout": _meta("layout"),
        "report_length": lambda pair, _: _bucket(len(pair.text), _REPORTS, "> 6,000"),
        "span_length": lambda _, span: _bucket(span.end - span.start, _LENGTHS, "> 40"),
        "number_form": lambda pair, s: number_form(pair.text[s.start : s.end]) if s.label == "METRIC" else None,
    }
    seen = {(span.label, normal(span.text)) for document in training for span in document.spans}
    if seen:
        groups["phrase"] = lambda pair, s: "seen" if (s.label, normal(pair.text[s.start : s.end])) in seen else "unseen"
    return groups


def by_slice(pairs: Sequence[Pair], groups: Mapping[str, Group]) -> dict[str, dict[str, dict[str, Counts]]]:
    """Return counts as ``slice → value → label``; a slice in which no span has a value is left out."""
    out: dict[str, dict[str, dict[str, Counts]]] = {}
    for name, group in groups.items():
        cells = count(pairs, _with_label(group))
        rows: dict[str, dict[str, Counts]] = {}
        for cell, counts in cells.items():
            value, label = cell.rsplit("\t", 1)
            rows.setdefault(value, {})[label] = counts
        if rows:
            out[name] = rows
    out |= {"noise": noise} if (noise := by_noise(pairs)) else {}
    return out


def _with_label(group: Group) -> Group:
    def labelled(pair: Pair, span: Span) -> str | None:
        value = group(pair, span)
        return None if value is None else f"{value}\t{span.label}"

    return labelled


def by_noise(pairs: Sequence[Pair]) -> dict[str, dict[str, Counts]]:
    """Count by kind of noise; a report with several kinds counts in each, one without any as ``none``."""
    known = [pair for pair in pairs if "noise" in pair.meta]
    kinds: dict[str, list[Pair]] = {}
    for pair in known:
        for kind in pair.meta["noise"] or ["none"]:
            kinds.setdefault(str(kind), []).append(pair)
    return {kind: count(chosen) for kind, chosen in sorted(kinds.items())}


def deduplicated(pairs: Sequence[Pair]) -> dict[str, dict[str, float | int | None]]:
    """Score every distinct phrase of a label once, so that boilerplate cannot carry the score.

    A gold phrase counts by the share of its occurrences that are found (recall), a predicted one by the share of its
    occurrences that are right (precision).
    """
    gold, predicted = _phrases(pairs, gold_side=True), _phrases(pairs, gold_side=False)
    return {label: _once(gold.get(label, {}), predicted.get(label, {})) for label in sorted(gold | predicted)}


def _phrases(pairs: Sequence[Pair], gold_side: bool) -> dict[str, dict[str, list[bool]]]:
    """Return for each label and phrase of one side whether each occurrence stands on the other side too."""
    phrases: dict[str, dict[str, list[bool]]] = {}
    for pair in pairs:
        spans, others = (pair.gold, pair.predicted) if gold_side else (pair.predicted, pair.gold)
        hits = {key(span) for span in others}
        for span in spans:
            phrase = normal(pair.text[span.start : span.end])
            phrases.setdefault(span.label, {}).setdefault(phrase, []).append(key(span) in hits)
    return phrases


def _once(gold: Mapping[str, list[bool]], predicted: Mapping[str, list[bool]]) -> dict[str, float | int | None]:
    recall, precision = (
        sum(sum(hits) / len(hits) for hits in side.values()) / len(side) if side else None for side in (gold, predicted)
    )
    both = (precision or 0.0) + (recall or 0.0)
    f1 = None if recall is None else 2 * (precision or 0.0) * recall / both if both else 0.0
    return {"phrases": len(gold), "precision": precision, "recall": recall, "f1": f1}
