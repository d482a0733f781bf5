"""From the paths of a command line to the files to read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from fazhi.errors import InputError

_KNOWN = frozenset((".txt", ".text", ".md", ".htm", ".html", ".shtml", ".xhtml", ".mht", ".mhtml", ".docx", ".pdf"))
NEVER = frozenset((
    ".py", ".js", ".css", ".json", ".jsonl", ".xml", ".yaml", ".yml", ".csv", ".tsv", ".xls", ".xlsx", ".ppt", ".pptx",
    ".zip", ".gz", ".tar", ".rar", ".7z", ".png", ".jpg", ".jpeg", ".gif", ".bmp", ".svg", ".ico", ".webp", ".tif", ".tiff",
    ".mp3", ".mp4", ".avi", ".mov", ".wav", ".exe", ".dll", ".so", ".ttf", ".woff", ".woff2", ".db", ".sqlite", ".log",
    ".bin", ".iso", ".parquet",
))  # fmt: skip
"""Endings of files that hold no report."""


def find(paths: Sequence[Path]) -> list[Path]:
    """Return the files to read, in order and each once: files as named, folders with all that lies below, sorted.

    In folders hidden files are left out, files of a known ending are taken, files of an ending that is known to hold no
    report are left out, and all others are taken when their first bytes look like text, PDF or Word. A missing path raises
    ``InputError``.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if not path.exists():
            raise InputError(path, "there is no such file or folder", "check the path")
        for file in _below(path) if path.is_dir() else [path]:
            found.setdefault(file)
    return list(found)


def _below(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith((".", "~$")) for part in path.relative_to(folder).parts)
        if not hidden and path.is_file() and is_candidate(path):
            yield path


def is_candidate(path: Path) -> bool:
    """Tell whether a file of a folder may be a report, by its ending, else by its first bytes."""
    suffix = path.suffix.lower()
    if suffix in _KNOWN:
        return True
    if suffix in NEVER:
        return False
    try:
        with path.open("rb") as file:
            head = file.read(2048)
    except OSError:
        return True
    return (
        b"%PDF-" in head or head.startswith(b"PK\x03\x04") or (bool(head) and head.count(0) < len(head) * 0.6 and _texty(head))
    )


def _texty(head: bytes) -> bool:
    control = sum(byte < 9 or 13 < byte < 32 for byte in head if byte)
    return control < len(head) * 0.05
