"""Ingest: files as users have them → documents with clean text, metadata, and the way back to every place of the source."""

from __future__ import annotations

from fazhi.ingest.characters import normalise
from fazhi.ingest.find import find
from fazhi.ingest.reader import decoded_source, from_bytes, from_text, read

__all__ = ["decoded_source", "find", "from_bytes", "from_text", "normalise", "read"]
