"""Shards: the unit of work of a batch. One shard becomes one part file and one completion marker.

A shard's key is a hash of its items, of the model and of the options. A shard whose marker carries the same key is done; a
part file is renamed into place before its marker, so that a marker always tells of a whole part.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from fazhi import ingest
from fazhi.batch.items import Item
from fazhi.document import Document
from fazhi.errors import FazhiError
from fazhi.extractor import Extractor
from fazhi.ingest.limits import Limits
from fazhi.writers import print_documents

SHARD_ITEMS = 32
SHARD_BYTES = 4 * 2**20
DIED = "the worker process died on it (out of memory?); try it alone with fazhi extract"


@dataclass(frozen=True, slots=True)
class Shard:
    """A numbered group of items and its key."""

    number: int
    items: tuple[Item, ...]
    key: str


@dataclass(frozen=True, slots=True)
class Marker:
    """What became of a shard: key, documents written, spans a label, characters, and the items that failed with the reason."""

    key: str
    documents: int = 0
    characters: int = 0
    spans: dict[str, int] = field(default_factory=dict)
    failed: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Plan:
    """Where and how a batch writes: folder, format, limits, and the hash of model and options that goes into every key."""

    folder: Path
    form: str
    limits: Limits
    salt: str

    def part(self, number: int) -> Path:
        """Return the path of a shard's part file."""
        return self.folder / "parts" / f"part-{number:06d}.{self.form}"

    def marker(self, number: int) -> Path:
        """Return the path of a shard's completion marker."""
        return self.folder / "markers" / f"{number:06d}.json"

    def trail(self, number: int) -> Path:
        """Return the path of a shard's trail: the items on which its attempts died, and the one at work."""
        return self.folder / "markers" / f"{number:06d}.trail"

    def done(self, shard: Shard) -> Marker | None:
        """Return the marker of a shard that is done, else None."""
        try:
            marker = Marker(**json.loads(self.marker(shard.number).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None
        return marker if marker.key == shard.key and self.part(shard.number).exists() else None


def cut(items: Iterable[Item], salt: str) -> Iterator[Shard]:
    """Group a stream of items into shards of at most ``SHARD_ITEMS`` items and about ``SHARD_BYTES`` bytes."""
    group: list[Item] = []
    size = number = 0
    for item in items:
        if group and (len(group) == SHARD_ITEMS or size + len(item.raw) > SHARD_BYTES):
            yield _shard(number, group, salt)
            group, size, number = [], 0, number + 1
        group.append(item)
        size += len(item.raw)
    if group:
        yield _shard(number, group, salt)


def _shard(number: int, items: list[Item], salt: str) -> Shard:
    digest = hashlib.sha256(salt.encode() + b"".join(item.digest for item in items)).hexdigest()
    return Shard(number, tuple(items), digest)


def process(shard: Shard, extractor: Extractor, plan: Plan) -> Marker:
    """Extract a shard's items, write its part and then its marker.

    The name of the item at work stands in a trail file, so that the next attempt knows on what this one died; an item on
    which two have died is only recorded as failed. Raises ``OSError`` where the part cannot be written (a full disk): then
    there is no marker and nothing half-written.
    """
    documents: list[Document] = []
    failed: list[dict[str, str]] = []
    trail = plan.trail(shard.number)
    died = trail.read_text("utf-8", "surrogateescape").splitlines() if trail.exists() else []
    trail.parent.mkdir(parents=True, exist_ok=True)
    for item in shard.items:
        trail.write_text("\n".join([*died, item.name]), encoding="utf-8", errors="surrogateescape")
        outcome = DIED if died.count(item.name) > 1 else attempt(item, extractor, plan.limits)
        if isinstance(outcome, str):
            failed.append({"name": item.name, "error": outcome})
        else:
            documents.append(outcome)
    spans = Counter(span.label for document in documents for span in document.spans)
    characters = sum(len(document.text) for document in documents)
    marker = Marker(shard.key, len(documents), characters, dict(sorted(spans.items())), failed)
    _replace(plan.part(shard.number), lambda path: _WRITERS[plan.form](documents, path))
    _replace(plan.marker(shard.number), lambda path: _write_json(asdict(marker), path))
    trail.unlink(missing_ok=True)
    return marker


def attempt(item: Item, extractor: Extractor, limits: Limits) -> Document | str:
    """Extract one item, or return why it failed."""
    if item.error:
        return item.error
    try:
        return extractor.extract(_document(item, limits))
    except FazhiError as error:
        return str(error)
    except MemoryError:
        return f"{item.name}: not enough memory; raise --limit-memory"
    except Exception as error:  # one odd report must not cost the other ten thousand
        return f"{item.name}: internal error {type(error).__name__}: {error}; please report it with the file"


def _document(item: Item, limits: Limits) -> Document:
    if item.form == "json":
        try:
            raw = json.loads(item.raw)
            found = Document.from_json(
                {"id": item.id, **{name: raw[name] for name in raw if name in ("id", "text", "meta", "alignment")}}
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise FazhiError(f"{item.name}: no document ({error}); a line needs at least a text") from error
        if found.alignment or found.meta.get("sha256"):
            return found  # it has been through ingest already
        return replace(ingest.from_text(found.text, found.id, str(found.meta.get("source") or item.name)), id=found.id)
    return replace(ingest.from_bytes(item.raw, Path(item.name), limits), id=item.id)


def _replace(path: Path, write: Callable[[Path], None]) -> None:
    """Write to a temporary name, flush to the disk, rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        write(temporary)
        with temporary.open("rb") as stream:
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _write_json(content: Mapping[str, Any], path: Path) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, sort_keys=True), encoding="utf-8")


def _write_text(documents: list[Document], path: Path, form: str, encoding: str) -> None:
    with path.open("w", encoding=encoding, newline="") as stream:
        print_documents(documents, form, stream)


def _write_parquet(documents: list[Document], path: Path) -> None:
    from fazhi.batch.parquet import write_documents

    write_documents(documents, path)


def _write_xlsx(documents: list[Document], path: Path) -> None:
    from fazhi.batch.excel import write_workbook

    write_workbook(documents, path)


_WRITERS: Mapping[str, Callable[[list[Document], Path], None]] = {
    "jsonl": lambda documents, path: _write_text(documents, path, "jsonl", "utf-8"),
    "csv": lambda documents, path: _write_text(documents, path, "csv", "utf-8-sig"),
    "parquet": _write_parquet,
    "xlsx": _write_xlsx,
}
FORMATS = tuple(_WRITERS)
