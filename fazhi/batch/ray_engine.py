"""The Ray engine: the same shards over an actor pool of Ray Data, on a local or a given cluster (extra ``ray``).

Read → map_batches(actors) → write: the driver reads the inputs and cuts the shards, every actor has its own model and writes
part and marker itself, so ``--out`` must lie on a file system that all nodes share. Rounds of shards keep the driver's
memory flat. An actor that dies is started again by Ray and its shard is tried again (see ``fazhi.batch.shards``).
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice
from typing import Any

from fazhi.batch.local import Crew
from fazhi.batch.shards import Marker, Plan, Shard, process
from fazhi.errors import MissingExtraError
from fazhi.extractor import Extractor

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
try:
    import ray
    import ray.data
except ImportError as error:
    raise MissingExtraError("ray[data]", "ray") from error

ROUND = 64
"""Shards a round: what lies in the object store at once."""
OBJECT_STORE = 512 * 2**20
SPARE_CPUS = 2
"""Declared beside one a worker when Ray is started here: actors that took every CPU would starve the reader."""


class Worker:
    """An actor: a model, and the plan it writes by."""

    def __init__(self, model: str, plan: Plan) -> None:
        self._extractor = Extractor.from_pretrained(model, threads=1)
        self._plan = plan

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[Any]]:
        """Process a batch of one pickled shard; return its number and its marker."""
        shards = [pickle.loads(raw) for raw in batch["shard"]]  # noqa: S301 - pickled by the driver of this very run
        markers = [asdict(self._plan.done(shard) or process(shard, self._extractor, self._plan)) for shard in shards]
        return {"number": [shard.number for shard in shards], "marker": [pickle.dumps(marker) for marker in markers]}


def run(shards: Iterator[Shard], plan: Plan, crew: Crew, address: str | None) -> Iterator[tuple[Shard, Marker]]:
    """Process shards and yield each with its marker, round by round."""
    mine = not ray.is_initialized()
    if mine and address:
        ray.init(address=address, log_to_driver=False)
    elif mine:
        cpus = crew.workers + SPARE_CPUS
        ray.init(num_cpus=cpus, include_dashboard=False, object_store_memory=OBJECT_STORE, log_to_driver=False)
    ray.data.DataContext.get_current().enable_progress_bars = False
    try:
        while round_ := {shard.number: shard for shard in islice(shards, ROUND)}:
            rows = ray.data.from_items(
                [{"shard": pickle.dumps(shard)} for shard in round_.values()], override_num_blocks=len(round_)
            )
            done = rows.map_batches(
                Worker, fn_constructor_args=(crew.model, plan), batch_size=1, concurrency=crew.workers, num_cpus=1
            )
            for row in done.iter_rows():
                yield round_[row["number"]], Marker(**pickle.loads(row["marker"]))  # noqa: S301 - pickled by our own worker
    finally:
        if mine:
            ray.shutdown()
