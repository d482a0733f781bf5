"""An item: the bytes of one report to be, and the name it is known by."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Item:
    """One report to be: its name (path, or path and member), its bytes, or why they cannot be had.

    ``form`` is ``file`` (bytes of a file of any kind) or ``json`` (one document as JSON); ``id`` is the document's, unless its
    JSON has one.
    """

    name: str
    raw: bytes = b""
    form: str = "file"
    error: str = ""
    id: str = ""

    @property
    def digest(self) -> bytes:
        """SHA-256 of all that decides what becomes of the item."""
        head = "\0".join((self.id, self.name, self.form, self.error, "")).encode()
        return hashlib.sha256(head + self.raw).digest()


def printable(text: str) -> str:
    r"""Return the text with bytes that are no UTF-8 (in names of old archives and disks) written as ``\xNN``."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
