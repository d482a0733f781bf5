"""The documents of a run: real reports, the written corpus, and which of both are kept apart for dev."""

from __future__ import annotations

import hashlib
import os
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from data.augment import augment
from data.label_issues import apply, read
from fazhi.document import Document
from fazhi.errors import ConfigError
from train.dataset import read_jsonl, read_reports, split_publishers


@dataclass(frozen=True, slots=True)
class DataConfig:
    """Where the annotated documents are: JSON lines (``shared/…`` lies in ``FAZHI_SHARED``), written corpus, dev publishers.

    ``issues`` is a list of labels of the JSON lines to replace (``data.label_issues``). ``share`` keeps that part of the real
    documents and ``limit`` so many of the written reports (0: all), each in an order that is as good as random and nested, so
    that a larger part holds the smaller (learning curves). ``splits`` are the written reports to train on; ``validation`` joins
    dev unless it is among them. An epoch sees a written report ``weight`` times, each time but the first as another variant of
    ``data.augment``.
    """

    jsonl: tuple[str, ...] = ()
    issues: str = ""
    reports: str = ""
    splits: tuple[str, ...] = ("train",)
    weight: int = 1
    limit: int = 0
    dev_publishers: tuple[str, ...] = ()
    share: float = 1.0
    digit_noise: float = 0.0


def resolve(path: str) -> Path:
    """Return a path; one that begins with ``shared/`` lies in ``FAZHI_SHARED`` or beside the checkout."""
    if path.startswith("shared/"):
        root = Path(os.environ.get("FAZHI_SHARED") or Path(__file__).parents[2] / "shared")
        return root / path.removeprefix("shared/")
    return Path(path)


def load_documents(config: DataConfig, path: Path) -> tuple[list[Document], list[Document]]:
    """Return the documents to train on and the dev documents; ``ConfigError`` where one of the two is empty."""
    real = [document for name in config.jsonl for document in read_jsonl(resolve(name))]
    real = apply(real, read(resolve(config.issues))) if config.issues else real
    train, dev = split_publishers(real, config.dev_publishers)
    train = nested(train, round(len(train) * config.share))
    if config.reports:
        written = [document for split in config.splits for document in read_reports(Path(config.reports), split)]
        written = nested(written, config.limit or len(written))
        train += written + [variant(document, copy) for copy in range(1, config.weight) for document in written]
        dev += [] if "validation" in config.splits else read_reports(Path(config.reports), "validation")
    if not train or not dev:
        raise ConfigError(path, f"{len(train)} documents to train on, {len(dev)} for dev", "name data and dev_publishers")
    return train, dev


def nested(documents: Sequence[Document], count: int) -> list[Document]:
    """Return ``count`` documents, those whose ids have the lowest hashes: a larger choice holds every smaller one."""
    return sorted(documents, key=lambda document: hashlib.sha256(document.id.encode()).digest())[:count]


def variant(document: Document, number: int) -> Document:
    """Return the augmented variant of a document that belongs to this number."""
    return augment(document, random.Random(f"{document.id} {number}"))
