"""The data model: spans, sections and documents, with half-open code-point offsets, and their JSON form.

This module imports nothing of the package, so that every other module can import it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

Block = tuple[int, int, int, int]
"""One stretch of an alignment: ``(clean_start, clean_end, source_start, source_end)``."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A labelled stretch ``text[start:end]`` of a document; offsets count code points, the end is exclusive.

    ``source_start`` and ``source_end`` index the decoded source (before cleaning); ``score`` is a probability.
    """

    start: int
    end: int
    label: str
    layer: str = ""
    text: str = ""
    score: float | None = None
    source_start: int | None = None
    source_end: int | None = None

    def __post_init__(self) -> None:
        """Refuse an empty or reversed span."""
        if not 0 <= self.start < self.end:
            raise ValueError(f"span {self.label} [{self.start}, {self.end}) is empty or reversed")

    def to_json(self) -> dict[str, Any]:
        """Return the long form of the formats page (``docs/formats.md``)."""
        score = None if self.score is None else round(self.score, 4)
        out: dict[str, Any] = {"layer": self.layer, "label": self.label, "start": self.start, "end": self.end}
        out |= {"source_start": self.source_start, "source_end": self.source_end, "text": self.text, "score": score}
        return {key: value for key, value in out.items() if value is not None}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any] | list[Any] | tuple[Any, ...]) -> Span:
        """Read the long form or the short form ``[start, end, "LABEL"]``."""
        if isinstance(raw, list | tuple):
            start, end, label = raw
            return cls(start, end, label)
        known = ("start", "end", "label", "layer", "text", "score", "source_start", "source_end")
        return cls(**{key: raw[key] for key in known if key in raw})


@dataclass(frozen=True, slots=True)
class Section:
    """A section ``text[start:end]``: its heading, level (1 = 一、) and kind (results, problems, leaders, plan, other)."""

    start: int
    end: int
    kind: str
    heading: str = ""
    level: int = 1

    def to_json(self) -> dict[str, Any]:
        """Return the fields as a JSON object."""
        return {name: getattr(self, name) for name in ("start", "end", "kind", "heading", "level")}


@dataclass(frozen=True, slots=True)
class Document:
    """One report: clean text, metadata, spans, and the alignment of the clean text with its source.

    ``alignment`` is a tuple of blocks (see ``fazhi.offsets``); an empty one means that clean text and source are the same.
    """

    id: str
    text: str
    meta: Mapping[str, Any] = field(default_factory=dict)
    spans: tuple[Span, ...] = ()
    alignment: tuple[Block, ...] = ()
    records: Mapping[str, Any] = field(default_factory=dict)
    audit: tuple[Mapping[str, Any], ...] = ()

    def with_spans(self, spans: Iterable[Span]) -> Document:
        """Return a copy with these spans, in order of place."""
        return replace(self, spans=tuple(sorted(spans, key=lambda span: (span.start, -span.end, span.label))))

    def to_json(self) -> dict[str, Any]:
        """Return the document as a JSON object (one line of a JSONL file)."""
        out: dict[str, Any] = {"id": self.id, "text": self.text, "meta": dict(self.meta)}
        out["spans"] = [span.to_json() for span in self.spans]
        if self.records:
            out["records"] = dict(self.records)
        if self.audit:
            out["audit"] = [dict(finding) for finding in self.audit]
        if self.alignment:
            out["alignment"] = [list(block) for block in self.alignment]
        return out

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Document:
        """Read a JSON object; spans may have the long or the short form.

        Raises ``KeyError`` where ``id`` or ``text`` is missing and ``ValueError`` where a span is not inside the text.
        """
        text = raw["text"]
        spans = [_placed(Span.from_json(item), text) for item in raw.get("spans", ())]
        alignment = tuple((a, b, c, d) for a, b, c, d in raw.get("alignment", ()))
        document = cls(
            id=raw["id"],
            text=text,
            meta=dict(raw.get("meta") or {}),
            alignment=alignment,
            records=dict(raw.get("records") or {}),
            audit=tuple(raw.get("audit") or ()),
        )
        return document.with_spans(spans)

    def dumps(self) -> str:
        """Return one JSON line, without the line break."""
        return json.dumps(self.to_json(), ensure_ascii=False)


def _placed(span: Span, text: str) -> Span:
    """Fill in a span's text from the document's, and refuse one that contradicts it."""
    if span.end > len(text):
        raise ValueError(f"span {span.label} [{span.start}, {span.end}) ends outside the text of {len(text)} characters")
    found = text[span.start : span.end]
    if span.text and span.text != found:
        raise ValueError(f"span {span.label} [{span.start}, {span.end}) says {span.text!r}, the text has {found!r}")
    return replace(span, text=found)
