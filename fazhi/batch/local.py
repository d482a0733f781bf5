"""The local engine: worker processes, each with a model of its own, over a bounded queue of shards.

A process reads, tokenises, infers, decodes and writes its shard on its own, so that all cores work at every stage and nothing
waits; the parent only reads the inputs and counts. A worker that dies takes at most its shard with it: the shards in flight are
tried again one at a time, and the item that kills a worker twice is recorded as failed.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.connection import wait as wait_for

from fazhi.batch.shards import BatchError, Marker, Plan, Shard
from fazhi.batch.work import process
from fazhi.errors import FazhiError
from fazhi.extractor import Extractor

_MORE = "give more with --limit-memory, or fewer --workers"
LEAST_MEMORY = 128 * 2**20
"""Bytes a worker needs before it has read a report: with less, Python itself fails at places that no one can foresee."""


@dataclass(frozen=True, slots=True)
class Crew:
    """How many workers, with which model, and the memory limit of each (bytes, 0 for none)."""

    workers: int
    model: str
    memory: int = 0

    def __post_init__(self) -> None:
        """Refuse a limit under which no worker could start."""
        if 0 < self.memory < LEAST_MEMORY:
            what = f"{self.memory / 2**20:.0f} MB are too little for a worker, it needs {LEAST_MEMORY / 2**20:.0f}"
            raise BatchError(f"{what}; {_MORE}")

    @property
    def threads(self) -> int:
        """The cores of each worker."""
        return max(1, len(os.sched_getaffinity(0)) // self.workers)

    def start(self, workers: int | None = None) -> ProcessPoolExecutor:
        """Start the worker processes (spawned: onnxruntime's threads do not survive a fork)."""
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(workers or self.workers, context, _begin, (self,))

    def load(self) -> Extractor:
        """Limit this process to its memory and cores and load the model. Raises ``BatchError`` where that is too little."""
        os.environ["RAYON_NUM_THREADS"] = str(self.threads)  # the tokenizer's
        if self.memory:
            resource.setrlimit(resource.RLIMIT_DATA, (self.memory, self.memory))
        try:
            return Extractor.from_pretrained(self.model, threads=self.threads)
        except (FazhiError, MemoryError) as error:
            if not self.memory:
                raise
            what = f"a worker cannot load the model within {self.memory / 2**20:.0f} MB ({error or 'out of memory'})"
            raise BatchError(f"{what}; {_MORE}") from error


_extractor: Extractor | FazhiError | None = None


def _begin(crew: Crew) -> None:
    global _extractor
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent gets it too, and ends the pool
    threading.Thread(target=follow_parent, daemon=True).start()
    try:
        _extractor = crew.load()
    except FazhiError as error:
        _extractor = error  # raised here it would only break the pool and be lost


def follow_parent() -> None:
    """End this process with its parent: nobody may write into a folder whose lock is free again."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait_for([parent.sentinel])
        os._exit(1)


def _work(shard: Shard, plan: Plan) -> Marker:
    if not isinstance(_extractor, Extractor):
        raise _extractor or BatchError("a worker has no model")
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
                yield from _rescued(pending, plan, crew)
                pending, pool = {}, crew.start()
                continue
            for future in finished:
                yield pending.pop(future), future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _rescued(pending: dict[Future[Marker], Shard], plan: Plan, crew: Crew) -> Iterator[tuple[Shard, Marker]]:
    """Yield what was in flight when the pool broke: results that are there already, and the rest one after the other."""
    for future, shard in pending.items():
        ready = future.done() and not future.cancelled() and future.exception() is None
        yield shard, future.result() if ready else rescue(shard, plan, crew)


def _submit(pool: ProcessPoolExecutor, shard: Shard, plan: Plan) -> Future[Marker]:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # a worker that starts now must not get our Ctrl-C
    try:
        return pool.submit(_work, shard, plan)
    except BrokenProcessPool as error:  # it broke between two submissions: let the caller find it where it waits
        broken: Future[Marker] = Future()
        broken.set_exception(error)
        return broken
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def rescue(shard: Shard, plan: Plan, crew: Crew) -> Marker:
    """Process a shard again, alone, until its trail has told every item that kills a worker (twice each).

    Raises ``BatchError`` where workers die without having begun on an item.
    """
    trail = plan.trail(shard.number)
    for _ in range(2 * len(shard.items) + 1):
        before = _size(trail)
        marker = _alone(shard, plan, crew)
        if marker is not None:
            return marker
        if _size(trail) == before:
            break
    limit = f" within {crew.memory / 2**20:.0f} MB" if crew.memory else ""
    raise BatchError(f"workers die{limit} before or after their work on shard {shard.number}; {_MORE}")


def _size(path: os.PathLike[str]) -> int:
    return os.stat(path).st_size if os.path.exists(path) else 0  # noqa: PTH116, PTH110 - of whatever kind of path


def _alone(shard: Shard, plan: Plan, crew: Crew) -> Marker | None:
    with crew.start(1) as pool:
        try:
            return _submit(pool, shard, plan).result()
        except BrokenProcessPool:
            return None
