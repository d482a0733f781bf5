"""Changes that a report may have suffered on its way: each gives the changed document with its gold spans moved along.

Statement spans are fitted to the clauses of the changed text (guideline §2 and ruling 1: what is glued into one clause is
marked as one clause).
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from fazhi.clauses import clauses
from fazhi.document import Document, Span
from fazhi.schema import Schema, default_schema
from fazhi.structure import sections

Edit = tuple[int, int, str]
"""Replace ``text[start:end]``."""
Perturbation = Callable[[Document], Document]

_HALF = dict(zip("，；：！？（）", ",;:!?()", strict=True))
_WIDE = {char: chr(ord(char) + 0xFEE0) for char in "0123456789%"} | {half: wide for wide, half in _HALF.items()}
_ALIKE = dict(
    zip(
        "未末己已人入日曰土士间问大太天夭干千办为乌鸟0Ol1I5S8B",
        "末未已己入人曰日士土问间太大夭天千干为办鸟乌O011lS5B8",
        strict=True,
    )
)


def edited(document: Document, edits: Iterable[Edit]) -> Document:
    """Apply edits that do not overlap, in order; spans keep the characters that are left of them, empty ones go."""
    text, pieces, at, shift = document.text, [], 0, 0
    first, last = list(range(len(text) + 1)), list(range(len(text) + 1))
    for start, end, new in [*sorted(edits), (len(text), len(text), "")]:
        first[at:start] = [place + shift for place in range(at, start)]
        last[at + 1 : start + 1] = [place + shift for place in range(at + 1, start + 1)]
        place, size = start + shift, len(new)
        first[start:end] = [place + min(k, size) for k in range(end - start)]
        last[start + 1 : end + 1] = [place + min(k, size) for k in range(1, end - start)] + [place + size] * (end > start)
        pieces += [text[at:start], new]
        shift += size - (end - start)
        at = end
    changed = replace(document, text="".join(pieces), alignment=())
    return _refitted(changed, [(span, first[span.start], last[span.end]) for span in document.spans])


def _refitted(document: Document, moved: Iterable[tuple[Span, int, int]], schema: Schema | None = None) -> Document:
    """Put spans at their new places; those of clause layers fill the clause that they begin in, the first come stays."""
    schema, found = schema or default_schema(), clauses(document.text)
    starts = [clause.outer_start for clause in found]
    taken: set[tuple[str, int]] = set()
    spans: list[Span] = []
    for span, start, end in moved:
        layer = schema.layer_of(span.label)
        at = bisect_right(starts, start) - 1
        if layer.unit == "clause":
            start, end = found[at].start, found[at].end
        if start < end and (layer.unit == "token" or (layer.name, at) not in taken):
            taken.add((layer.name, at))
            spans.append(Span(start, end, span.label, layer.name, document.text[start:end]))
    return document.with_spans(spans)


def _mapped(document: Document, table: Mapping[str, str]) -> Document:
    return edited(document, [(at, at + 1, table[char]) for at, char in enumerate(document.text) if char in table])


def ascii_punctuation(document: Document) -> Document:
    """Write ``，；：！？（）`` as half-width characters; the full stop stays, as it does in real reports."""
    return _mapped(document, _HALF)


def full_width(document: Document) -> Document:
    """Write digits, ``%`` and punctuation full-width; ``,`` and ``:`` between digits stay, as they separate nothing."""
    text = document.text

    def inside_number(at: int) -> bool:
        return text[at] in ",:" and text[at - 1 : at].isdecimal() and text[at + 1 : at + 2].isdecimal()

    places = (at for at, char in enumerate(text) if char in _WIDE and not inside_number(at))
    return edited(document, [(at, at + 1, _WIDE[text[at]]) for at in places])


def flattened(document: Document) -> Document:
    """Lose all line breaks; a blank stands in place of each run of them."""
    edits: list[Edit] = []
    at = 0
    while (start := document.text.find("\n", at)) >= 0:
        at = start
        while document.text[at : at + 1] == "\n":
            at += 1
        edits.append((start, at, " "))
    return edited(document, edits)


def ocr_noise(document: Document, rate: float = 0.02) -> Document:
    """Take characters for similar ones, add blanks and drop characters, together about ``rate`` of the text."""
    chance = random.Random(document.id)
    edits: list[Edit] = []
    for at, char in enumerate(document.text):
        draw = chance.random()
        if char in _ALIKE and draw < 10 * rate:
            edits.append((at, at + 1, _ALIKE[char]))
        elif "\u4e00" <= char <= "\u9fff" and draw < rate * 0.6:
            edits.append((at, at + 1, "") if draw < rate * 0.2 else (at + 1, at + 1, " "))
    return edited(document, edits)


def no_enumerators(document: Document) -> Document:
    """Lose the enumerators at the start of clauses."""
    heads = ((clause.outer_start, clause.start) for clause in clauses(document.text))
    return edited(document, [(start, end, "") for start, end in heads if document.text[start:end].strip()])


def shuffled_sections(document: Document) -> Document:
    """Put the sections into another order, each on lines of its own; what stands before the first stays there."""
    borders = sorted({section.start for section in sections(document.text)})
    if len(borders) < 2 or any(s.start < b < s.end for s in document.spans for b in borders):
        return document
    pieces = list(zip(borders, [*borders[1:], len(document.text)], strict=True))
    random.Random(document.id).shuffle(pieces)
    text, spans = document.text[: borders[0]], [(s, s.start, s.end) for s in document.spans if s.start < borders[0]]
    for start, end in pieces:
        text += "" if not text or text.endswith("\n") else "\n"
        shift = len(text) - start
        spans += [(s, s.start + shift, s.end + shift) for s in document.spans if start <= s.start < end]
        text += document.text[start:end]
    return _refitted(replace(document, text=text, alignment=()), spans)


PERTURBATIONS: Mapping[str, Perturbation] = {
    "ascii_punctuation": ascii_punctuation,
    "full_width": full_width,
    "flattened": flattened,
    "ocr_noise": ocr_noise,
    "no_enumerators": no_enumerators,
    "shuffled_sections": shuffled_sections,
}
