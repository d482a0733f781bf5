"""Precision and recall of the audit on the contradictions planted in the corpus: ``python -m evaluate.audit_score``."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from data import splits
from data.inline import REPORTS, CorpusError, read
from fazhi.audit import Finding, check
from fazhi.document import Document
from fazhi.errors import FazhiError
from fazhi.extractor import Extractor

PLANTED = REPORTS.with_name("planted")


@dataclass(frozen=True, slots=True)
class Planted:
    """One contradiction of ``data/planted``: the report, the kind, and the pieces of text that hold the two numbers."""

    id: str
    kind: str
    first: str
    second: str

    def places(self, text: str) -> list[tuple[int, int]]:
        """Return where the two pieces stand; ``ValueError`` where the text does not hold them in this order."""
        for start in _occurrences(text, self.first):
            if self.first == self.second:
                return [(start, start + len(self.first))] * 2
            later = text.find(self.second, start + len(self.first))
            if later >= 0:
                return [(start, start + len(self.first)), (later, later + len(self.second))]
        raise ValueError(f"{self.id}: planted {self.kind}: {self.first!r} … {self.second!r} is not in the report")


@dataclass(frozen=True, slots=True)
class Score:
    """What was found: pairs of a report's id and a finding or a planted contradiction."""

    hits: list[tuple[Planted, Finding]]
    missed: list[Planted]
    extra: list[tuple[str, Finding]]

    @property
    def precision(self) -> float:
        """The share of findings that were planted."""
        found = len(self.hits) + len(self.extra)
        return len(self.hits) / found if found else 1.0

    @property
    def recall(self) -> float:
        """The share of planted contradictions that were found."""
        planted = len(self.hits) + len(self.missed)
        return len(self.hits) / planted if planted else 1.0


def load(folder: Path = PLANTED) -> list[Planted]:
    """Read every planted contradiction."""
    lines = [line for path in sorted(folder.glob("*.jsonl")) for line in path.read_text(encoding="utf-8").splitlines()]
    return [Planted(**json.loads(line)) for line in lines if line.strip()]


def _occurrences(text: str, piece: str) -> Iterator[int]:
    at = text.find(piece)
    while at >= 0:
        yield at
        at = text.find(piece, at + 1)


def score(documents: Iterable[Document], planted: Iterable[Planted]) -> Score:
    """Match the findings of documents with what was planted in them: the same kind, and both places touched."""
    waiting = list(planted)
    result = Score([], [], [])
    for document in documents:
        here = [item for item in waiting if item.id == document.id]
        waiting = [item for item in waiting if item.id != document.id]
        for finding in check(document):
            match = next((item for item in here if _matches(finding, item, document.text)), None)
            if match is not None:
                result.hits.append((match, finding))
                here.remove(match)
            elif not any(hit.id == document.id and _matches(finding, hit, document.text) for hit, _ in result.hits):
                result.extra.append((document.id, finding))
        result.missed.extend(here)
    result.missed.extend(waiting)
    return result


def _matches(finding: Finding, planted: Planted, text: str) -> bool:
    quotes = [finding.first, *finding.also, finding.second]
    touched = [any(quote.start < end and start < quote.end for quote in quotes) for start, end in planted.places(text)]
    return finding.kind == planted.kind and all(touched)


def report(result: Score) -> str:
    """Write the score as text: a line a kind, then what was missed and what was found besides."""
    lines = ["kind         planted found"]
    planted = Counter(item.kind for item, _ in result.hits) + Counter(item.kind for item in result.missed)
    found = Counter(item.kind for item, _ in result.hits)
    lines += [f"{kind:12} {count:7} {found[kind]:5}" for kind, count in sorted(planted.items())]
    lines.append(
        f"precision {result.precision:.3f}  recall {result.recall:.3f}  findings {len(result.hits) + len(result.extra)}"
    )
    lines += [f"missed  {item.id}  {item.kind}: {item.first} | {item.second}" for item in result.missed]
    lines += [f"besides {id_}  {f.kind}: {f.first.text} | {f.second.text}  ({f.computation})" for id_, f in result.extra]
    return "\n".join(lines)


def main() -> None:
    """Score the audit over all reports of the corpus; a report that the corpus check refuses is named and left out.

    With ``--model`` the spans are those that a model extracts, not the annotated ones; ``--split`` takes the reports of one.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=Path, default=REPORTS)
    parser.add_argument("--planted", type=Path, default=PLANTED)
    parser.add_argument("--model", help="extract the spans with this model instead of taking the annotated ones")
    parser.add_argument("--split", choices=("train", "validation", "test"), help="only the reports of this split")
    options = parser.parse_args()
    documents, planted = _documents(options.reports), load(options.planted)
    if options.split:
        chosen = {name for name, split in splits.load().items() if split == options.split}
        documents = (document for document in documents if document.id in chosen)
        planted = [item for item in planted if item.id in chosen]
    print(report(score(extracted(documents, options.model), planted)))  # noqa: T201


def extracted(documents: Iterable[Document], model: str | None) -> Iterator[Document]:
    """Yield documents as they are, or, with a model, with the spans and records that it extracts from their text alone."""
    if model is None:
        yield from documents
        return
    plain = (Document(document.id, document.text, document.meta) for document in documents)
    yield from Extractor.from_pretrained(model, threads=1).extract_many(plain)


def _documents(folder: Path) -> Iterator[Document]:
    for path in sorted(folder.glob("*.txt")):
        try:
            yield read(path)
        except (CorpusError, FazhiError) as error:
            print(f"left out {path.name}: {str(error).splitlines()[0]}")  # noqa: T201


if __name__ == "__main__":
    main()
