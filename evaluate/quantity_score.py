"""Quantities against those of the real reports: ``python -m evaluate.quantity_score ../shared/gold/records.json``."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fazhi.quantities import parse

FIELDS = ("value", "unit", "kind", "bound")


@dataclass(frozen=True, slots=True)
class Difference:
    """A METRIC whose quantities are read otherwise than annotated."""

    report: str
    text: str
    expected: list[dict[str, Any]]
    found: list[dict[str, Any]]


def score(records: Mapping[str, Sequence[Mapping[str, Any]]]) -> tuple[int, list[Difference]]:
    """Return the number of METRIC spans, and those where value, unit, kind or bound of any quantity differs."""
    differences: list[Difference] = []
    total = 0
    for report, metrics in records.items():
        for metric in metrics:
            total += 1
            found = [_fields(quantity.to_json()) for quantity in parse(metric["text"])]
            expected = [_fields(quantity) for quantity in metric["quantities"]]
            if found != expected:
                differences.append(Difference(report, metric["text"], expected, found))
    return total, differences


def _fields(quantity: Mapping[str, Any]) -> dict[str, Any]:
    value = quantity["value"]
    return {name: quantity[name] for name in FIELDS} | {"value": None if value is None else round(float(value), 6)}


def main() -> None:
    """Print the share of METRIC spans read as annotated, and every other one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("records", type=Path, help="records.json of the real reports")
    total, differences = score(json.loads(parser.parse_args().records.read_text(encoding="utf-8")))
    lines = [f"{item.report}  {item.text}\n  expected {item.expected}\n  found    {item.found}" for item in differences]
    right = total - len(differences)
    print("\n".join([f"{right} of {total} METRIC spans: {right / total:.4f}", *lines]))  # noqa: T201


if __name__ == "__main__":
    main()
