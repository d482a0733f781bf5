"""The map between clean text and source text.

An alignment is a tuple of blocks ``(clean_start, clean_end, source_start, source_end)`` in clean order that cover the clean
text. Three kinds: *linear* (both lengths equal: copied or replaced character by character), *rewritten* (lengths differ:
only the whole corresponds to the whole) and *inserted* (empty source: text that cleaning added, such as a table header).
Stretches of the source that no block names were dropped. An empty alignment is the identity.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field

from fazhi.document import Block


class OffsetMap:
    """Maps half-open spans of clean text to half-open spans of the source."""

    def __init__(self, blocks: Iterable[Block] = ()) -> None:
        self.blocks: tuple[Block, ...] = tuple(blocks)
        self._starts = [block[0] for block in self.blocks]
        self._check()

    def _check(self) -> None:
        at = 0
        for clean_start, clean_end, source_start, source_end in self.blocks:
            if clean_start != at or clean_end <= clean_start or source_end < source_start or source_start < 0:
                raise ValueError(f"alignment block {(clean_start, clean_end, source_start, source_end)} at {at}")
            at = clean_end

    def to_source(self, start: int, end: int) -> tuple[int, int]:
        """Map ``clean[start:end]``, not empty, to the tightest stretch of the source that holds all of it.

        Inserted characters have no source: they count only where the span holds nothing else, and then give the empty
        span at their place. Raises ``IndexError`` where the span is empty or leaves the clean text.
        """
        if not 0 <= start < end:
            raise IndexError(f"span [{start}, {end}) is empty or negative")
        if not self.blocks:
            return start, end
        if end > self.blocks[-1][1]:
            raise IndexError(f"span [{start}, {end}) leaves the clean text of {self.blocks[-1][1]} characters")
        first = bisect_right(self._starts, start) - 1
        last = bisect_right(self._starts, end - 1) - 1
        parts = [part for index in range(first, last + 1) if (part := _cut(self.blocks[index], start, end))[0] < part[1]]
        if not parts:
            return self.blocks[first][2], self.blocks[first][2]
        return min(part[0] for part in parts), max(part[1] for part in parts)

    def pieces(self, start: int, end: int) -> list[tuple[int, int]]:
        """Map ``clean[start:end]`` to the stretches of the source it was made of, in clean order; inserted text has none.

        Unlike ``to_source`` this leaves out what cleaning dropped between them. Raises ``IndexError`` as ``to_source`` does.
        """
        if not self.blocks:
            return [self.to_source(start, end)]
        self.to_source(start, end)
        first = bisect_right(self._starts, start) - 1
        last = bisect_right(self._starts, end - 1) - 1
        parts = dict.fromkeys(_cut(block, start, end) for block in self.blocks[first : last + 1])
        return [part for part in parts if part[0] < part[1]]

    def after(self, inner: OffsetMap) -> OffsetMap:
        """Compose: ``self`` maps clean → middle, ``inner`` middle → source; the result maps clean → source."""
        if not inner.blocks:
            return self
        if not self.blocks:
            return inner
        return OffsetMap(merge_blocks(piece for block in self.blocks for piece in _through(block, inner)))


def _cut(block: Block, start: int, end: int) -> tuple[int, int]:
    """Return the source of the part of a block that lies in ``[start, end)``."""
    clean_start, clean_end, source_start, source_end = block
    if not _is_linear(block):
        return source_start, source_end
    shift = source_start - clean_start
    return max(start, clean_start) + shift, min(end, clean_end) + shift


def _through(block: Block, inner: OffsetMap) -> list[Block]:
    """Follow one block clean → middle on to the source; a linear one is split where the inner blocks end."""
    clean_start, clean_end, middle_start, middle_end = block
    if middle_start == middle_end:
        at = inner.to_source(middle_start, middle_start + 1)[0] if middle_start < inner.blocks[-1][1] else inner.blocks[-1][3]
        return [(clean_start, clean_end, at, at)]
    if not _is_linear(block):
        return _whole(clean_start, clean_end, *inner.to_source(middle_start, middle_end))
    pieces, at, shift = [], middle_start, clean_start - middle_start
    index = bisect_right(inner._starts, middle_start) - 1
    while at < middle_end:
        stop = min(inner.blocks[index][1], middle_end)
        found, rewritten = inner.to_source(at, stop), not _is_linear(inner.blocks[index])
        pieces += _whole(at + shift, stop + shift, *found) if rewritten else [(at + shift, stop + shift, *found)]
        at, index = stop, index + 1
    return pieces


def _whole(clean_start: int, clean_end: int, source_start: int, source_end: int) -> list[Block]:
    """Make a rewritten block; where the lengths happen to be equal, one a character, lest it be taken for a linear one."""
    if clean_end - clean_start != source_end - source_start or clean_end - clean_start == 1:
        return [(clean_start, clean_end, source_start, source_end)]
    return [(at, at + 1, source_start, source_end) for at in range(clean_start, clean_end)]


def merge_blocks(blocks: Iterable[Block]) -> list[Block]:
    """Join neighbouring linear blocks that continue each other."""
    merged: list[Block] = []
    for block in blocks:
        if merged and _continues(merged[-1], block):
            merged[-1] = (merged[-1][0], block[1], merged[-1][2], block[3])
        else:
            merged.append(block)
    return merged


def _continues(before: Block, after: Block) -> bool:
    return _is_linear(before) and _is_linear(after) and before[1] == after[0] and before[3] == after[2]


def _is_linear(block: Block) -> bool:
    return block[1] - block[0] == block[3] - block[2]


@dataclass(slots=True)
class TextBuilder:
    """Builds clean text out of pieces of a source and remembers where each came from."""

    source: str
    _parts: list[str] = field(default_factory=list)
    _blocks: list[Block] = field(default_factory=list)
    _length: int = 0

    def copy(self, start: int, end: int) -> None:
        """Take ``source[start:end]`` as it is."""
        self.replace(start, end, self.source[start:end])

    def replace(self, start: int, end: int, text: str) -> None:
        """Put ``text`` in place of ``source[start:end]``; of equal length it is aligned character by character."""
        if not text:
            return
        self._parts.append(text)
        self._blocks.append((self._length, self._length + len(text), start, end))
        self._length += len(text)

    def insert(self, text: str, at: int) -> None:
        """Add ``text`` that the source does not have, at place ``at`` of the source."""
        self.replace(at, at, text)

    @property
    def text(self) -> str:
        """The clean text so far."""
        return "".join(self._parts)

    @property
    def offsets(self) -> OffsetMap:
        """The alignment so far."""
        return OffsetMap(merge_blocks(self._blocks))
