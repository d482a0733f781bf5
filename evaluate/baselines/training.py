"""What the trained baselines learn from: the documents that our own model is fine-tuned on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer
import yaml

from evaluate.pairs import read_documents
from fazhi.document import Document
from fazhi.errors import ConfigError

Files = Annotated[list[Path], typer.Argument(help="JSON Lines files of annotated documents.")]
ApartAs = Annotated[Path | None, typer.Option("--apart-as", help="Leave out the dev publishers of this configs/finetune.yaml.")]


def read_training(files: Iterable[Path], apart_as: Path | None = None) -> list[Document]:
    """Read documents, those left out that a fine-tuning configuration keeps apart as dev publishers."""
    apart = _dev_publishers(apart_as) if apart_as else ()
    documents = [document for file in files for document in read_documents(file)]
    return [d for d in documents if not any(name in str(d.meta.get("publisher", "")) for name in apart)]


def _dev_publishers(path: Path) -> Sequence[str]:
    try:
        names: list[str] = yaml.safe_load(path.read_text(encoding="utf-8"))["data"]["dev_publishers"]
    except (OSError, KeyError, TypeError, yaml.YAMLError) as error:
        raise ConfigError(path, "names no data.dev_publishers", "give a file like configs/finetune.yaml") from error
    return names
