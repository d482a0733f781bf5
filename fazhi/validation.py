"""What the guideline demands of spans: borders (§2, §5), one clause a metric, no overlap within a layer (§1)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from fazhi.clauses import Clause, clauses
from fazhi.document import Span
from fazhi.schema import Schema


@dataclass(frozen=True, slots=True)
class Fault:
    """A broken rule at a place of the text."""

    at: int
    rule: str
    what: str


def check_spans(text: str, spans: Iterable[Span], schema: Schema) -> list[Fault]:
    """Check spans against guideline §1, §2 and §5: no overlap in a layer, statements fill a clause, metrics lie inside one."""
    found = clauses(text)
    starts = [clause.outer_start for clause in found]
    faults: list[Fault] = []
    last_end: dict[str, int] = {}
    for span in sorted(spans):
        layer = schema.layer_of(span.label)
        clause = found[bisect_right(starts, span.start) - 1]
        if span.start < last_end.get(layer.name, 0):
            faults.append(Fault(span.start, "§1", f"{span.label} {text[span.start : span.end]!r} overlaps its neighbour"))
        last_end[layer.name] = max(span.end, last_end.get(layer.name, 0))
        faults += _check_borders(text, span, clause, layer.unit)
    return faults


def _check_borders(text: str, span: Span, clause: Clause, unit: str) -> list[Fault]:
    quoted = repr(text[span.start : span.end])
    if unit == "clause" and (span.start, span.end) != (clause.start, clause.end):
        return [Fault(span.start, "§2", f"{span.label} {quoted} is not the clause {text[clause.start : clause.end]!r}")]
    if unit == "token" and span.end > clause.outer_end:
        return [Fault(span.start, "§1", f"{span.label} {quoted} crosses the end of its clause")]
    if unit == "token" and text[span.start : span.end].strip() != text[span.start : span.end]:
        return [Fault(span.start, "§5", f"{span.label} {quoted} has blanks at its border")]
    return []
