"""Shards: the unit of work of a batch. One shard becomes one part file and one completion marker.

A shard's key is a hash of its items, of the model and of the options. A shard whose marker carries the same key is done; a
part file is renamed into place before its marker, so that a marker always tells of a whole part.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fazhi.batch.item import Item
from fazhi.document import Document
from fazhi.errors import FazhiError
from fazhi.ingest.limits import Limits
from fazhi.writers import print_documents

SHARD_ITEMS = (4, 32)
"""Items of the smallest and of the largest shard."""
SHARD_SHARE = 16
"""A shard holds this part of all items before it: then the last ones leave no worker idle for long, however few there are."""
SHARD_BYTES = 4 * 2**20

Write = Callable[[Iterable[Document], Path], None]
Read = Callable[[Path], list[Document]]


class BatchError(FazhiError):
    """A batch that cannot start or go on."""


@dataclass(frozen=True, slots=True)
class Shard:
    """A numbered group of items and its key."""

    number: int
    items: tuple[Item, ...]
    key: str


@dataclass(frozen=True, slots=True)
class Marker:
    """What became of a shard: key, bytes of its part, documents, characters, spans a label, and what failed.

    Every failure has the number of its item in the shard (``item``), its ``name`` and the ``error``.
    """

    key: str
    size: int = 0
    documents: int = 0
    characters: int = 0
    spans: dict[str, int] = field(default_factory=dict)
    failed: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Plan:
    """Where and how a batch writes: folder, format, limits, the hash of model and options that goes into every key.

    ``retry`` says that items that failed are tried again.
    """

    folder: Path
    form: str
    limits: Limits
    salt: str
    retry: bool = False

    def part(self, number: int) -> Path:
        """Return the path of a shard's part file."""
        return self.folder / "parts" / f"part-{number:06d}.{self.form}"

    def marker(self, number: int) -> Path:
        """Return the path of a shard's completion marker."""
        return self.folder / "markers" / f"{number:06d}.json"

    def trail(self, number: int) -> Path:
        """Return the path of a shard's trail: what its attempts were at work on (see ``fazhi.batch.trail``)."""
        return self.folder / "markers" / f"{number:06d}.trail"

    def read(self, number: int) -> Marker | None:
        """Return the marker of a shard, or None where there is no whole one."""
        try:
            return Marker(**json.loads(self.marker(number).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def marked(self, shard: Shard) -> Marker | None:
        """Return the marker of a shard whose part lies there whole, else None."""
        marker = self.read(shard.number)
        try:
            fits = marker is not None and marker.key == shard.key and self.part(shard.number).stat().st_size == marker.size
        except OSError:
            return None
        return marker if fits else None

    def done(self, shard: Shard) -> Marker | None:
        """Return the marker of a shard on which there is nothing left to do, else None."""
        marker = self.marked(shard)
        return None if marker is None or (self.retry and marker.failed) else marker


def cut(items: Iterable[Item], salt: str) -> Iterator[Shard]:
    """Group a stream of items into shards of ``SHARD_ITEMS`` items and about ``SHARD_BYTES`` bytes, small ones first."""
    group: list[Item] = []
    size = number = before = 0
    least, most = SHARD_ITEMS
    for item in items:
        if group and (len(group) == min(most, max(least, before // SHARD_SHARE)) or size + len(item.raw) > SHARD_BYTES):
            yield _shard(number, group, salt)
            before += len(group)
            group, size, number = [], 0, number + 1
        group.append(item)
        size += len(item.raw)
    if group:
        yield _shard(number, group, salt)


def _shard(number: int, items: Sequence[Item], salt: str) -> Shard:
    digest = hashlib.sha256(salt.encode() + b"".join(item.digest for item in items)).hexdigest()
    return Shard(number, tuple(items), digest)


def replace_file(path: Path, write: Callable[[Path], None]) -> int:
    """Write to a temporary name, flush to the disk, rename; return the size in bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{secrets.token_hex(8)}{path.suffix}")
    try:
        write(temporary)
        with temporary.open("rb") as stream:
            os.fsync(stream.fileno())
            size = os.fstat(stream.fileno()).st_size
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return size


def write_json(content: Mapping[str, Any], path: Path) -> None:
    """Write an object as one line of JSON."""
    path.write_text(json.dumps(content, ensure_ascii=False, sort_keys=True), encoding="utf-8")


FORMATS = ("jsonl", "csv", "parquet", "xlsx")


def writer(form: str) -> Write:
    """Return what writes documents in a format.

    Raises ``BatchError`` for an unknown one and ``MissingExtraError`` where its library is missing.
    """
    if form not in FORMATS:
        raise BatchError(f"unknown format {form!r}; choose {', '.join(FORMATS)}")
    if form == "parquet":
        from fazhi.batch.parquet import write_documents

        return write_documents
    if form == "xlsx":
        from fazhi.batch.excel import write_workbook

        return write_workbook
    encoding = "utf-8-sig" if form == "csv" else "utf-8"
    return lambda documents, path: _write_text(documents, path, form, encoding)


def reader(form: str) -> Read | None:
    """Return what reads a part back; None for the formats that hold records only."""
    if form == "parquet":
        from fazhi.batch.parquet import read_documents

        return read_documents
    return _read_lines if form == "jsonl" else None


def _write_text(documents: Iterable[Document], path: Path, form: str, encoding: str) -> None:
    with path.open("w", encoding=encoding, newline="") as stream:
        print_documents(documents, form, stream)


def _read_lines(path: Path) -> list[Document]:
    with path.open(encoding="utf-8", newline="\n") as stream:
        return [Document.from_json(json.loads(line)) for line in stream]
