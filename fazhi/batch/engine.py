"""One contract for both engines: the same shards, markers, files and results, whoever does the work."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fazhi import __version__
from fazhi.batch import items as inputs
from fazhi.batch import local
from fazhi.batch.folder import BatchError, Summary, finish, locked, prepare
from fazhi.batch.shards import FORMATS, Marker, Plan, Shard, cut
from fazhi.ingest.limits import Limits
from fazhi.model_dir import ModelDirectory

Progress = Callable[[int], None]
"""Called with the number of items of every shard that is done."""


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

    @property
    def manifest(self) -> dict[str, Any]:
        """What makes two runs the same run; who does the work, and with how many hands, does not."""
        return {"paths": list(self.paths), "format": self.form, "model": ModelDirectory.open(self.model).version}


def run(options: Options, progress: Progress = lambda _: None) -> Summary:
    """Run a batch to its end and return what it did; run it again after any interruption and it goes on.

    Raises ``BatchError`` (and ``ModelError``, ``InputError``) where it cannot start or go on; what is done stays done.
    """
    if options.form not in FORMATS:
        raise BatchError(f"unknown format {options.form!r}; choose {', '.join(FORMATS)}")
    manifest = options.manifest
    with locked(options.out):
        try:
            prepare(options.out, manifest, options.force)
            plan = Plan(
                options.out,
                options.form,
                options.limits,
                f"{__version__}\0{manifest['model']}\0{options.form}\0{options.limits}",
            )
            summary = Summary()
            for shard, marker, resumed in _markers(options, plan):
                summary.add(marker, resumed)
                progress(len(shard.items))
            finish(plan, summary)
        except OSError as error:
            what = f"cannot be written ({error.strerror or error}); make room or mend it, then run the same command again"
            raise BatchError(f"{options.out}: {what}") from error
    return summary


def _markers(options: Options, plan: Plan) -> Iterator[tuple[Shard, Marker, bool]]:
    """Yield every shard with its marker; those that are done already come without any work, in between."""
    done: list[tuple[Shard, Marker, bool]] = []

    def todo() -> Iterator[Shard]:
        for shard in cut(inputs.items(options.paths, options.limits), plan.salt):
            marker = plan.done(shard)
            if marker is None or (options.retry_failed and marker.failed):
                yield shard
            else:
                done.append((shard, marker, True))

    for shard, marker in _engine(options)(todo(), plan):
        yield from done
        done.clear()
        yield shard, marker, False
    yield from done


def _engine(options: Options) -> Callable[[Iterator[Shard], Plan], Iterator[tuple[Shard, Marker]]]:
    model = str(ModelDirectory.open(options.model).path.resolve())
    crew = local.Crew(options.workers, model, options.memory // options.workers)
    if options.engine == "local":
        return lambda shards, plan: local.run(shards, plan, crew)
    if options.engine == "ray":
        from fazhi.batch import ray_engine  # ray only where it is asked for

        return lambda shards, plan: ray_engine.run(shards, plan, crew, options.address)
    raise BatchError(f"unknown engine {options.engine!r}; choose local or ray")
