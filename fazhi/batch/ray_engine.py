"""The Ray engine: the same shards over an actor pool of Ray Data, on a local or a given cluster (extra ``ray``).

Rounds of shards keep the memory flat. The driver is a process of its own (``fazhi.batch.ray_driver``): Ray ends a driver that
loses its node with exit code 1 and no word, at times while it is being shut down after an error, and whoever asked for the
batch would die with it. A driver that dies is replaced, and what its round had left is given to the next one.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from multiprocessing.process import BaseProcess

from fazhi.batch.local import Crew
from fazhi.batch.ray_driver import Outcome, joined, processed, serve
from fazhi.batch.shards import BatchError, Marker, Plan, Shard

ROUND, ROUND_OF_WORKER = 64, 8
"""Shards a round, at least, and at least for each worker: what lies in the object store at once (4 MB each at the most)."""
DEATHS = 3
"""Drivers that die in a row without one shard done before the batch gives up."""
_END_SECONDS = 30


def run(shards: Iterator[Shard], plan: Plan, crew: Crew, address: str | None) -> Iterator[tuple[Shard, Marker]]:
    """Process shards and yield each with its marker, round by round.

    A process that has joined a cluster is the driver itself. Raises what a worker raised (``OSError`` for a full disk), and
    ``BatchError`` where no cluster can be had or drivers keep dying.
    """
    size = max(ROUND, ROUND_OF_WORKER * crew.workers)
    with _driver(plan, crew, address) as process:
        while round_ := {shard.number: shard for shard in islice(shards, size)}:
            for number, outcome in process(list(round_.values())):
                if isinstance(outcome, Exception):
                    raise outcome
                yield round_[number], outcome


@contextmanager
def _driver(plan: Plan, crew: Crew, address: str | None) -> Iterator[Callable[[Sequence[Shard]], Iterator[Outcome]]]:
    if joined():
        yield partial(processed, plan=plan, crew=crew)
        return
    driver = _Driver(plan, crew, address)
    try:
        yield driver.process
    finally:
        driver.end()


class _DiedError(Exception):
    """A driver's process ended without a word."""


class _Driver:
    """A driver's process and the pipe to it; started for the first round, so that a batch with nothing left starts no Ray."""

    def __init__(self, plan: Plan, crew: Crew, address: str | None) -> None:
        self._options = (plan, crew, address)
        self._process: BaseProcess | None = None
        self._busy = False

    def process(self, shards: Sequence[Shard]) -> Iterator[Outcome]:
        """Yield what became of each shard. Raises what ended the driver, or ``BatchError`` after ``DEATHS`` silent ends."""
        left = {shard.number: shard for shard in shards}
        deaths = 0
        while left:
            try:
                for outcome in self._round(list(left.values())):
                    del left[outcome[0]]
                    deaths = 0
                    yield outcome
            except _DiedError as error:
                self.end()
                deaths += 1
                if deaths == DEATHS:
                    what = f"Ray's driver died {DEATHS} times in a row without a word"
                    raise BatchError(f"{what}; look into the logs of Ray, or use --engine local") from error

    def _round(self, shards: Sequence[Shard]) -> Iterator[Outcome]:
        try:
            self._start()
            self._busy = True
            self._pipe.send(shards)
        except OSError as error:
            raise _DiedError from error
        while True:
            try:
                answer = self._pipe.recv()
            except (EOFError, OSError) as error:
                raise _DiedError from error
            if isinstance(answer, tuple):
                yield answer
                continue
            self._busy = False
            if answer is not None:
                raise answer
            return

    def _start(self) -> None:
        if self._process is None:
            context = multiprocessing.get_context("spawn")
            self._pipe, theirs = context.Pipe()
            self._process = context.Process(target=serve, args=(theirs, *self._options), name="fazhi-ray-driver")
            before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # until it can end in peace
            try:
                self._process.start()
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
            theirs.close()  # else its death would not end our waiting

    def end(self) -> None:
        """End the process, at once if it is at work; Ray goes with it."""
        if self._process is None:
            return
        self._pipe.close()
        if self._busy and self._process.is_alive():
            os.kill(self._process.pid or 0, signal.SIGINT)  # at SIGTERM Ray would print a stack
        self._process.join(_END_SECONDS)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._process, self._busy = None, False
