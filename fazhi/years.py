"""Year on year: what a report says of the problems and plans of the year before, for the same issuer.

A problem or a planned measure of year N is compared with the measures, metrics and problems of year N+1 by the cosine of
their character bigrams, weighted by inverse document frequency (Salton and Buckley 1988).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fazhi.document import Document

ANSWERS = 0.25
"""Cosine from which a measure or metric counts as an answer to a problem or plan."""

RECURS = 0.35
"""Cosine from which a problem counts as the same as one of the year before."""

_COMMON = re.compile(
    r"进一步|加强|强化|深化|推进|推动|健全|完善|提升|提高|持续|不断|积极|切实|严格|全面|开展|组织|工作|建设|落实|不够|不足|不强|存在|有待|个别|部分|少数|仍"
)
_SIGNS = re.compile(r"[\s\W\d]+")


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of one report: what it is (problem, plan, measure, metric), its text and theme."""

    kind: str
    text: str
    theme: str | None
    grams: Mapping[str, float]


def links(documents: Iterable[Document]) -> Iterator[dict[str, Any]]:
    """Yield a row for every problem and plan of a report that has a successor a year later, with its best answer.

    ``flag`` is ``recurring, no measure`` for a problem that is there again while no measure answers it, ``recurring`` where
    one does, ``no answer`` for a plan or problem that nothing answers, empty otherwise.
    """
    series: dict[tuple[str, int], Document] = {}
    for document in documents:
        issuer, year = document.meta.get("issuer"), document.meta.get("year")
        if issuer and year:
            series[str(issuer), int(year)] = document
    weights = _weights(series.values())
    for (issuer, year), document in sorted(series.items()):
        later = series.get((issuer, year + 1))
        if later is not None:
            yield from _pair(document, later, weights)


def _pair(document: Document, later: Document, weights: Mapping[str, float]) -> Iterator[dict[str, Any]]:
    after = list(_statements(later, weights))
    answers = [statement for statement in after if statement.kind in {"measure", "metric"}]
    problems = [statement for statement in after if statement.kind == "problem"]
    for statement in _statements(document, weights):
        if statement.kind not in {"problem", "plan"}:
            continue
        answer, similarity = _best(statement, answers)
        answered = similarity >= ANSWERS
        again = statement.kind == "problem" and _best(statement, problems)[1] >= RECURS
        yield {
            "issuer": document.meta.get("issuer"),
            "year": document.meta.get("year"),
            "kind": statement.kind,
            "statement": statement.text,
            "theme": statement.theme,
            "next_year": later.meta.get("year"),
            "relation": f"answered by {answer.kind}" if answered and answer else "not answered",
            "answer": answer.text if answered and answer else None,
            "similarity": round(similarity, 3),
            "flag": _flag(again, answered),
            "document": document.id,
            "next_document": later.id,
        }


def _flag(again: bool, answered: bool) -> str:
    if again:
        return "recurring" if answered else "recurring, no measure"
    return "" if answered else "no answer"


def _statements(document: Document, weights: Mapping[str, float]) -> Iterator[Statement]:
    for kind, text, theme in _texts(document):
        yield Statement(kind, text, theme, _vector(text, weights))


def _texts(document: Document) -> Iterator[tuple[str, str, str | None]]:
    records = document.records
    for record in records.get("problems", ()):
        if record["role"] == "problem":
            yield "problem", record["text"], record["theme"]
    for record in records.get("measures", ()):
        yield ("plan" if record["status"] == "planned" else "measure"), record["text"], record["theme"]
    for record in records.get("metrics", ()):
        if record["status"] == "actual":
            span = record["span"]
            yield "metric", document.text[span["start"] : span["end"]], None


def _grams(text: str) -> Counter[str]:
    words = _SIGNS.sub("", _COMMON.sub(" ", text))
    return Counter(words[at : at + 2] for at in range(len(words) - 1))


def _weights(documents: Iterable[Document]) -> dict[str, float]:
    texts = [set(_grams(text)) for document in documents for _, text, _ in _texts(document)]
    counts = Counter(gram for grams in texts for gram in grams)
    return {gram: math.log((1 + len(texts)) / (1 + count)) + 1 for gram, count in counts.items()}


def _vector(text: str, weights: Mapping[str, float]) -> dict[str, float]:
    raw = {gram: count * weights.get(gram, 1.0) for gram, count in _grams(text).items()}
    norm = math.sqrt(sum(value * value for value in raw.values()))
    return {gram: value / norm for gram, value in raw.items()} if norm else {}


def _best(statement: Statement, others: Sequence[Statement]) -> tuple[Statement | None, float]:
    scored = [(cosine(statement.grams, other.grams), other) for other in others]
    similarity, best = max(scored, key=lambda pair: pair[0], default=(0.0, None))
    return best, similarity


def cosine(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """Return the dot product of two vectors of length 1."""
    small, large = (one, other) if len(one) < len(other) else (other, one)
    return sum(value * large[gram] for gram, value in small.items() if gram in large)
