"""The audit: numbers of one report that do not fit together. It never calls a number false; it says that it needs checking."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from fazhi import records
from fazhi.audit_facts import Clash, Fact, facts
from fazhi.audit_rules import RULES
from fazhi.document import Document
from fazhi.offsets import OffsetMap
from fazhi.record_context import Context

VERDICT = "needs checking"
VERDICT_ZH = "需核对"
KINDS_ZH = {
    "flow": "环节",
    "part_whole": "合计",
    "rate": "比率",
    "ratio": "比值",
    "growth": "增幅",
    "restated": "前后不一",
    "over_100": "超过100%",
}
"""What the kinds of findings are called for people."""


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

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Finding:
        """Read what ``to_json`` wrote."""
        first, second, *also = (Quote(**quote) for quote in (raw["first"], raw["second"], *raw["also"]))
        return cls(raw["kind"], first, second, raw["computation"], raw["tolerance"], tuple(also), raw["verdict"])

    @property
    def places(self) -> tuple[Quote, ...]:
        """The places to look at, each once: two numbers of one METRIC (``较上年的260件增长30%``) have one place."""
        return tuple(dict.fromkeys((self.first, *self.also, self.second)))

    def to_json(self) -> dict[str, Any]:
        """Return the finding as a JSON object; what is in ``also`` is in neither ``first`` nor ``second``."""
        return {
            "kind": self.kind,
            "kind_zh": KINDS_ZH[self.kind],
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
    quotes = (_quote(first, document, offsets), _quote(second, document, offsets))
    also = (_quote(fact, document, offsets) for fact in clash.also)
    others = tuple(quote for quote in dict.fromkeys(also) if quote not in quotes)
    return Finding(clash.kind, *quotes, clash.computation, clash.tolerance, others)


def _quote(fact: Fact, document: Document, offsets: OffsetMap) -> Quote:
    return Quote(document.text[fact.start : fact.end], fact.start, fact.end, *offsets.to_source(fact.start, fact.end))
