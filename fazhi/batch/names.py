"""Names that were seen, on disk and not in memory: a batch of a million reports remembers a million of them."""

from __future__ import annotations

import sqlite3

_CREATE = "CREATE TABLE seen (name BLOB PRIMARY KEY, times INTEGER NOT NULL) WITHOUT ROWID"
_COUNT = "INSERT INTO seen VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET times = times + 1 RETURNING times"


class Names:
    """Counts names in a private temporary database that SQLite spills to disk beyond two megabytes."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.execute(_CREATE)
        self._db.execute("BEGIN")  # never committed: one transaction is what makes it fast

    def count(self, name: str) -> int:
        """Count a name once more and return how often it has been counted."""
        ((times,),) = self._db.execute(_COUNT, (name.encode("utf-8", "surrogateescape"),)).fetchall()
        return int(times)

    def unique(self, name: str) -> str:
        """Return the name, or the name with the least number behind it that makes it one that was not returned before."""
        while (times := self.count(name)) > 1:
            if self.count(candidate := f"{name}-{times}") == 1:
                return candidate
        return name
