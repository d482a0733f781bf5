"""``python -m annotation.select POOL --count 20``: which reports to annotate next.

Prints the chosen reports, best first, and writes them as JSON lines for ``annotation.push``. Uncertainty is the mean entropy of
the model's calibrated tag probabilities over the tokens; see ``annotation.selection`` for diversity and value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.table import Table

from annotation.common import console, one_line_errors
from annotation.selection import STRATEGIES, Candidate, entropy, value, vectors
from annotation.tasks import read_documents, read_jsonl
from fazhi.document import Document
from fazhi.errors import InputError
from fazhi.extractor import Extractor
from fazhi.tokens import tokenize
from fazhi.writers import write_jsonl


def uncertainty(extractor: Extractor, document: Document) -> float:
    """Return the mean normalised entropy of the tags, over tokens and layers; 0 for a text without tokens."""
    tokens = tokenize(document.text, extractor.model.tokenizer)
    if not len(tokens):
        return 0.0
    (logits,) = extractor.logits([(document, tokens)])
    found = []
    for layer in extractor.model.schema.layers:
        rows = np.asarray(logits[:, layer.slice], np.float64) / extractor.model.temperatures[layer.name]
        rows = np.exp(rows - rows.max(axis=1, keepdims=True))
        found.append(float(entropy(rows / rows.sum(axis=1, keepdims=True)).mean()))
    return sum(found) / len(found)


def candidates(extractor: Extractor, documents: Sequence[Document]) -> list[Candidate]:
    """Run the model over the pool."""
    tagged = list(extractor.extract_many(documents))
    counts = Counter(span.label for document in tagged for span in document.spans)
    frequency = {label: count / counts.total() for label, count in counts.items()}
    return [
        Candidate(d.id, uncertainty(extractor, d), value((s.label for s in d.spans), len(d.text), frequency)) for d in tagged
    ]


def main(
    pool: Annotated[list[Path], typer.Argument(help="JSON lines of documents, or reports: files and folders.")],
    count: Annotated[int, typer.Option(min=1, help="How many to choose.")] = 20,
    strategy: Annotated[str, typer.Option(help="uncertainty or mixture.")] = "uncertainty",
    annotated: Annotated[Path | None, typer.Option(help="Gold (JSON lines): what is annotated already.")] = None,
    model: Annotated[str, typer.Option(help="Model directory, 'small', 'base', or a hub id.")] = "small",
    out: Annotated[Path | None, typer.Option(help="Write the chosen documents here, best first.")] = None,
) -> None:
    """Choose the reports of a pool that are best annotated next."""
    with one_line_errors():
        if strategy not in STRATEGIES:
            raise InputError("--strategy", f"there is no {strategy!r}", f"choose one of {', '.join(STRATEGIES)}")
        done = list(read_jsonl(annotated)) if annotated else []
        known = {document.id for document in done}
        documents = [document for document in read_documents(pool) if document.id not in known]
        if not documents:
            raise InputError(
                "the pool", "everything in it is annotated, or it is empty", "give reports that are not in --annotated"
            )
        found = candidates(Extractor.from_pretrained(model), documents)
        points = vectors([document.text for document in [*documents, *done]])
        chosen = STRATEGIES[strategy](found, points[: len(documents)], points[len(documents) :], count)
        table = Table("", "report", "uncertainty", "value")
        for place, at in enumerate(chosen, 1):
            table.add_row(str(place), found[at].id, f"{found[at].uncertainty:.4f}", f"{found[at].value:.4f}")
        console.print(table)
        if out:
            write_jsonl((documents[at] for at in chosen), out)
            typer.echo(f"{len(chosen)} of {len(documents)} reports written to {out}")


if __name__ == "__main__":
    typer.run(main)
