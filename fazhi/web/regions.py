"""Spans, their attributes and relations ↔ the result lists of Label Studio (annotations and predictions of one text).

Offsets of both sides count code points (Label Studio's own front end counts them so too: ``tests/test_annotation_browser.py``).
Writing and reading back is the identity; what a result list holds that cannot be read is a ``Fault``, never dropped silently.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fazhi.document import Document, Span
from fazhi.labelling import Labelling, default_labelling
from fazhi.validation import Fault

TEXT, NOTE, REMARK = "text", "note", "remark"
Result = dict[str, Any]
Relation = tuple[str, str, tuple[str, ...]]
"""``(from region, to region, names)``."""


@dataclass(frozen=True, slots=True)
class Region:
    """A span with the id it has in Label Studio, its chosen attributes (``status: (planned,)``) and a note."""

    id: str
    span: Span
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, slots=True)
class Annotation:
    """All that one person, or a model, said of one text."""

    regions: tuple[Region, ...] = ()
    relations: tuple[Relation, ...] = ()
    remark: str = ""

    @property
    def spans(self) -> list[Span]:
        """The spans in order of place."""
        return sorted(region.span for region in self.regions)

    def shifted(self, by: int) -> Annotation:
        """Return the annotation with all offsets moved: from a section's text into the report's, or back."""
        moved = (replace(r, span=replace(r.span, start=r.span.start + by, end=r.span.end + by)) for r in self.regions)
        return replace(self, regions=tuple(moved))


def from_document(document: Document) -> Annotation:
    """Return a document's spans as regions; status, role and 其中 come from its records."""
    ids = {(span.start, span.end, span.label): f"{span.label.lower()}-{span.start}-{span.end}" for span in document.spans}
    kinds = (("metrics", "METRIC"), ("measures", "MEASURE"), ("problems", "PROBLEM"))
    known = {
        (raw["span"]["start"], raw["span"]["end"], label): raw
        for kind, label in kinds
        for raw in document.records.get(kind, ())
    }
    regions = [Region(ids[_key(s)], s, _choices(s.label, known.get(_key(s), {}))) for s in document.spans]
    by_record = {raw["id"]: ids[key] for key, raw in known.items() if key in ids and "id" in raw}
    relations = [
        (ids[key], by_record[raw["parent"]], ("part_of",))
        for key, raw in known.items()
        if key in ids and raw.get("parent") in by_record
    ]
    return Annotation(tuple(regions), tuple(relations))


def _key(span: Span) -> tuple[int, int, str]:
    return span.start, span.end, span.label


