"""Annotations of a pulled folder → gold documents: what is agreed or decided, parts put together again.

A text is settled where everybody who finished it marked the same spans, or where every clause in dispute has a decision. A
document is gold when all its parts are settled.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from annotation.store import CANCELLED, DELETED, Decision, Revision, Store, Text
from fazhi.clauses import clauses
from fazhi.document import Document, Span
from fazhi.extractor import locate_in_source
from fazhi.web.regions import Annotation, Region, Relation, from_results

Place = tuple[int, int]
Marks = frozenset[tuple[int, int, str]]


@dataclass
class Made:
    """The gold documents, and what kept the others from being gold: document → reason."""

    documents: list[Document] = field(default_factory=list)
    open: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Reading:
    """One person's usable annotation of a text."""

    annotator: str
    annotation: Annotation

    def marks(self) -> Marks:
        """Return the spans as bare facts that can be compared between people."""
        return frozenset((span.start, span.end, span.label) for span in self.annotation.spans)


def readings(text: Text, revisions: Iterable[Revision]) -> tuple[list[Reading], list[str]]:
    """Return the usable annotations of a text, and a line for every fault of the others; cancelled ones are left out."""
    usable, complaints = [], []
    for revision in revisions:
        if revision.status in (CANCELLED, DELETED):
            continue
        annotation, faults = revision.read(text.text)
        where = f"{text.document}, task {revision.task}, annotation {revision.annotation} by {revision.annotator}"
        for fault in faults:
            complaints.append(f"{where}, line {text.text.count(chr(10), 0, fault.at) + 1}: {fault.what} ({fault.rule})")
        if not faults:
            usable.append(Reading(revision.annotator, annotation))
    return usable, complaints


def in_dispute(text: str, people: Sequence[Reading]) -> Iterator[Place]:
    """Yield the clauses ``(start, end)``, separators left out, in which people marked different spans."""
    for clause in clauses(text):
        inside = {
            frozenset(mark for mark in person.marks() if clause.outer_start <= mark[0] <= clause.outer_end) for person in people
        }
        if len(inside) > 1:
            yield clause.outer_start, clause.outer_end


def settle(text: Text, people: Sequence[Reading], decisions: Iterable[Decision]) -> Annotation | None:
    """Return the agreed annotation, decisions in place of what was in dispute; ``None`` where a clause is still open."""
    decided = {(decision.start, decision.end): decision for decision in sorted(decisions, key=lambda d: d.updated_at)}
    annotation = people[0].annotation
    for place in in_dispute(text.text, people):
        if place not in decided:
            return None
        ruling, faults = from_results(text.text, decided[place].result)
        if faults:
            return None
        annotation = _with_ruling(annotation, place, ruling)
    return annotation


def _with_ruling(annotation: Annotation, place: Place, ruling: Annotation) -> Annotation:
    def inside(span: Span) -> bool:
        return place[0] <= span.start <= place[1]

    regions = [r for r in annotation.regions if not inside(r.span)]
    regions += [replace(r, id=f"ruling-{r.id}") for r in ruling.regions if inside(r.span)]
    kept = {region.id for region in regions}
    relations = [link for link in annotation.relations if link[0] in kept and link[1] in kept]
    return Annotation(tuple(sorted(regions, key=lambda r: r.span)), tuple(relations), annotation.remark)


def make(store: Store, at_least: int = 1) -> Made:
    """Make gold of a folder: documents whose every part at least so many people finished, and all agree or were decided."""
    made = Made()
    latest = store.latest()
    decisions: dict[str, list[Decision]] = defaultdict(list)
    for decision in store.decisions:
        decisions[decision.key].append(decision)
    by_document: dict[tuple[str, int], list[Text]] = defaultdict(list)
    for text in store.texts.values():
        by_document[text.document, text.total].append(text)
    for (name, total), texts in sorted(by_document.items()):
        settled: list[tuple[Text, list[Reading], Annotation]] = []
        for text in sorted(texts, key=lambda text: text.start):
            people, complaints = readings(text, latest.get(text.key, ()))
            made.faults += complaints
            reason = _reason(people, complaints, at_least)
            annotation = settle(text, people, decisions[text.key]) if not reason else None
            if annotation is None:
                made.open[name] = reason or "people differ; settle it with python -m annotation.adjudicate"
                break
            settled.append((text, people, annotation))
        if name not in made.open and _whole(settled, total, made, name):
            made.documents.append(_document(settled))
    return made


def _reason(people: Sequence[Reading], complaints: Sequence[str], at_least: int) -> str:
    if complaints:
        return "it breaks the guideline; mend it in Label Studio"
    return f"finished by {len(people)} of {at_least}" if len(people) < max(1, at_least) else ""


def _whole(settled: Sequence[tuple[Text, list[Reading], Annotation]], total: int, made: Made, name: str) -> bool:
    at = 0
    for text, _, _ in settled:
        at = at + len(text.text) if text.start == at else -1
    if at != total:
        made.open[name] = "some of its sections are not finished"
    return at == total


def _document(settled: Sequence[tuple[Text, list[Reading], Annotation]]) -> Document:
    regions: list[Region] = []
    relations: list[Relation] = []
    remarks: list[str] = []
    for text, _, annotation in settled:
        moved = annotation.shifted(text.start)
        regions += moved.regions
        relations += moved.relations
        remarks += [annotation.remark] if annotation.remark else []
    first = settled[0][0]
    people = sorted({reading.annotator for _, readings, _ in settled for reading in readings})
    meta = {**first.meta, "annotation": {"annotators": people, **_attributes(regions, relations, remarks)}}
    whole = "".join(text.text for text, _, _ in settled)
    document = Document(first.document, whole, meta, alignment=tuple((a, b, c, d) for a, b, c, d in first.alignment))
    spans = [replace(region.span, score=None) for region in regions]
    return document.with_spans(locate_in_source(spans, document))


def _attributes(regions: Sequence[Region], relations: Sequence[Relation], remarks: Sequence[str]) -> dict[str, Any]:
    """Return choices, notes, relations and remarks as the gold's metadata has them; regions are named by place and label."""
    places = {region.id: [region.span.start, region.span.end, region.span.label] for region in regions}
    attributes = [
        {
            "span": places[r.id],
            **{name: list(values) for name, values in r.choices.items()},
            **({"note": r.note} if r.note else {}),
        }
        for r in regions
        if r.choices or r.note
    ]
    links = [{"from": places[a], "to": places[b], "names": list(names)} for a, b, names in relations]
    return {"attributes": attributes, "relations": links, "remarks": list(remarks)}
