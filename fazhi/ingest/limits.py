"""Limits on what is read: size, pages, time. The command line names them in its help."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path

from fazhi.errors import InputError


@dataclass(frozen=True, slots=True)
class Limits:
    """``megabytes`` of a file (and of what a zip archive unpacks to), ``pages`` of a PDF, ``seconds`` a file."""

    megabytes: float = 64.0
    pages: int = 2000
    seconds: float = 60.0

    def check_size(self, size: int, source: str | Path, what: str = "the file") -> None:
        """Raise ``InputError`` for more bytes than the limit."""
        if size > self.megabytes * 2**20:
            told = math.ceil(1000 * size / 2**20) / 1000  # upwards, so that what is told is above the limit
            raise InputError(
                source, f"{what} has {told:g} MB, the limit is {self.megabytes:g}", "raise it with --max-megabytes"
            )

    def deadline(self, source: str | Path) -> Deadline:
        """Return a clock that starts now."""
        return Deadline(time.monotonic() + self.seconds, self.seconds, str(source))


@dataclass(frozen=True, slots=True)
class Deadline:
    """The moment at which reading a file stops."""

    at: float
    seconds: float
    source: str

    def check(self) -> None:
        """Raise ``InputError`` once the time is over."""
        if time.monotonic() > self.at:
            raise InputError(self.source, f"reading takes longer than {self.seconds:g} seconds", "raise it with --max-seconds")
