"""The page of the bench: the table against the targets, the machine, the growth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Facts = dict[str, Any]
TARGET_PIPELINE, TARGET_OPERATIONS, TARGET_FLAT, TARGET_START = 6.0, 0.6, 0.1, 1.5


def page(facts: Facts) -> str:
    """Return the page as Markdown."""
    return "\n".join([*_head(facts), *_targets(facts), "", *_speed(facts), "", *_operations(facts), "", *_growth(facts), ""])


def _head(facts: Facts) -> list[str]:
    machine = facts["machine"]
    return [
        "# Benchmarks",
        "",
        "Written by `make bench` (`python -m evaluate.bench --out docs/benchmarks.md`); `benchmarks.json` holds the numbers.",
        "All that is compared ran in turn, in one run, on the same reports; a ratio is the median of the rounds' ratios.",
        "",
        f"{machine['date']}: {machine['cpu']}, {machine['cores']} cores ({machine['instructions']}), {machine['memory']}, "
        f"load at the start {machine['load']:.1f}; {machine['versions']}. Model {facts['model']}; {facts['reports']} reports "
        f"of the corpus with {facts['characters']:,} characters for (a) to (c) and (g), {facts['rounds']} rounds.",
        "",
    ]  # fmt: skip


def _targets(facts: Facts) -> list[str]:
    checks = [
        (
            "(a) times as fast as transformers' pipeline in float32, its better batch size",
            best(facts, "(a)"),
            TARGET_PIPELINE,
            "×",
        ),
        ("(b) times as fast as the pipeline on our int8 file", best(facts, "(b)"), None, "×"),
        ("(c) times as fast as spaCy, one core each", best(facts, "(c)"), None, "×"),
        ("(d) share of the bare matrix products' speed inside the encoder", share(facts), TARGET_OPERATIONS, ""),
    ]
    lines = ["| what | measured | target |", "|---|---|---|"]
    for name, value, target, unit in checks:
        lines.append(f"| {name} | {value:.2f}{unit} | {f'≥ {target:g}{unit}, {_met(value >= target)}' if target else '–'} |")
    for name, value in (("time a report", spread(facts, "seconds")), ("peak memory", spread(facts, "memory"))):
        sizes = [row["reports"] for row in series(facts)]
        what = f"(e) {name}, largest difference from {min(sizes):,} to {max(sizes):,} reports"
        lines.append(f"| {what} | {value:.1%} | ≤ {TARGET_FLAT:.0%}, {_met(value <= TARGET_FLAT)} |")
    seconds, imports = facts["start"]
    start = f"{seconds:.2f} s, {imports:.0%} of it imports"
    return [
        *lines,
        f"| (f) `fazhi extract` of one report, fresh process | {start} | < {TARGET_START} s, {_met(seconds < TARGET_START)} |",
        f"| (g) times as fast as {facts['model']} is {facts['beside']}, all cores | {1 / best(facts, '(g)'):.2f}× | – |",
    ]


def _met(met: bool) -> str:
    return "met" if met else "**missed**"


def best(facts: Facts, letter: str) -> float:
    """Return how many times as fast we are as the faster variant of a contender."""
    return min(float(row["ratio"]) for row in facts["speed"] if row["name"].startswith(letter))


def share(facts: Facts) -> float:
    """Return the encoder's operations a second over those of the bare products."""
    return float(facts["operations"]["products"] / facts["operations"]["encoder"])


def net(growth: Sequence[Facts], workers: int) -> list[Facts]:
    """Return the batches on so many workers, without the first, with seconds a report net of the first.

    The first only starts: every worker does one shard.
    """
    start, *rows = [row for row in growth if row["workers"] == workers]
    return [{**row, "each": (row["seconds"] - start["seconds"]) / (row["reports"] - start["reports"])} for row in rows]


def series(facts: Facts) -> list[Facts]:
    """Return the batches on all cores, net of their start."""
    return net(facts["growth"], facts["machine"]["cores"])


def spread(facts: Facts, name: str) -> float:
    """Return the largest difference of a column to its value at the smallest size, relative."""
    values = [row["each" if name == "seconds" else name] for row in series(facts)]
    return float(max(abs(value / values[0] - 1) for value in values))


def _speed(facts: Facts) -> list[str]:
    lines = ["## Speed", "", "| who | characters a second | ours is faster by |", "|---|---|---|"]
    return lines + [f"| {row['name']} | {row['rate']:,.0f} | {row['ratio']:.2f}× |" for row in facts["speed"]]


def _operations(facts: Facts) -> list[str]:
    found = facts["operations"]
    rates: Sequence[tuple[str, float]] = (
        ("the encoder, all of it", found["encoder"]),
        ("its matrix products alone", found["products"]),
    )
    lines = ["## Operations on one core", "", "| what | milliseconds a window | 10⁹ operations a second |", "|---|---|---|"]
    return lines + [f"| {name} | {1e3 * time:.1f} | {found['operations'] / time / 1e9:.0f} |" for name, time in rates]


def _growth(facts: Facts) -> list[str]:
    about = [
        f"Parts of reports of about {facts['part']} characters, numbers swapped (`data.augment`), as JSON lines; peak memory",
        "of all processes, each page counted once. The first rows are the start: a shard for every worker. Milliseconds a",
        "report are those that every report beyond them takes.",
    ]
    lines = [
        "## Growth", "", *about, "",
        "| reports | workers | seconds | milliseconds a report | peak memory |", "|---|---|---|---|---|",
    ]  # fmt: skip
    counts = {row["workers"] for row in facts["growth"]}
    each = {(row["workers"], row["reports"]): row["each"] for count in counts for row in net(facts["growth"], count)}
    for row in facts["growth"]:
        cost = each.get((row["workers"], row["reports"]))
        told = "–" if cost is None else f"{1e3 * cost:.1f}"
        lines.append(
            f"| {row['reports']:,} | {row['workers']} | {row['seconds']:.1f} | {told} | {row['memory'] / 2**20:.0f} MB |"
        )
    return lines
