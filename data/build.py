"""``python -m data.build``: the corpus as a Hugging Face ``DatasetDict`` and as JSON lines, one file a split.

Columns: ``id``, ``text``, ``spans`` (``start``, ``end``, ``label``, ``layer``) and ``meta`` (JSON, for its fields vary).
Splits are grouped by report (``data.splits``).
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Annotated, Any

import typer

from data.inline import REPORTS, read
from data.splits import grouped
from fazhi.document import Document
from fazhi.errors import MissingExtraError
from fazhi.writers import write_jsonl

BUILT = REPORTS.with_name("built")


def row(document: Document) -> dict[str, Any]:
    """Return a document as a row of the data set."""
    spans = [{"start": s.start, "end": s.end, "label": s.label, "layer": s.layer} for s in document.spans]
    return {
        "id": document.id,
        "text": document.text,
        "spans": spans,
        "meta": json.dumps(dict(document.meta), ensure_ascii=False),
    }


def build(out: Path) -> dict[str, int]:
    """Build the data set in ``out`` and return the number of reports a split."""
    try:
        from datasets import Dataset, DatasetDict
    except ImportError as error:
        raise MissingExtraError("datasets", "train") from error
    groups = grouped(read(path) for path in sorted(REPORTS.glob("*.txt")))
    built = DatasetDict({split: Dataset.from_list([row(document) for document in docs]) for split, docs in groups.items()})
    temporary = out.with_name(out.name + ".part")
    shutil.rmtree(temporary, ignore_errors=True)
    built.save_to_disk(str(temporary))
    for split, documents in groups.items():
        write_jsonl(documents, temporary / f"{split}.jsonl")
    shutil.rmtree(out, ignore_errors=True)
    temporary.rename(out)
    return {split: len(documents) for split, documents in groups.items()}


def main(out: Annotated[Path, typer.Option(help="Folder to build in.")] = BUILT) -> None:
    """Build the data set of the corpus."""
    counts = build(out)
    typer.echo(f"{out}: " + ", ".join(f"{split} {count}" for split, count in counts.items()))


if __name__ == "__main__":
    typer.run(main)