def _choices(label: str, record: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    found = {choice.name: record.get(choice.name) for choice in default_labelling().choices_of(label)}
    return {name: (str(value),) for name, value in found.items() if value}


def to_results(text: str, annotation: Annotation) -> list[Result]:
    """Write an annotation as Label Studio has it: the labels and attributes of each region, then relations and the remark."""
    results: list[Result] = []
    for region in annotation.regions:
        results += _region_results(text, region)
    for source, target, names in annotation.relations:
        link = {"type": "relation", "from_id": source, "to_id": target, "direction": "right"}
        results.append({**link, "labels": list(names)})
    if annotation.remark:
        results.append(_result(REMARK, REMARK, "textarea", {"text": [annotation.remark]}))
    return results


def _region_results(text: str, region: Region) -> list[Result]:
    span = region.span
    place = {"start": span.start, "end": span.end}
    value = {**place, "text": text[span.start : span.end], "labels": [span.label]}
    layer = span.layer or default_labelling().schema.layer_of(span.label).name
    first = _result(region.id, layer, "labels", value)
    results = [first if span.score is None else {**first, "score": round(span.score, 4)}]
    for name, values in region.choices.items():
        results.append(_result(region.id, name, "choices", {**place, "text": value["text"], "choices": list(values)}))
    if region.note:
        results.append(_result(region.id, NOTE, "textarea", {**place, "text": [region.note]}))
    return results


def _result(name: str, control: str, kind: str, value: Mapping[str, Any]) -> Result:
    return {"id": name, "from_name": control, "to_name": TEXT, "type": kind, "value": dict(value)}


def from_results(text: str, results: Iterable[Result], labelling: Labelling | None = None) -> tuple[Annotation, list[Fault]]:
    """Read a result list of Label Studio; the second part names all that could not be read."""
    reader = _Reader(text, labelling or default_labelling())
    for result in sorted(results, key=lambda result: result.get("type") != "labels"):
        reader.read(result)
    return reader.annotation(), reader.faults


@dataclass
class _Reader:
    text: str
    labelling: Labelling
    regions: dict[str, Region] = field(default_factory=dict)
    relations: list[Relation] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def read(self, result: Result) -> None:
        """Take in one result; what is wrong with it becomes a fault."""
        readers = {"labels": self._labels, "choices": self._choices, "textarea": self._textarea, "relation": self._relation}
        reader = readers.get(str(result.get("type")))
        try:
            if reader is None:
                raise ValueError(f"a result of type {result.get('type')!r}, which the interface does not have")
            reader(result)
        except (KeyError, TypeError, ValueError) as error:
            start = (result.get("value") or {}).get("start")
            what = f"no {error}" if isinstance(error, KeyError) else str(error)
            self.faults.append(Fault(start if isinstance(start, int) else 0, "interface", what))

    def annotation(self) -> Annotation:
        """Return what was read, regions in order of place."""
        ordered = sorted(self.regions.values(), key=lambda r: (r.span.start, -r.span.end, r.span.label))
        return Annotation(tuple(ordered), tuple(self.relations), "\n".join(self.remarks))

    def _labels(self, result: Result) -> None:
        value = result["value"]
        span = self._span(value, result)
        if result["id"] in self.regions:
            raise ValueError(f"region {result['id']} has labels twice")
        self.regions[result["id"]] = Region(result["id"], span)

    def _span(self, value: Mapping[str, Any], result: Result) -> Span:
        start, end = value["start"], value["end"]
        if not (isinstance(start, int) and isinstance(end, int) and 0 <= start < end <= len(self.text)):
            raise ValueError(f"offsets [{start}, {end}) lie outside the text of {len(self.text)} characters")
        found, told = self.text[start:end], value.get("text", "")
        if told and _plain(told) != _plain(found):
            raise ValueError(f"the region says {told!r}, the text at [{start}, {end}) has {found!r}")
        labels = [self._label(name) for name in value["labels"]]
        if len(labels) != 1:
            raise ValueError(f"{found!r} has {len(labels)} labels")
        score = result.get("score")
        return Span(start, end, labels[0], self.labelling.schema.layer_of(labels[0]).name, found, score)

    def _label(self, name: str) -> str:
        names = {look.zh: label for label, look in self.labelling.looks.items()}
        label = names.get(name, name)
        if label not in self.labelling.looks:
            raise ValueError(f"unknown label {name!r}; the labels are {', '.join(self.labelling.looks)}")
        return label

    def _choices(self, result: Result) -> None:
        choice = next((c for c in self.labelling.choices if c.name == result["from_name"]), None)
        if choice is None:
            raise ValueError(f"unknown choice {result['from_name']!r}")
        names = {zh: value for value, zh in choice.values.items()}
        values = tuple(names.get(value, value) for value in result["value"]["choices"])
        if unknown := [value for value in values if value not in choice.values]:
            raise ValueError(f"unknown value {unknown[0]!r} of {choice.name}")
        region = self._region(result["id"])
        self.regions[region.id] = replace(region, choices={**region.choices, choice.name: values})

    def _textarea(self, result: Result) -> None:
        lines = result["value"]["text"]
        words = "\n".join(lines if isinstance(lines, Sequence) and not isinstance(lines, str) else [lines])
        if result["from_name"] == REMARK:
            self.remarks.append(words)
        elif result["from_name"] == NOTE:
            region = self._region(result["id"])
            self.regions[region.id] = replace(region, note=words)
        else:
            raise ValueError(f"unknown text field {result['from_name']!r}")

    def _relation(self, result: Result) -> None:
        source, target = self._region(result["from_id"]), self._region(result["to_id"])
        names = {kind.zh: kind.name for kind in self.labelling.relations}
        labels = tuple(names.get(name, name) for name in result.get("labels") or ())
        ends = (source.id, target.id) if result.get("direction") != "left" else (target.id, source.id)
        self.relations.append((*ends, labels))

    def _region(self, name: str) -> Region:
        if name not in self.regions:
            raise ValueError(f"it belongs to region {name}, which has no label")
        return self.regions[name]


def _plain(text: str) -> str:
    """Return a quoted text; the front end writes a line break as backslash and n."""
    return text.replace("\\n", "\n")
