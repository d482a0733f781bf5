"""``python -m data.splits``: give every new report its split, once and for all.

``data/splits.yaml`` names the reports of each split; it is committed, so that a growing corpus moves no report from one
split to another. A new report goes where its issuer kind lags furthest behind the quota, ties to train first; the order of new
reports is that of their ids' SHA-256 sums.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import typer
import yaml

from data.inline import REPORTS, read
from fazhi.document import Document
from fazhi.errors import ConfigError
from fazhi.writers import whole_file

QUOTAS: Mapping[str, float] = {"train": 0.8, "validation": 0.1, "test": 0.1}
SPLITS = REPORTS.with_name("splits.yaml")


def load(path: Path = SPLITS) -> dict[str, str]:
    """Return the split of every assigned report."""
    raw = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}
    return {name: split for split, names in (raw or {}).items() for name in names}


def assign(documents: Iterable[Document], known: Mapping[str, str]) -> dict[str, str]:
    """Return the splits with all new documents assigned, stratified by ``issuer_kind`` (and within the whole)."""
    splits = dict(known)
    documents = sorted(documents, key=lambda document: hashlib.sha256(document.id.encode()).hexdigest())
    kinds = {document.id: str(document.meta["issuer_kind"]) for document in documents}
    by_kind = Counter((kinds[name], split) for name, split in splits.items() if name in kinds)
    overall = Counter(split for name, split in splits.items() if name in kinds)
    for document in documents:
        if document.id in splits:
            continue
        kind = kinds[document.id]
        here, total = 1 + sum(by_kind[kind, split] for split in QUOTAS), 1 + overall.total()
        lag = {s: (QUOTAS[s] * here - by_kind[kind, s]) + (QUOTAS[s] * total - overall[s]) for s in QUOTAS}
        best = max(QUOTAS, key=lag.__getitem__)
        splits[document.id] = best
        by_kind[kind, best] += 1
        overall[best] += 1
    return splits


def grouped(documents: Iterable[Document]) -> dict[str, list[Document]]:
    """Return the documents by split; ``ConfigError`` where one has none."""
    splits = load()
    groups: dict[str, list[Document]] = {split: [] for split in QUOTAS}
    for document in documents:
        if document.id not in splits:
            raise ConfigError(SPLITS, f"report {document.id} has no split", "run python -m data.splits and commit the file")
        groups[splits[document.id]].append(document)
    return groups


def main() -> None:
    """Assign the reports that have no split yet and write data/splits.yaml."""
    documents = [read(path) for path in sorted(REPORTS.glob("*.txt"))]
    splits = assign(documents, load())
    present = {document.id for document in documents}
    named = {split: sorted(name for name in splits if splits[name] == split and name in present) for split in QUOTAS}
    with whole_file(SPLITS) as stream:
        yaml.safe_dump(named, stream, allow_unicode=True, sort_keys=False)
    typer.echo(", ".join(f"{split} {len(names)}" for split, names in named.items()))


if __name__ == "__main__":
    typer.run(main)
