"""The folder of a batch: lock, manifest, and what is put together at the end."""

from __future__ import annotations

import fcntl
import json
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fazhi.batch.shards import Marker, Plan
from fazhi.errors import FazhiError
from fazhi.writers import whole_file

RUN = "run.json"


class BatchError(FazhiError):
    """A batch that cannot start or go on."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; a second run into it is refused. The kernel frees the lock when a process dies."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = (folder / ".lock").open("w")
    except OSError as error:
        raise BatchError(f"{folder}: cannot be written ({error.strerror}); choose another --out") from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise BatchError(f"{folder}: another run is writing into it; wait for it or choose another --out") from error
        yield


def prepare(folder: Path, manifest: Mapping[str, Any], force: bool) -> None:
    """Check that the folder is new or belongs to the very same run; ``force`` empties one that does not."""
    strangers = [path for path in folder.iterdir() if path.name != ".lock"]
    known = _manifest(folder)
    if strangers and known != dict(manifest):
        if not force:
            differs = (
                "it is not empty and no batch wrote it"
                if known is None
                else f"it holds another run ({_differs(known, manifest)})"
            )
            raise BatchError(f"{folder}: {differs}; choose another --out, or --force to replace what is in it")
        if known is None:
            raise BatchError(f"{folder}: it holds files that no batch wrote; --force replaces only the folder of another batch")
        for name in ("parts", "markers"):
            shutil.rmtree(folder / name, ignore_errors=True)
    for trail in (folder / "markers").glob("*.trail"):
        trail.unlink()  # of a run that was killed: no item is to blame for that
    with whole_file(folder / RUN) as stream:
        json.dump(manifest, stream, ensure_ascii=False, indent=1, sort_keys=True)


def _manifest(folder: Path) -> dict[str, Any] | None:
    try:
        found = json.loads((folder / RUN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _differs(known: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    names = sorted(name for name in {*known, *wanted} if known.get(name) != wanted.get(name))
    return ", ".join(f"{name} {known.get(name)!r}" for name in names)


@dataclass(slots=True)
class Summary:
    """What a batch has done: shards, of them found done, documents, failures, characters, spans a label."""

    shards: int = 0
    resumed: int = 0
    documents: int = 0
    failed: int = 0
    characters: int = 0
    spans: Counter[str] = field(default_factory=Counter)

    def add(self, marker: Marker, resumed: bool = False) -> None:
        """Count one shard."""
        self.shards += 1
        self.resumed += resumed
        self.documents += marker.documents
        self.failed += len(marker.failed)
        self.characters += marker.characters
        self.spans.update(marker.spans)


def finish(plan: Plan, summary: Summary) -> None:
    """Remove parts of earlier, longer inputs; write ``failed.jsonl`` and ``summary.json`` from the markers."""
    for folder, first in (
        (plan.folder / "parts", plan.part(summary.shards)),
        (plan.folder / "markers", plan.marker(summary.shards)),
    ):
        for path in folder.glob("*") if folder.exists() else ():
            if path.name >= first.name or path.name.startswith("."):
                path.unlink()
    markers = [json.loads(plan.marker(number).read_text(encoding="utf-8")) for number in range(summary.shards)]
    _lines(plan.folder / "failed.jsonl", [failure for marker in markers for failure in marker["failed"]])
    counts = {name: getattr(summary, name) for name in ("shards", "documents", "failed", "characters")}
    with whole_file(plan.folder / "summary.json") as stream:
        json.dump({**counts, "spans": dict(sorted(summary.spans.items()))}, stream, indent=1)


def _lines(path: Path, rows: Sequence[Mapping[str, str]]) -> None:
    with whole_file(path) as stream:
        stream.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
