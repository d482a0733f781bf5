"""A shard's trail: which item an attempt was at work on when its process died.

A file that grows by a line an item, so that it tells of a process that was killed without a word. An attempt begins with
``begin``; the last number behind it is the item it died on; ``end`` stands where all items were through.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_BEGIN, _END = "begin", "end"


def deaths(path: Path) -> Counter[str]:
    """Return how many attempts have died on each item, by its number in the shard."""
    if not path.exists():
        return Counter()
    attempts = [attempt.split() for attempt in path.read_text(encoding="ascii").split(_BEGIN)[1:]]
    return Counter(attempt[-1] for attempt in attempts if attempt and attempt[-1] != _END)


class Trail:
    """One attempt's way through a shard."""

    def __init__(self, path: Path) -> None:
        self.deaths = deaths(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._stream = path.open("a", encoding="ascii")

    def step(self, word: int | str) -> None:
        """Note what comes next; from here on a death is on its account."""
        self._stream.write(f"{word}\n")
        self._stream.flush()

    def close(self) -> None:
        """Close the file."""
        self._stream.close()


@contextmanager
def trail(path: Path) -> Iterator[Trail]:
    """Follow one attempt; its file vanishes when the block ends without an error."""
    found = Trail(path)
    try:
        found.step(_BEGIN)
        yield found
    finally:
        found.close()
    path.unlink(missing_ok=True)
