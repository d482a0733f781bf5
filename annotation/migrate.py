"""``python -m annotation.migrate SOURCE TARGET --from FORM --to FORM``: annotations from and to other tools.

Forms: ``jsonl`` (ours), ``conll``, ``brat`` (a folder), ``doccano``, ``spacy`` (DocBin), ``hf`` (a data set's folder). What a
form cannot carry is counted and told; text and spans, nested ones too, are always carried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from annotation.common import console, one_line_errors
from annotation.formats import brat, conll, doccano, hf, spacy_docbin
from annotation.formats.common import Losses
from annotation.tasks import read_jsonl
from fazhi.document import Document
from fazhi.errors import InputError
from fazhi.labelling import default_labelling
from fazhi.validation import check_spans
from fazhi.writers import write_jsonl


class Form(StrEnum):
    """What can be read and written."""

    jsonl = "jsonl"
    conll = "conll"
    brat = "brat"
    doccano = "doccano"
    spacy = "spacy"
    hf = "hf"


Reader = Callable[[Path, Losses], Iterator[Document]]
Writer = Callable[[Iterable[Document], Path, Losses], None]
READERS: Mapping[Form, Reader] = {
    Form.jsonl: lambda path, _: read_jsonl(path),
    Form.conll: conll.read,
    Form.brat: brat.read,
    Form.doccano: doccano.read,
    Form.spacy: spacy_docbin.read,
    Form.hf: hf.read,
}
WRITERS: Mapping[Form, Writer] = {
    Form.jsonl: lambda documents, path, _: write_jsonl(documents, path),
    Form.conll: conll.write,
    Form.brat: brat.write,
    Form.doccano: doccano.write,
    Form.spacy: spacy_docbin.write,
    Form.hf: hf.write,
}


def migrate(source: Path, target: Path, read_as: Form, write_as: Form) -> tuple[int, Losses, list[str]]:
    """Convert; return the number of documents, what was lost, and where spans break the guideline."""
    if not source.exists():
        raise InputError(source, "there is no such file or folder", "check the path")
    losses, complaints = Losses(), list[str]()
    documents = list(READERS[read_as](source, losses))
    for document in documents:
        faults = check_spans(document.text, document.spans, default_labelling().schema)
        complaints += [f"{document.id}: {fault.what} ({fault.rule})" for fault in faults]
    WRITERS[write_as](documents, target, losses)
    return len(documents), losses, complaints


def main(
    source: Path,
    target: Path,
    read_as: Annotated[Form, typer.Option("--from", help="Form of the source.")],
    write_as: Annotated[Form, typer.Option("--to", help="Form of the target.")] = Form.jsonl,
) -> None:
    """Convert annotated documents from one form to another."""
    with one_line_errors():
        count, losses, complaints = migrate(source, target, read_as, write_as)
        for line in losses.lines():
            console.print(f"not carried: {line}", markup=False, highlight=False, soft_wrap=True)
        for line in complaints[:20]:
            console.print(f"against the guideline: {line}", markup=False, highlight=False, soft_wrap=True)
        if len(complaints) > 20:
            console.print(f"… and {len(complaints) - 20} more", highlight=False)
        typer.echo(f"{count} documents written to {target}")


if __name__ == "__main__":
    typer.run(main)
