"""The process that talks to Ray: it joins or starts a cluster and puts rounds of shards through an actor pool of Ray Data.

Read → map_batches(actors) → write: the engine sends the shards, every actor has its own model and writes part and marker
itself, so ``--out`` must lie on a file system that all nodes share. An actor that dies is started again by Ray
and its shard is tried again (see ``fazhi.batch.trail``).
"""

from __future__ import annotations

import logging
import os
import pickle
import signal
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any, NoReturn
from urllib.parse import urlsplit

from fazhi.batch.local import Crew, follow_parent
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

OBJECT_STORE = 512 * 2**20
SPARE_CPUS = 2
"""Declared beside one a worker when Ray is started here: actors that took every CPU would starve the reader."""
REACH_SECONDS = 10

Outcome = tuple[int, Marker | Exception]
"""A shard's number, and its marker or what kept it from being written."""


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


def processed(shards: Sequence[Shard], plan: Plan, crew: Crew) -> Iterator[Outcome]:
    """Yield what became of each shard, in the cluster that is joined. Raises ``BatchError`` where Ray gives up."""
    rows = [{"shard": pickle.dumps(shard)} for shard in shards]
    read = ray.data.from_items(rows, override_num_blocks=len(rows))
    pool = ray.data.ActorPoolStrategy(size=crew.workers)
    resources = {"num_cpus": 1, "memory": crew.memory or None}
    data = read.map_batches(Worker, fn_constructor_args=(crew, plan), batch_size=1, compute=pool, **resources)
    try:
        for row in data.iter_rows():
            yield int(row["number"]), pickle.loads(row["outcome"])  # noqa: S301 - pickled by our own worker
    except ray.exceptions.RayError as error:
        raise BatchError(f"Ray gave up ({_last_line(error)}); run the same command again") from error


def serve(pipe: Connection, plan: Plan, crew: Crew, address: str | None) -> None:
    """Be the driver: receive lists of shards until the pipe ends; answer each with its outcomes and None.

    What ends the batch, such as a cluster that is not there, is an answer, too. SIGINT, blocked until here, ends it.
    """
    signal.signal(signal.SIGINT, _interrupt)
    threading.Thread(target=follow_parent, daemon=True).start()
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        with _cluster(crew, address):
            while True:
                for outcome in processed(pipe.recv(), plan, crew):
                    pipe.send(outcome)
                pipe.send(None)
    except FazhiError as error:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        pipe.send(error)
    except (EOFError, BrokenPipeError, KeyboardInterrupt):  # the parent has what it wanted, or wants no more
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _interrupt(*_: object) -> NoReturn:
    """Interrupt this process once: Ctrl-C at a terminal comes beside the parent's signal, and must not stop Ray's shutdown."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise KeyboardInterrupt


def joined() -> bool:
    """Return whether this process has joined a cluster."""
    return bool(ray.is_initialized())


@contextmanager
def _cluster(crew: Crew, address: str | None) -> Iterator[None]:
    """Join the cluster at an address, or start one here for as long as the block lasts."""
    here = {"num_cpus": crew.workers + SPARE_CPUS, "include_dashboard": False, "object_store_memory": OBJECT_STORE}
    try:
        if address:
            _reach(address)
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


def _reach(address: str) -> None:
    """Raise ``OSError`` (``ValueError``) where nobody listens at ``[ray://]HOST:PORT``: Ray itself would try for minutes."""
    place = urlsplit(address if "://" in address else f"//{address}")
    if place.hostname and place.port is not None:
        socket.create_connection((place.hostname, place.port), timeout=REACH_SECONDS).close()


def _last_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:200] if lines else type(error).__name__
