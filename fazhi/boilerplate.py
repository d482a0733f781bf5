"""How much of a report is boilerplate, and how specific a measure is.

Near-duplicates between reports are found by MinHash over character 5-grams with locality-sensitive hashing (Broder 1997;
Leskovec, Rajaraman and Ullman, *Mining of Massive Datasets*, ch. 3), as ``datasketch`` implements them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from fazhi.document import Document
from fazhi.errors import MissingExtraError
from fazhi.numerals import fold
from fazhi.quantity_names import mask, periods

try:
    from datasketch import MinHash, MinHashLSH
except ImportError as error:
    raise MissingExtraError("datasketch", "tables") from error

SIMILAR = 0.7
"""Jaccard similarity of 5-grams from which two sentences count as the same."""

SHORTEST = 12
"""Shorter sentences are not compared: they agree by chance."""

PERMUTATIONS = 64
_SENTENCE = re.compile(r"[^。；;！!？?\n]+")
_NOT_WORDS = re.compile(r"[\s\W_\d]+")
_SHINGLE = 5
_BODY = re.compile(
    r"[\u4e00-\u9fff]{2,12}(?:人民政府|法院|检察院|公安局|司法局|管理局|委员会|办公室|司法所|派出所|大队|领导小组|中心|学校|公司|律师事务所|协会|社区|村)"
)
_DIGIT = re.compile(r"\d|[两三四五六七八九十百]+(?:余|多)?[次场期份个项家名条件批]")
_DOCUMENT = re.compile("《[^》]+》")


def specificity(measure: str) -> list[str]:
    """Return what makes a measure specific: those of ``number``, ``document``, ``date``, ``body`` that it names."""
    marks = {
        "number": bool(_DIGIT.search(mask(fold(measure))[0])),
        "document": bool(_DOCUMENT.search(measure)),
        "date": any(period.text[:1].isdecimal() for period in periods(measure)),
        "body": bool(_BODY.search(measure)),
    }
    return [name for name, there in marks.items() if there]


@dataclass(slots=True)
class Meter:
    """Finds sentences of one report that stand, nearly the same, in another."""

    _index: MinHashLSH
    _hashes: dict[str, MinHash] = field(default_factory=dict)

    @classmethod
    def of(cls, documents: Iterable[Document]) -> Meter:
        """Index the sentences of documents."""
        meter = cls(MinHashLSH(threshold=SIMILAR, num_perm=PERMUTATIONS))
        for document in documents:
            for number, (_, sentence) in enumerate(sentences(document.text)):
                meter._add(f"{document.id}\0{number}", sentence)
        return meter

    def _add(self, key: str, sentence: str) -> None:
        words = plain(sentence)
        if len(words) >= SHORTEST:
            self._index.insert(key, self._hash(words), check_duplication=False)

    def _hash(self, words: str) -> MinHash:
        if words not in self._hashes:
            found = MinHash(num_perm=PERMUTATIONS, seed=1)
            found.update_batch([words[at : at + _SHINGLE].encode() for at in range(len(words) - _SHINGLE + 1)])
            self._hashes[words] = found
        return self._hashes[words]

    def elsewhere(self, document: str, text: str) -> int | None:
        """Return in how many other reports a text stands nearly the same; ``None`` where it is too short to tell."""
        words = plain(text)
        if len(words) < SHORTEST:
            return None
        keys = self._index.query(self._hash(words))
        return len({key.split("\0")[0] for key in keys} - {document})

    def share(self, document: Document) -> float:
        """Return the share of a report's compared characters that stand in sentences found in other reports, 0 to 1."""
        compared = [
            (len(words), sentence) for _, sentence in sentences(document.text) if len(words := plain(sentence)) >= SHORTEST
        ]
        total = sum(length for length, _ in compared)
        seen = sum(length for length, sentence in compared if self.elsewhere(document.id, sentence))
        return seen / total if total else 0.0


def sentences(text: str) -> Iterator[tuple[int, str]]:
    """Yield the sentences of a text with their offsets."""
    for match in _SENTENCE.finditer(text):
        yield match.start(), match[0]


def plain(sentence: str) -> str:
    """Return a sentence without digits, signs and blanks: two reports differ in their numbers all the same."""
    return _NOT_WORDS.sub("", sentence)
