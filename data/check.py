"""``python -m data.check [FILE…]``: every annotated report against the guideline, its header, and copied text.

Refuses a file that shares a run of 13 Chinese characters with the real reports of ``../shared``. Set aside are names in 《》,
runs that three real reports share, and the official formulas of ``data/formulas.txt``, which no one words differently. The
comparison is skipped, and says so, where the folder is absent.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from data.inline import REPORTS, CorpusError, read
from fazhi.document import Document
from fazhi.errors import AnnotationError, FazhiError

ISSUER_KINDS = frozenset(
    [
        "county",
        "district",
        "city",
        "party_government",
        "justice",
        "market",
        "resources",
        "health",
        "education",
        "police",
        "transport",
        "urban",
        "agriculture",
        "emergency",
        "housing",
        "social",
        "tax",
        "town",
        "subdistrict",
        "zone",
    ]
)
LAYOUTS = frozenset(["own_line", "run_in", "glued", "flattened", "thematic", "plain", "mixed"])
NOISE = frozenset(["furniture_head", "furniture_foot", "ascii_punct", "numbering", "typos", "spaces", "full_width_digits"])
PLANTED_KINDS = frozenset(["part_whole", "flow", "rate", "growth", "restated", "over_100"])
RUN = 13
_CHINESE = re.compile(rf"[\u4e00-\u9fff]{{{RUN},}}")


def shared_folder() -> Path:
    """Return the folder of material that is not part of the project (``FAZHI_SHARED``, or ``../shared``)."""
    return Path(os.environ.get("FAZHI_SHARED", Path(__file__).resolve().parent.parent.parent / "shared"))


@cache
def _fixed() -> re.Pattern[str]:
    formulas = Path(__file__).with_name("formulas.txt").read_text(encoding="utf-8").split()
    return re.compile("《[^》]*》|" + "|".join(map(re.escape, sorted(formulas, key=len, reverse=True))))


def runs(text: str) -> set[str]:
    """Return all runs of 13 Chinese characters outside 《》 and official formulas."""
    bare = _fixed().sub("。", text)
    return {part[i : i + RUN] for part in _CHINESE.findall(bare) for i in range(len(part) - RUN + 1)}


def copied_runs(folder: Path) -> set[str]:
    """Return the runs that stand in fewer than three of the real reports: what three share is a fixed phrase."""
    counts: Counter[str] = Counter()
    for name in ("gold", "train"):
        with (folder / name / "spans.jsonl").open(encoding="utf-8") as lines:
            for line in lines:
                counts.update(runs(json.loads(line)["text"]))
    return {run for run, count in counts.items() if count < 3}


def check_header(document: Document, path: Path) -> Iterator[AnnotationError]:
    """Yield what is wrong with a report's header."""
    meta = document.meta
    allowed = {"issuer_kind": ISSUER_KINDS, "layout": LAYOUTS}
    for name in ("batch", "title", "issuer", "issuer_kind", "year", "region", "layout", "noise"):
        if name not in meta:
            yield AnnotationError(path, 1, "AUTHORING", f"the header lacks {name}")
        elif name in allowed and meta[name] not in allowed[name]:
            yield AnnotationError(path, 1, "AUTHORING", f"{name} {meta[name]!r} is none of {', '.join(sorted(allowed[name]))}")
    if not isinstance(meta.get("year"), int) or not 2010 <= meta["year"] <= 2026:
        yield AnnotationError(path, 1, "AUTHORING", f"year {meta.get('year')!r} is no year of a report")
    unknown = set(meta.get("noise") or ()) - NOISE
    if unknown:
        yield AnnotationError(path, 1, "AUTHORING", f"noise {', '.join(sorted(unknown))} is none of {', '.join(sorted(NOISE))}")


def check_file(path: Path, copied: set[str]) -> list[str]:
    """Return one line for everything that is wrong with a file."""
    try:
        document = read(path)
    except CorpusError as error:
        return [str(item) for item in error.errors]
    except (FazhiError, OSError, UnicodeDecodeError) as error:
        return [f"{path}: {error}"]
    found = [str(error) for error in check_header(document, path)]
    hits = sorted(runs(document.text) & copied)
    found += [f"{path}: shares {hit!r} with a real report; write it in your own words" for hit in hits[:5]]
    return found


def check_planted(path: Path, reports: Path) -> list[str]:
    """Return what is wrong with a list of planted contradictions: kinds, and quotes that do not stand in the report."""
    faults = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            item = json.loads(line)
            text = read(reports / f"{item['id']}.txt").text
            missing = [name for name in ("first", "second") if item[name] not in text]
            faults += [f"{path}:{number}: {name} {item[name]!r} does not stand in {item['id']}" for name in missing]
            if item["kind"] not in PLANTED_KINDS:
                faults.append(f"{path}:{number}: kind {item['kind']!r} is none of {', '.join(sorted(PLANTED_KINDS))}")
        except (ValueError, KeyError, OSError, FazhiError) as error:
            faults.append(f"{path}:{number}: {error!r}")
    return faults


def main(files: Annotated[list[Path] | None, typer.Argument(help="Reports; all of data/reports by default.")] = None) -> None:
    """Check annotated reports (all of data/reports by default); exit code 1 where one breaks a rule."""
    console, shared = Console(stderr=True), shared_folder()
    paths = files or sorted(REPORTS.glob("*.txt"))
    known = (shared / "train" / "spans.jsonl").exists()
    if not known:
        console.print("skipped: the comparison with the real reports (no ../shared here)", style="yellow")
    copied = copied_runs(shared) if known else set()
    faults = [fault for path in paths for fault in check_file(path, copied)]
    planted = sorted(REPORTS.with_name("planted").glob("*.jsonl")) if not files else []
    faults += [fault for path in planted for fault in check_planted(path, REPORTS)]
    for fault in faults:
        console.print(fault, style="red", highlight=False, markup=False, soft_wrap=True)
    console.print(f"{len(paths)} reports, {len(faults)} faults", highlight=False)
    if faults:
        sys.exit(1)


if __name__ == "__main__":
    typer.run(main)
