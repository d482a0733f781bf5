"""METRIC records of gold and predictions, read and aligned by their spans."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluate.pairs import Pair
from evaluate.semeval import align
from fazhi.document import Document, Span
from fazhi.errors import EvaluationError

Fields = Mapping[str, Any]
Records = Mapping[str, Sequence["Record"]]


@dataclass(frozen=True, slots=True)
class Record:
    """A METRIC record at its place: the record's fields and its quantities."""

    span: Span
    fields: Fields

    @property
    def quantities(self) -> Sequence[Fields]:
        """The quantities, in order."""
        found: Sequence[Fields] = self.fields.get("quantities") or ()
        return found


def read_gold(path: Path) -> dict[str, list[Record]]:
    """Read ``{report: [{"span": [start, end], "quantities": […], …}]}``; ``EvaluationError`` where it is something else."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return {name: [record(item) for item in items] for name, items in raw.items()}
    except FileNotFoundError as error:
        raise EvaluationError(path, "there is no such file", "give the gold records as in docs/evaluation.md") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise EvaluationError(path, f"holds no gold records ({error})", "write them as in docs/evaluation.md") from error


def record(raw: Fields, source: bool = False) -> Record:
    """Read one record; ``span`` is a pair or an object. With ``source`` its source offsets count where it has them."""
    place = raw["span"]
    if isinstance(place, Mapping):
        names = ("source_start", "source_end") if source and place.get("source_start") is not None else ("start", "end")
        place = [place[name] for name in names]
    start, end = place
    return Record(Span(start, end, "METRIC", "metric"), raw)


def predicted_records(pairs: Iterable[Pair], gold: Records) -> dict[str, list[Record]]:
    """Return the METRIC records that came with the predictions, of the reports that have gold records."""
    return {
        pair.id: [record(raw, source=True) for raw in pair.records.get("metrics") or ()] for pair in pairs if pair.id in gold
    }


def records_on_gold_spans(pairs: Iterable[Pair], gold: Records) -> dict[str, list[Record]]:
    """Build records from the gold spans, so that the errors of the record builder can be told from those of the tagger."""
    from fazhi.records import build
    from fazhi.structure import items, sections

    out: dict[str, list[Record]] = {}
    for pair in pairs:
        if pair.id in gold:
            document = Document(pair.id, pair.text, dict(pair.meta)).with_spans(pair.gold)
            built = build(document, sections(pair.text), items(pair.text))
            out[pair.id] = [record(raw) for raw in built["metrics"]]
    return out


def aligned(gold: Sequence[Record], found: Sequence[Record]) -> list[tuple[Record | None, Record | None]]:
    """Align records whose spans overlap, one to one (see ``semeval.align``)."""
    sides = [{item.span: item for item in sorted(items, key=lambda r: r.span)} for items in (gold, found)]
    rows = align(list(sides[0]), list(sides[1]))
    return [(sides[0][truth] if truth else None, sides[1][guess] if guess else None) for truth, guess in rows]
