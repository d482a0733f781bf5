"""Pieces of a source that readers put together to lines: the common currency of HTML, Word and table reading."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fazhi.offsets import TextBuilder

Piece = tuple[int, int, str]
"""``(source_start, source_end, text)``: the text that stands for a stretch of the source; an empty stretch is an insertion."""
Line = list[Piece]


def text_of(line: Sequence[Piece]) -> str:
    """Return the text of a line."""
    return "".join(text for _, _, text in line)


def inserted(text: str, at: int) -> Piece:
    """Return text that the source does not have, at place ``at``."""
    return at, at, text


def build(source: str, lines: Iterable[Line]) -> TextBuilder:
    """Join lines with line breaks; a break takes the stretch of the source between its lines where that is white space."""
    builder, last = TextBuilder(source), None
    for line in lines:
        if last is not None:
            builder.insert("\n", last)
        for start, end, text in line:
            builder.replace(start, end, text)
            last = end
    return builder
