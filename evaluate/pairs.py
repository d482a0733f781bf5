"""Gold and predictions, read, checked and brought to the same offsets: the input of every score.

Gold may be annotated on the raw source while predictions stand on cleaned text; then the predictions' source offsets count.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fazhi.document import Document, Span
from fazhi.errors import EvaluationError, SchemaError
from fazhi.schema import Schema, default_schema


@dataclass(frozen=True, slots=True)
class Pair:
    """One report: its text, the gold spans and the predicted ones, both in offsets of that text and in order of place."""

    id: str
    text: str
    gold: tuple[Span, ...]
    predicted: tuple[Span, ...]
    meta: Mapping[str, Any] = field(default_factory=dict)
    records: Mapping[str, Any] = field(default_factory=dict)

    def swapped(self, predicted: Iterable[Span]) -> Pair:
        """Return the same report with other predictions."""
        return replace(self, predicted=tuple(predicted))


def read_documents(path: Path) -> list[Document]:
    """Read a JSON Lines file of documents; ``EvaluationError`` names the line that is broken."""
    if not path.is_file():
        raise EvaluationError(path, "there is no such file", "give a JSON Lines file of documents, one a line")
    documents = list(_parse_lines(path))
    if not documents:
        raise EvaluationError(path, "holds no document", "an evaluation needs at least one report")
    doubled = [name for name, times in Counter(document.id for document in documents).items() if times > 1]
    if doubled:
        raise EvaluationError(path, f"the id {doubled[0]!r} stands twice", "give every report an id of its own")
    return documents


def _parse_lines(path: Path) -> Iterator[Document]:
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                yield Document.from_json(json.loads(line))
            except KeyError as error:
                raise EvaluationError(f"{path}:{number}", f"the field {error} is missing", "see docs/formats.md") from error
            except (ValueError, TypeError, AttributeError) as error:
                raise EvaluationError(f"{path}:{number}", str(error), "see docs/formats.md") from error


def pair_up(gold: Sequence[Document], predicted: Sequence[Document], schema: Schema | None = None) -> list[Pair]:
    """Match the documents by id and check them; predictions may come in any order.

    Raises ``EvaluationError`` where a report has no partner, the texts differ, a label is unknown, or spans of one layer
    overlap.
    """
    schema = schema or default_schema()
    if not gold:
        raise EvaluationError("gold", "holds no document", "an evaluation needs at least one report")
    by_id = {document.id: document for document in predicted}
    _check_ids({document.id for document in gold}, set(by_id))
    return [_pair(document, by_id[document.id], schema) for document in gold]


def _check_ids(gold: set[str], predicted: set[str]) -> None:
    for name, other, lacking in (("predictions", "gold", gold - predicted), ("gold", "predictions", predicted - gold)):
        if lacking:
            first = ", ".join(sorted(lacking)[:3])
            what = f"lack {len(lacking)} report(s) that the {other} has, such as {first}"
            raise EvaluationError(name, what, "score the same reports on both sides")


def _pair(gold: Document, predicted: Document, schema: Schema) -> Pair:
    spans = predicted.spans if predicted.text == gold.text else _in_source(gold, predicted)
    sides = [_checked(gold.id, side, spans, schema) for side, spans in (("gold", gold.spans), ("predictions", spans))]
    return Pair(gold.id, gold.text, sides[0], sides[1], {**predicted.meta, **gold.meta}, predicted.records)


def _checked(name: str, side: str, spans: Iterable[Span], schema: Schema) -> tuple[Span, ...]:
    """Fill in layers, sort, and refuse unknown labels and overlaps within a layer."""
    placed: list[Span] = []
    last: dict[str, Span] = {}
    for span in sorted(spans, key=lambda s: (s.start, s.end)):
        try:
            layer = schema.layer_of(span.label).name
        except SchemaError as error:
            raise EvaluationError(f"{side}, report {name}", str(error), "rename it, or change configs/labels.yaml") from error
        before = last.get(layer)
        if before is not None and span.start < before.end:
            what = f"{span.label} [{span.start}, {span.end}) overlaps {before.label} [{before.start}, {before.end})"
            raise EvaluationError(f"{side}, report {name}", what, f"spans of layer {layer} must not overlap")
        last[layer] = span
        placed.append(replace(span, layer=layer))
    return tuple(placed)


def _in_source(gold: Document, predicted: Document) -> list[Span]:
    """Move predictions to their source offsets, where the gold text is the source that they name."""
    known = predicted.meta.get("sha256") == hashlib.sha256(gold.text.encode()).hexdigest()
    if not known and not predicted.spans:
        raise _other_text(gold, "the texts differ and no predicted span says where it stands in the source")
    return [_moved(span, gold, known) for span in predicted.spans]


def _moved(span: Span, gold: Document, known: bool) -> Span:
    if span.source_start is None or span.source_end is None:
        raise _other_text(gold, f"the texts differ and {span.label} [{span.start}, {span.end}) has no source_start, source_end")
    found = gold.text[span.source_start : span.source_end]
    if not found or (not known and bare(found) != bare(span.text)):
        raise _other_text(gold, f"predicted {span.text[:30]!r} is {found[:30]!r} at [{span.source_start}, {span.source_end})")
    return replace(span, start=span.source_start, end=span.source_end, text=found)


def _other_text(gold: Document, what: str) -> EvaluationError:
    return EvaluationError(f"report {gold.id}", what, "predict on the text that the gold was annotated on")


def bare(text: str) -> str:
    """Return a text as far as cleaning keeps it: NFKC, without blanks."""
    return "".join(unicodedata.normalize("NFKC", text).split())
