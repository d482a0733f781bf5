"""Hugging Face data sets on disk: columns ``id``, ``text``, ``spans`` and ``meta`` (JSON), as ``data.build`` writes them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from annotation.formats.common import Losses, make_span, note_losses
from fazhi.document import Document
from fazhi.errors import InputError, MissingExtraError


def _library() -> Any:  # noqa: ANN401  a module without types
    try:
        import datasets
    except ImportError as error:
        raise MissingExtraError("datasets", "train") from error
    return datasets


def write(documents: Iterable[Document], folder: Path, losses: Losses) -> None:
    """Write a data set; the folder appears whole or not at all."""
    rows = []
    for document in documents:
        note_losses(document, losses, ("metadata", "attributes", "relations", "remarks"))
        spans = [{"start": s.start, "end": s.end, "label": s.label, "layer": s.layer} for s in document.spans]
        meta = json.dumps(dict(document.meta), ensure_ascii=False)
        rows.append({"id": document.id, "text": document.text, "spans": spans, "meta": meta})
    temporary = folder.with_name(folder.name + ".part")
    shutil.rmtree(temporary, ignore_errors=True)
    _library().Dataset.from_list(rows).save_to_disk(str(temporary))
    shutil.rmtree(folder, ignore_errors=True)
    temporary.rename(folder)


def read(folder: Path, losses: Losses) -> Iterator[Document]:
    """Yield the documents of a data set, of all its splits."""
    try:
        found = _library().load_from_disk(str(folder))
    except (FileNotFoundError, ValueError) as error:
        raise InputError(folder, "no Hugging Face data set on disk", "give a folder that save_to_disk wrote") from error
    for part in found.values() if isinstance(found, dict) else [found]:
        for row in part:
            spans = [make_span(s["start"], s["end"], s["label"], row["text"], losses) for s in row["spans"]]
            yield Document(row["id"], row["text"], json.loads(row["meta"] or "{}")).with_spans(s for s in spans if s)
