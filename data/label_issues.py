"""Labels of annotated reports that contradict the guideline, kept as a list beside the reports: read it, apply it.

A line of the list is ``{"file", "start", "end", "layer", "given", "proposed", "reason"}``. ``given`` are all spans of the
layer inside ``start:end`` as ``[start, end, label]``, ``proposed`` those to put in their place, ``reason`` is the paragraph of
the guideline that says so. No text, so that the list can be published where the reports cannot.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from fazhi.document import Document, Span
from fazhi.errors import InputError
from fazhi.schema import default_schema

Place = tuple[int, int, str]
"""A span as ``(start, end, label)``, half-open code-point offsets."""


@dataclass(frozen=True, slots=True)
class Issue:
    """One line of the list; ``place`` is where it stands in the list (``path:line``)."""

    file: str
    start: int
    end: int
    layer: str
    given: tuple[Place, ...]
    proposed: tuple[Place, ...]
    reason: str
    place: str


def read(path: Path) -> list[Issue]:
    """Read a list of issues; ``InputError`` names the line that holds none."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise InputError(path, "cannot be read", "give the path of a JSON-lines list of label issues") from error
    return [_parse(line, f"{path}:{number}") for number, line in enumerate(lines, 1)]


def _parse(line: str, place: str) -> Issue:
    try:
        raw = json.loads(line)
        given, proposed = (_places(raw[key], raw) for key in ("given", "proposed"))
        return Issue(raw["file"], raw["start"], raw["end"], raw["layer"], given, proposed, raw["reason"], place)
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(place, f"no label issue ({error})", "mend or drop the line") from error


def _places(spans: Any, raw: dict[str, Any]) -> tuple[Place, ...]:  # noqa: ANN401  JSON holds anything
    """Return spans in order; ``ValueError`` where they overlap, leave ``start:end``, or belong to another layer."""
    labels = {label for layer in default_schema().layers if layer.name == raw["layer"] for label in layer.labels}
    places = tuple(sorted((start, end, label) for start, end, label in spans))
    inside = all(raw["start"] <= start < end <= raw["end"] and label in labels for start, end, label in places)
    if not labels or not inside or any(a[1] > b[0] for a, b in pairwise(places)):
        raise ValueError(f"spans {list(places)} of layer {raw['layer']} do not fit {raw['start']} … {raw['end']}")
    return places


def apply(documents: Iterable[Document], issues: Iterable[Issue]) -> list[Document]:
    """Return the documents, in order, with the given spans of the issues replaced by the proposed ones.

    ``InputError`` where a file is not among the documents or has other spans of the layer inside ``start:end``.
    """
    by_file: dict[str, list[Issue]] = defaultdict(list)
    for issue in issues:
        by_file[issue.file.removesuffix(".txt")].append(issue)
    mended = []
    for document in documents:
        for issue in by_file.pop(document.id, ()):
            document = _mend(document, issue)
        mended.append(document)
    for left in by_file.values():
        raise InputError(left[0].place, f"{left[0].file} is not among the documents", "drop the line, or add the document")
    return mended


def _mend(document: Document, issue: Issue) -> Document:
    schema = default_schema()
    replaced = [
        span
        for span in document.spans
        if schema.layer_of(span.label).name == issue.layer and span.start < issue.end and issue.start < span.end
    ]
    there = tuple(sorted((span.start, span.end, span.label) for span in replaced))
    if there != issue.given:
        what = f"{issue.file} has {list(there)} in layer {issue.layer}, not the given {list(issue.given)}"
        raise InputError(issue.place, what, "drop the line, or give what the document has")
    if issue.end > len(document.text):
        raise InputError(issue.place, f"{issue.file} ends before {issue.end}", "drop the line, or mend its offsets")
    kept = [span for span in document.spans if span not in replaced]
    return document.with_spans(
        [*kept, *(Span(start, end, label, text=document.text[start:end]) for start, end, label in issue.proposed)]
    )
