"""The audit: numbers of one report that do not fit together. It never calls a number false; it says that it needs checking."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from fazhi import records
from fazhi.audit_facts import Clash, Fact, facts
from fazhi.audit_rules import RULES
from fazhi.document import Document
from fazhi.offsets import OffsetMap
from fazhi.record_context import Context

VERDICT = "needs checking"


@dataclass(frozen=True, slots=True)
class Quote:
    """A piece of the report: its words, its place in the clean text and in the source."""

    text: str
    start: int
    end: int
    source_start: int
    source_end: int

    def to_json(self) -> dict[str, Any]:
        """Return the fields as a JSON object."""
        return {name: getattr(self, name) for name in ("text", "start", "end", "source_start", "source_end")}


@dataclass(frozen=True, slots=True)
class Finding:
    """Two places whose numbers do not fit: the kind of relation, both quotes, the computation and its tolerance.

    ``also`` are the other operands of the computation (the parts of a sum).
    """

    kind: str
    first: Quote
    second: Quote
    computation: str
    tolerance: str
    also: tuple[Quote, ...] = ()
    verdict: str = VERDICT

    def to_json(self) -> dict[str, Any]:
        """Return the finding as a JSON object."""
        return {
            "kind": self.kind,
            "verdict": self.verdict,
            "first": self.first.to_json(),
            "second": self.second.to_json(),
            "also": [quote.to_json() for quote in self.also],
            "computation": self.computation,
            "tolerance": self.tolerance,
        }


def check(document: Document) -> list[Finding]:
    """Return what does not fit in a document, in the order of the text; records are built where the document has none."""
    if not document.records:
        document = replace(document, records=records.build(document))
    year = document.meta.get("year")
    context = Context(document.text, year=int(year) if year else None)
    numbers = facts(document, context)
    clashes = [clash for rule in RULES for clash in rule(numbers, document.text)]
    offsets = OffsetMap(document.alignment)
    findings = [_finding(clash, document, offsets) for clash in clashes]
    return sorted(findings, key=lambda finding: (finding.second.start, finding.kind))


def _finding(clash: Clash, document: Document, offsets: OffsetMap) -> Finding:
    first, second = sorted((clash.first, clash.second), key=lambda fact: fact.start)
    also = tuple(_quote(fact, document, offsets) for fact in clash.also)
    quotes = (_quote(first, document, offsets), _quote(second, document, offsets))
    return Finding(clash.kind, *quotes, clash.computation, clash.tolerance, also)


def _quote(fact: Fact, document: Document, offsets: OffsetMap) -> Quote:
    return Quote(document.text[fact.start : fact.end], fact.start, fact.end, *offsets.to_source(fact.start, fact.end))
