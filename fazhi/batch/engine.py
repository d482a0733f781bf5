"""One contract for both engines: the same shards, markers, files and results, whoever does the work."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fazhi import __version__
from fazhi.batch import items as inputs
from fazhi.batch import local
from fazhi.batch.folder import Summary, finish, locked, prepare
from fazhi.batch.item import printable
from fazhi.batch.shards import BatchError, Marker, Plan, Shard, cut, writer
from fazhi.ingest.limits import Limits
from fazhi.model_dir import ModelDirectory

Progress = Callable[[int, bool], None]
"""Called for every shard that is done: its number of items, and whether it was done before."""
Engine = Callable[[Iterator[Shard], Plan], Iterable[tuple[Shard, Marker]]]

_MEND = "make room or mend it, then run the same command again: what is done stays done"


@dataclass(frozen=True, slots=True)
class Options:
    """What a batch is asked to do; ``memory`` is the limit of all workers together in bytes, 0 for none."""

    paths: Sequence[str]
    out: Path
    form: str = "jsonl"
    model: str | None = None
    workers: int = 1
    memory: int = 0
    engine: str = "local"
    address: str | None = None
    force: bool = False
    retry_failed: bool = False
    limits: Limits = field(default_factory=Limits)


def run(options: Options, progress: Progress = lambda *_: None) -> Summary:
    """Run a batch to its end and return what it did; run it again after any interruption and it goes on.

    Raises ``BatchError`` (``ModelError``, ``MissingExtraError``) where it cannot start or go on; what is done stays done.
    """
    writer(options.form)  # a missing library should be missed now
    model = ModelDirectory.open(options.model)
    engine = _engine(options, str(model.path.resolve()))
    out = options.out.resolve()
    plan = Plan(out, options.form, options.limits, f"{__version__}\0{model.version}\0{options.form}\0", options.retry_failed)
    with locked(options.out):
        try:
            prepare(out, manifest(options, model), options.force)
            return _run(options, plan, engine, progress)
        except OSError as error:
            raise BatchError(f"{options.out}: cannot be written ({error.strerror or error}); {_MEND}") from error
        except sqlite3.Error as error:
            raise BatchError(f"the folder for temporary files: {error}; make room there, or set SQLITE_TMPDIR") from error


def manifest(options: Options, model: ModelDirectory) -> dict[str, Any]:
    """Return what makes two runs the same run; who does the work, and with how many hands, does not."""
    return {"paths": [printable(path) for path in options.paths], "format": options.form, "model": model.version}


def _run(options: Options, plan: Plan, engine: Engine, progress: Progress) -> Summary:
    summary = Summary()

    def count(shard: Shard, marker: Marker, resumed: bool) -> None:
        summary.add(marker, resumed)
        progress(len(shard.items), resumed)

    def left() -> Iterator[Shard]:
        for shard in cut(inputs.items(options.paths, options.limits, plan.folder), plan.salt):
            marker = plan.done(shard)
            if marker is None:
                yield shard
            else:
                count(shard, marker, True)

    for shard, marker in engine(left(), plan):
        count(shard, marker, False)
    if not summary.shards:
        raise BatchError(f"{' '.join(map(printable, options.paths))}: no report in it; see fazhi batch --help for what is read")
    finish(plan, summary)
    return summary


def _engine(options: Options, model: str) -> Engine:
    crew = local.Crew(options.workers, model, options.memory // options.workers)
    if options.engine == "local":
        return lambda shards, plan: local.run(shards, plan, crew)
    if options.engine == "ray":
        from fazhi.batch import ray_engine  # ray only where it is asked for

        return lambda shards, plan: ray_engine.run(shards, plan, crew, options.address)
    raise BatchError(f"unknown engine {options.engine!r}; choose local or ray")
