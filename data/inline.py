"""Reports with inline tags: header, text, spans — read, checked against the guideline, and written back.

The format is told in ``data/AUTHORING.md``. Every rule that a file breaks is reported with its file, line and the guideline's
paragraph; parsing goes on, so that one run shows all that is wrong.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from fazhi.document import Document, Span
from fazhi.errors import AnnotationError, FazhiError
from fazhi.schema import Schema, default_schema
from fazhi.validation import Fault, check_spans

REPORTS = Path(__file__).with_name("reports")
_TAG = re.compile(r"<(/?)([A-Za-z]+)>|&(lt|gt|amp);")
_ENTITIES = {"lt": "<", "gt": ">", "amp": "&"}
_ESCAPES = {char: f"&{name};" for name, char in _ENTITIES.items()}


class CorpusError(FazhiError):
    """All that is wrong with one annotated file, one line each."""

    def __init__(self, errors: Iterable[AnnotationError]) -> None:
        self.errors = list(errors)
        super().__init__("\n".join(map(str, self.errors)))


def split_header(raw: str, path: Path) -> tuple[dict[str, Any], str, int]:
    """Return header, body and the number of the body's first line; ``AnnotationError`` where there is no valid header."""
    match = re.match(r"---\n(.*?)\n---\n", raw, re.DOTALL)
    if not match:
        raise AnnotationError(path, 1, "AUTHORING", "no YAML header between two --- lines; write one as in data/AUTHORING.md")
    try:
        header = yaml.safe_load(match[1])
    except yaml.YAMLError as error:
        raise AnnotationError(path, 2, "AUTHORING", f"the header is no YAML: {str(error).splitlines()[0]}") from error
    if not isinstance(header, dict):
        raise AnnotationError(path, 2, "AUTHORING", "the header holds no fields")
    return header, raw[match.end() :].rstrip("\n"), raw[: match.end()].count("\n") + 1


def parse_tags(body: str, schema: Schema) -> tuple[str, list[Span], list[Fault]]:
    """Strip the inline tags of a body: bare text, spans in code points of it, and the faults of the tags themselves."""
    parts: list[str] = []
    spans: list[Span] = []
    faults: list[Fault] = []
    open_tags: list[tuple[str, int]] = []
    length = at = 0
    for match in _TAG.finditer(body):
        parts.append(body[at : match.start()])
        length += match.start() - at
        at = match.end()
        closing, name, entity = match.groups()
        if entity:
            parts.append(_ENTITIES[entity])
            length += 1
        elif not closing:
            open_tags.append((name, length))
        elif not open_tags or open_tags[-1][0] != name:
            faults.append(Fault(length, "§1", f"</{name}> closes no <{name}>"))
        else:
            _close(open_tags.pop(), length, schema, spans, faults)
    parts.append(body[at:])
    faults += [Fault(place, "§1", f"<{name}> is never closed") for name, place in open_tags]
    return "".join(parts), spans, faults


def _close(opened: tuple[str, int], end: int, schema: Schema, spans: list[Span], faults: list[Fault]) -> None:
    name, start = opened
    known = {label: layer.name for layer in schema.layers for label in layer.labels}
    if name not in known:
        faults.append(Fault(start, "§1", f"<{name}> is no label; the labels are {', '.join(known)}"))
    elif start == end:
        faults.append(Fault(start, "§1", f"<{name}></{name}> is empty"))
    else:
        spans.append(Span(start, end, name, known[name]))


def parse(raw: str, path: Path, schema: Schema | None = None) -> Document:
    """Parse one annotated report; ``CorpusError`` names every line that breaks a rule."""
    schema = schema or default_schema()
    header, body, first_line = split_header(raw, path)
    text, spans, faults = parse_tags(body, schema)
    faults += check_spans(text, spans, schema) if not faults else []
    if faults:
        lines = [first_line + text.count("\n", 0, fault.at) for fault in faults]
        raise CorpusError(AnnotationError(path, line, f.rule, f.what) for line, f in zip(lines, faults, strict=True))
    meta: Mapping[str, Any] = {**header, "source": path.name, "sha256": hashlib.sha256(text.encode()).hexdigest()}
    placed = [Span(s.start, s.end, s.label, s.layer, text[s.start : s.end]) for s in spans]
    return Document(id=path.stem, text=text, meta=meta).with_spans(placed)


def read(path: Path) -> Document:
    """Read one annotated report from a file."""
    return parse(path.read_text(encoding="utf-8"), path)


def render(document: Document) -> str:
    """Write a document's text with inline tags (no header); ``parse_tags`` gives text and spans back."""
    order = {span: index for index, span in enumerate(sorted(document.spans, key=_nesting))}
    opens: dict[int, list[Span]] = {}
    closes: dict[int, list[Span]] = {}
    for span in sorted(document.spans, key=lambda s: order[s]):
        opens.setdefault(span.start, []).append(span)
        closes.setdefault(span.end, []).insert(0, span)
    out: list[str] = []
    for at in range(len(document.text) + 1):
        out += [f"</{span.label}>" for span in closes.get(at, ())] + [f"<{span.label}>" for span in opens.get(at, ())]
        out.append(_ESCAPES.get(char := document.text[at : at + 1], char))
    return "".join(out)


def _nesting(span: Span) -> tuple[int, int, bool]:
    return (span.start, -span.end, span.label == "METRIC")
