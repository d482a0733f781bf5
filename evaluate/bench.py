"""``python -m evaluate.bench``: how fast fazhi is, against what, and how near to what the machine can do.

All that is compared is timed in turn, round after round, in one run on the same reports; a ratio is the median of the rounds'
ratios. The spans of the contenders are not compared here: the evaluation suite does that.
"""

from __future__ import annotations

import json
import os
import platform
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import onnxruntime
import torch
import transformers
import typer

from data.inline import REPORTS, read
from evaluate import bench_contenders as contenders
from evaluate import bench_growth as growth
from evaluate import bench_operations, bench_report
from fazhi.batch.shards import SHARD_ITEMS
from fazhi.document import Document

Facts = dict[str, Any]
SMALL, SMALL_ROUNDS = 100, 5
"""Batches of so few reports take seconds, most of them to start: they are run several times, and the median counts."""


def versus(runs: Mapping[str, contenders.Run], documents: Sequence[Document], rounds: int) -> dict[str, list[float]]:
    """Return the seconds of every contender in every round; one report each warms them up first."""
    for run in runs.values():
        run(documents[:1])
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            started = time.perf_counter()
            run(documents)
            seconds[name].append(time.perf_counter() - started)
    return seconds


def rows(seconds: Mapping[str, Sequence[float]], characters: int, ours: str) -> list[Facts]:
    """Return characters a second of every contender and how many times as fast ours is."""
    return [
        {
            "name": name,
            "rate": characters / median(times),
            "ratio": median(other / mine for other, mine in zip(times, seconds[ours], strict=True)),
        }
        for name, times in seconds.items()
    ]


def speed(model: Path, beside: Path, documents: Sequence[Document], train: Sequence[Document], rounds: int) -> list[Facts]:
    """Time (a), (b), (c) and (g): on all cores against the pipelines and another model of ours, on one against spaCy."""
    characters = sum(len(document.text) for document in documents)
    pipelines: dict[str, contenders.Run] = {"fazhi, all cores": contenders.fazhi(model)}
    for batch in (1, 8):
        pipelines[f"(a) pipeline, torch float32, batch {batch}"] = contenders.pipeline_float(model, batch)
    pipelines["(b) pipeline, our int8 ONNX file"] = contenders.pipeline_onnx(model)
    pipelines[f"(g) {beside.name}, all cores"] = contenders.fazhi(beside)
    found = rows(versus(pipelines, documents, rounds), characters, "fazhi, all cores")
    single = {"fazhi, one core": contenders.fazhi(model, 1), "(c) spaCy, one core": contenders.spacy_baseline(train)}
    pinned = {name: contenders.on_one_core(run) for name, run in single.items()}
    return found + rows(versus(pinned, documents, rounds), characters, "fazhi, one core")


def grow(model: Path, documents: Sequence[Document], sizes: Sequence[int], characters: int) -> list[Facts]:
    """Measure (e): batches of growing size on all cores, and the first that is large enough on one core, too.

    Both begin with a batch of one shard a worker: what a larger one takes beyond it is the cost of its reports, not the start.
    """
    found = []
    cores = len(os.sched_getaffinity(0))
    shard = SHARD_ITEMS[0]
    plan = [(shard * cores, cores), (shard, 1), *((size, cores) for size in sizes), (sizes[min(1, len(sizes) - 1)], 1)]
    with tempfile.TemporaryDirectory() as folder:
        for index, (size, workers) in enumerate(dict.fromkeys(plan)):  # one core has no second series
            source = Path(folder) / f"{index}.jsonl"
            growth.generate(documents, size, characters, source)
            outs = [Path(folder) / f"out-{index}-{again}" for again in range(SMALL_ROUNDS if size <= SMALL else 1)]
            costs = [growth.batch(source, out, model, workers) for out in outs]
            seconds, memory = median(cost.seconds for cost in costs), median(cost.memory for cost in costs)
            found.append({"reports": size, "workers": workers, "seconds": seconds, "memory": memory})
            typer.echo(f"batch of {size} on {workers}: {seconds:.1f} s, {memory / 2**20:.0f} MB", err=True)
    return found


def machine() -> Facts:
    """Return what the numbers depend on."""
    flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    name = next((line.split(":")[1].strip() for line in flags.splitlines() if line.startswith("model name")), "")
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "cpu": name,
        "cores": len(os.sched_getaffinity(0)),
        "instructions": ", ".join(flag for flag in ("avx2", "avx512f", "avx512_vnni", "amx_int8") if flag in flags),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GB",
        "load": os.getloadavg()[0],
        "versions": f"Python {platform.python_version()}, onnxruntime {onnxruntime.__version__}, "
        f"torch {torch.__version__}, transformers {transformers.__version__}",
    }


def bench(model: Path, beside: Path, reports: int, rounds: int, sizes: Sequence[int], characters: int) -> Facts:
    """Run everything and return the numbers."""
    documents = [read(path) for path in sorted(REPORTS.glob("*.txt"))]
    step = max(1, len(documents) // reports)
    bare = [Document(document.id, document.text) for document in documents[::step][:reports]]
    facts: Facts = {"machine": machine(), "model": model.name, "beside": beside.name, "reports": len(bare), "rounds": rounds}
    facts["characters"] = sum(len(document.text) for document in bare)
    typer.echo("(f) start-up", err=True)
    facts["start"] = growth.cold_start(REPORTS.with_name("samples") / "yunxiu-justice-2024.txt", model, max(3, rounds))
    typer.echo("(d) operations", err=True)
    facts["operations"] = bench_operations.measure(model, 20 * rounds)
    typer.echo("(a), (b), (c), (g)", err=True)
    facts["speed"] = speed(model, beside, bare, documents, rounds)
    typer.echo("(e) growth", err=True)
    facts["part"] = characters
    facts["growth"] = grow(model, documents, sizes, characters)
    return facts


def main(
    model: Annotated[Path, typer.Option(help="Model directory with ONNX file and safetensors.")] = Path("models/fazhi-small"),
    beside: Annotated[Path, typer.Option(help="Another model of ours, for (g).")] = Path("models/fazhi-fast"),
    reports: Annotated[int, typer.Option(help="Reports of the corpus for (a), (b), (c), (g).")] = 24,
    rounds: Annotated[int, typer.Option(help="Rounds of all but (e).")] = 5,
    sizes: Annotated[str, typer.Option(help="Sizes of the batches of (e).")] = "100,1000,10000",
    characters: Annotated[int, typer.Option(help="Characters of a report of (e), about.")] = 300,
    out: Annotated[Path | None, typer.Option(help="Write the page here, and the numbers beside it as JSON.")] = None,
) -> None:
    """Print the table; with ``--out docs/benchmarks.md`` write the page, too."""
    facts = bench(model, beside, reports, rounds, [int(size) for size in sizes.split(",")], characters)
    page = bench_report.page(facts)
    typer.echo(page)
    if out is not None:
        out.write_text(page, encoding="utf-8")
        out.with_suffix(".json").write_text(json.dumps(facts, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    typer.run(main)
