"""The Ray engine: the same shards over an actor pool of Ray Data, on a local or a given cluster (extra ``ray``).

Read → map_batches(actors) → write: the driver reads the inputs and cuts the shards, every actor has its own model and writes
part and marker itself, so ``--out`` must lie on a file system that all nodes share. Rounds of shards keep the driver's
memory flat. An actor that dies is started again by Ray and its shard is tried again (see ``fazhi.batch.trail``).
"""

from __future__ import annotations

import logging
import os
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

from fazhi.batch.local import Crew
from fazhi.batch.shards import BatchError, Marker, Plan, Shard
from fazhi.batch.work import process
from fazhi.errors import FazhiError, MissingExtraError

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # its workers' deaths are told by our own summary
try:
    import ray
    import ray.data
except ImportError as error:
    raise MissingExtraError("ray[data]", "ray") from error

ROUND, ROUND_OF_WORKER = 64, 8
"""Shards a round, at least, and at least for each worker: what lies in the object store at once (4 MB each at the most)."""
OBJECT_STORE = 512 * 2**20
SPARE_CPUS = 2
"""Declared beside one a worker when Ray is started here: actors that took every CPU would starve the reader."""


class Worker:
    """An actor: a model, and the plan it writes by."""

    def __init__(self, crew: Crew, plan: Plan) -> None:
        self._extractor = crew.load()
        self._plan = plan

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[Any]]:
        """Process a batch of one pickled shard; return its number and its marker, or what kept it from being written."""
        shards: list[Shard] = [pickle.loads(raw) for raw in batch["shard"]]  # noqa: S301 - pickled by the driver of this run
        return {"number": [s.number for s in shards], "outcome": [pickle.dumps(self._outcome(shard)) for shard in shards]}

    def _outcome(self, shard: Shard) -> Marker | Exception:
        """Return an error rather than raise it: Ray would wrap it and print its own account of it."""
        try:
            return process(shard, self._extractor, self._plan)
        except (OSError, FazhiError) as error:
            return error


def run(shards: Iterator[Shard], plan: Plan, crew: Crew, address: str | None) -> Iterator[tuple[Shard, Marker]]:
    """Process shards and yield each with its marker, round by round.

    Raises what a worker raised (``OSError`` for a full disk).
    """
    size = max(ROUND, ROUND_OF_WORKER * crew.workers)
    with _cluster(crew, address):
        while round_ := {shard.number: shard for shard in islice(shards, size)}:
            try:
                for row in _processed(round_, plan, crew).iter_rows():
                    outcome = pickle.loads(row["outcome"])  # noqa: S301 - pickled by our own worker
                    if isinstance(outcome, Exception):
                        raise outcome
                    yield round_[row["number"]], outcome
            except ray.exceptions.RayError as error:
                raise BatchError(f"Ray gave up ({_last_line(error)}); run the same command again") from error


def _processed(round_: dict[int, Shard], plan: Plan, crew: Crew) -> Any:  # noqa: ANN401 - Ray is untyped
    rows = [{"shard": pickle.dumps(shard)} for shard in round_.values()]
    read = ray.data.from_items(rows, override_num_blocks=len(rows))
    pool = ray.data.ActorPoolStrategy(size=crew.workers)
    resources = {"num_cpus": 1, "memory": crew.memory or None}
    return read.map_batches(Worker, fn_constructor_args=(crew, plan), batch_size=1, compute=pool, **resources)


@contextmanager
def _cluster(crew: Crew, address: str | None) -> Iterator[None]:
    """Join the cluster at an address, or start one here for as long as the block lasts; one that is joined already stays."""
    if ray.is_initialized():
        yield
        return
    here = {"num_cpus": crew.workers + SPARE_CPUS, "include_dashboard": False, "object_store_memory": OBJECT_STORE}
    try:
        ray.init(**({"address": address} if address else here), log_to_driver=False, logging_level=logging.ERROR)
    except (ray.exceptions.RayError, OSError, RuntimeError, ValueError) as error:
        where = f"no Ray cluster at {address}" if address else "Ray cannot be started"
        raise BatchError(f"{where} ({_last_line(error)}); check --ray-address, or use --engine local") from error
    logging.getLogger("ray.data").setLevel(logging.ERROR)  # it tells of every round
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    try:
        yield
    finally:
        ray.shutdown()


def _last_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:200] if lines else type(error).__name__
