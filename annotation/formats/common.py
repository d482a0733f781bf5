"""What the formats share: the report of what was lost, and spans with their layer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fazhi.document import Document, Span
from fazhi.labelling import default_labelling


@dataclass
class Losses:
    """What could not be carried: a reason, and how often."""

    counts: Counter[str] = field(default_factory=Counter)

    def add(self, reason: str) -> None:
        """Count one loss."""
        self.counts[reason] += 1

    def lines(self) -> list[str]:
        """Return one line a reason."""
        return [f"{count} × {reason}" for reason, count in self.counts.most_common()]


def make_span(start: int, end: int, label: str, text: str, losses: Losses) -> Span | None:
    """Return a span of one of our labels (or its Chinese name) inside the text; others are counted as lost."""
    looks = default_labelling().looks
    name = {look.zh: label for label, look in looks.items()}.get(label, label)
    if name not in looks:
        losses.add(f"label {label}, which configs/labels.yaml does not have")
        return None
    if not 0 <= start < end <= len(text):
        losses.add(f"{name} whose offsets lie outside the text")
        return None
    return Span(start, end, name, default_labelling().schema.layer_of(name).name, text[start:end])


def note_losses(document: Document, losses: Losses, carried: Iterable[str] = ()) -> None:
    """Count what a format that carries spans, and the named things, leaves behind of a document."""
    annotation = document.meta.get("annotation") or {}
    held: Mapping[str, Any] = {
        "scores": [s for s in document.spans if s.score is not None],
        "source offsets": [s for s in document.spans if s.source_start is not None] or document.alignment,
        "records": document.records,
        "audit findings": document.audit,
        "metadata": {name: value for name, value in document.meta.items() if name != "annotation"},
        "attributes": annotation.get("attributes"),
        "relations": annotation.get("relations"),
        "remarks": annotation.get("remarks"),
    }
    for name, value in held.items():
        if value and name not in carried:
            losses.add(f"document with {name}, which the format does not hold")
