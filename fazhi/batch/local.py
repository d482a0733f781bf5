"""The local engine: worker processes, each with a model of its own, over a bounded queue of shards.

A process reads, tokenises, infers, decodes and writes its shard on its own, so that all cores work at every stage and nothing
waits; the parent only reads the inputs and counts. A worker that dies takes at most its shard with it: the shards in flight are
tried again one at a time, and the item that kills a worker twice is recorded as failed.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

from fazhi.batch.shards import Marker, Plan, Shard, process
from fazhi.extractor import Extractor

_extractor: Extractor | None = None


@dataclass(frozen=True, slots=True)
class Crew:
    """How many workers, with which model, backend, and memory limit a worker (bytes, 0 for none)."""

    workers: int
    model: str
    memory: int = 0

    def start(self, workers: int | None = None) -> ProcessPoolExecutor:
        """Start the worker processes (spawned: onnxruntime's threads do not survive a fork)."""
        count = workers or self.workers
        threads = max(1, len(os.sched_getaffinity(0)) // count)
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(count, context, _begin, (self.model, threads, self.memory))


def _begin(model: str, threads: int, memory: int) -> None:
    global _extractor
    if memory:
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    _extractor = Extractor.from_pretrained(model, threads=threads)


def _work(shard: Shard, plan: Plan) -> Marker:
    if _extractor is None:
        raise RuntimeError("the worker has no model")
    return process(shard, _extractor, plan)


def run(shards: Iterator[Shard], plan: Plan, crew: Crew) -> Iterator[tuple[Shard, Marker]]:
    """Process shards and yield each with its marker as it gets done.

    At most two shards a worker are in flight. Raises what a worker raises (``OSError`` for a full disk).
    """
    source = iter(shards)
    pool = crew.start()
    pending: dict[Future[Marker], Shard] = {}
    try:
        while True:
            while len(pending) < 2 * crew.workers and (shard := next(source, None)) is not None:
                pending[_submit(pool, shard, plan)] = shard
            if not pending:
                return
            finished, _ = wait(pending, return_when=FIRST_COMPLETED)
            if any(isinstance(future.exception(), BrokenProcessPool) for future in finished):
                pool.shutdown(cancel_futures=True)
                rescued = sorted(pending.values(), key=lambda shard: shard.number)
                pending = {}
                for shard in rescued:
                    yield shard, rescue(shard, plan, crew)
                pool = crew.start()
                continue
            for future in finished:
                yield pending.pop(future), future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _submit(pool: ProcessPoolExecutor, shard: Shard, plan: Plan) -> Future[Marker]:
    try:
        return pool.submit(_work, shard, plan)
    except BrokenProcessPool as error:  # it broke between two submissions: let the caller find it where it waits
        broken: Future[Marker] = Future()
        broken.set_exception(error)
        return broken


def rescue(shard: Shard, plan: Plan, crew: Crew) -> Marker:
    """Process a shard again, alone, until its trail has told every item that kills a worker (twice each)."""
    marker = plan.done(shard)
    for _ in range(2 * len(shard.items) + 1):
        if marker is not None:
            return marker
        marker = _alone(shard, plan, crew)
    raise BrokenProcessPool(f"shard {shard.number} kills its worker whatever is left out")


def _alone(shard: Shard, plan: Plan, crew: Crew) -> Marker | None:
    with crew.start(1) as pool:
        try:
            return _submit(pool, shard, plan).result()
        except BrokenProcessPool:
            return None
