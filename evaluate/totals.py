"""What an analyst draws from the records: canonical indicators and sums, predicted against gold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from math import isclose
from statistics import median
from typing import Any

from evaluate.recordalign import Record, Records, aligned


def indicator_accuracy(gold: Records, found: Records) -> dict[str, float | int | None]:
    """Return the share of aligned records with the gold's canonical indicator, where the gold has one."""
    rows = [
        (truth.fields["indicator_code"], guess.fields.get("indicator_code"))
        for name, items in gold.items()
        for truth, guess in aligned(items, found.get(name, ()))
        if truth and guess and truth.fields.get("indicator_code")
    ]
    right = sum(truth == guess for truth, guess in rows)
    return {"records": len(rows), "accuracy": right / len(rows) if rows else None}


def compare_totals(gold: Records, found: Records) -> dict[str, Any]:
    """Compare the sums an analyst would draw: of all counts and of all money, by report and unit.

    ``rows`` are ``(report, unit, gold, predicted, relative error)``; the summary is the median of the absolute relative errors
    and the share of sums that are exact.
    """
    rows: list[dict[str, Any]] = []
    for name, items in gold.items():
        truth, guess = _sums(items), _sums(found.get(name, ()))
        for unit in sorted(truth):
            error = (guess[unit] - truth[unit]) / truth[unit] if truth[unit] else None
            rows.append({"report": name, "unit": unit, "gold": truth[unit], "predicted": guess[unit], "error": error})
    errors = [abs(row["error"]) for row in rows if row["error"] is not None]
    exact = sum(isclose(row["gold"], row["predicted"], abs_tol=1e-6) for row in rows)
    return {
        "sums": len(rows),
        "exact": exact / len(rows) if rows else None,
        "median_error": median(errors) if errors else None,
        "rows": rows,
    }


def _sums(records: Iterable[Record]) -> Counter[str]:
    sums: Counter[str] = Counter()
    for item in records:
        for quantity in item.quantities:
            if quantity.get("kind") in ("count", "money") and quantity.get("value") is not None:
                sums[str(quantity.get("unit"))] += quantity["value"]
    return sums
