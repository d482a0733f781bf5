"""The folder of a batch: lock, manifest, and what is put together at the end."""

from __future__ import annotations

import errno
import fcntl
import json
import shutil
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fazhi.batch.shards import BatchError, Marker, Plan
from fazhi.writers import whole_file

RUN = "run.json"
RESULTS = ("summary.json", "failed.jsonl")
LOCKS = (".lock", ".workers")
FOLDERS = ("parts", "markers")


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
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise BatchError(f"{folder}: cannot be locked ({error.strerror}); choose another file system") from error
            raise BatchError(f"{folder}: another run is writing into it; wait for it or choose another --out") from error
        yield


@contextmanager
def at_work(folder: Path) -> Iterator[None]:
    """Share the workers' lock of a folder while a shard is in hand: see ``wait_for_workers``."""
    with (folder / ".workers").open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_SH)
        yield


def wait_for_workers(folder: Path, seconds: float = 60.0) -> None:
    """Wait until no worker of an earlier run, whose parent was killed, is still at its last shard.

    Raises ``BatchError`` when it takes longer than ``seconds``.
    """
    end = time.monotonic() + seconds
    with (folder / ".workers").open("a") as handle:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except OSError as error:
                if time.monotonic() > end:
                    what = "workers of an earlier run are still writing into it"
                    raise BatchError(f"{folder}: {what}; wait for them or end them") from error
                time.sleep(0.05)


def prepare(folder: Path, manifest: Mapping[str, Any], force: bool) -> None:
    """Make the folder ready: it is new, or belongs to the very same run; ``force`` empties one of another batch.

    What a killed run has left half-written is removed. Raises ``BatchError`` for a folder of another run, or of none.
    """
    wait_for_workers(folder)
    known = _manifest(folder)
    if known is None and any(not path.name.startswith(".") for path in folder.iterdir()):
        raise BatchError(f"{folder}: it holds files that no batch wrote; choose another --out (--force does not remove them)")
    if known is not None and known != dict(manifest):
        if not force:
            what = f"it holds another run ({_differs(known, manifest)})"
            raise BatchError(f"{folder}: {what}; choose another --out, or --force to replace it")
        _empty(folder)
    for place in (folder, *(folder / name for name in FOLDERS)):
        for path in place.glob(".*") if place.exists() else ():
            if path.name not in LOCKS:
                path.unlink()
    for trail in (folder / "markers").glob("*.trail"):
        trail.unlink()  # of a run that was killed: no item is to blame for that
    with whole_file(folder / RUN) as stream:
        json.dump(manifest, stream, ensure_ascii=False, indent=1, sort_keys=True)


def _empty(folder: Path) -> None:
    """Remove what a batch has written; the manifest goes last, so that a folder half emptied is still known as a batch's."""
    for name in FOLDERS:
        if (folder / name).exists():
            shutil.rmtree(folder / name)
    for name in (*RESULTS, RUN):
        (folder / name).unlink(missing_ok=True)


def _manifest(folder: Path) -> dict[str, Any] | None:
    try:
        found = json.loads((folder / RUN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _differs(known: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    names = sorted(name for name in {*known, *wanted} if known.get(name) != wanted.get(name))
    return "; ".join(f"{name} {_short(known.get(name))}, not {_short(wanted.get(name))}" for name in names)


def _short(value: object) -> str:
    text = " ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 80 else text[:79] + "…"


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


def leftovers(folder: Path, first: Path) -> list[Path]:
    """Return the files that no shard of this run has written: half-written ones, and from the name ``first`` on.

    A longer name is a later one: the millionth shard has a digit more than those before it.
    """
    end = (len(first.stem), first.stem)
    return [path for path in folder.iterdir() if path.name.startswith(".") or (len(path.stem), path.stem) >= end]


def finish(plan: Plan, summary: Summary) -> None:
    """Remove parts of earlier, longer inputs; write ``failed.jsonl`` and ``summary.json`` from the markers."""
    for name, first in (("parts", plan.part(summary.shards)), ("markers", plan.marker(summary.shards))):
        for path in leftovers(plan.folder / name, first):
            path.unlink()
    with whole_file(plan.folder / "failed.jsonl") as stream:
        for number in range(summary.shards):
            marker = plan.read(number)
            for failure in marker.failed if marker else ():
                row = {"name": failure["name"], "error": failure["error"]}
                stream.write(json.dumps(row, ensure_ascii=False) + "\n")
    counts = {name: getattr(summary, name) for name in ("shards", "documents", "failed", "characters")}
    with whole_file(plan.folder / "summary.json") as stream:
        json.dump({**counts, "spans": dict(sorted(summary.spans.items()))}, stream, indent=1)
