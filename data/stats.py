"""``python -m data.stats``: counts of the corpus as a page with tables and plots, and a near-duplicate check between splits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Annotated

import typer

from data.inline import REPORTS, read
from data.splits import grouped
from fazhi.clauses import clauses
from fazhi.document import Document
from fazhi.errors import MissingExtraError
from fazhi.writers import whole_file

PAGE = REPORTS.parent.parent / "docs" / "corpus.md"
SHINGLE = 13
NEAR = 0.2
LABELS = ("METRIC", "MEASURE", "PROBLEM")


def shingles(text: str) -> set[str]:
    """Return all runs of 13 characters of the text without blanks."""
    bare = "".join(text.split())
    return {bare[i : i + SHINGLE] for i in range(len(bare) - SHINGLE + 1)}


def near_duplicates(documents: Sequence[Document], threshold: float = NEAR) -> list[tuple[str, str, float]]:
    """Return pairs of reports of which the smaller shares at least ``threshold`` of its 13-character runs with the other."""
    sets = {document.id: shingles(document.text) for document in documents}
    pairs = []
    for left, right in combinations(sorted(sets), 2):
        smaller = min(len(sets[left]), len(sets[right])) or 1
        share = len(sets[left] & sets[right]) / smaller
        if share >= threshold:
            pairs.append((left, right, share))
    return sorted(pairs, key=lambda pair: -pair[2])


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows]) + "\n"


def by(documents: Iterable[Document], name: str) -> list[Sequence[object]]:
    """Return a row for each value of a header field: reports, characters, spans a label."""
    groups: dict[str, list[Document]] = {}
    for document in documents:
        values = document.meta[name]
        for value in values or ["none"] if isinstance(values, list) else [values]:
            groups.setdefault(str(value), []).append(document)
    return [(value, *_counts(docs)) for value, docs in sorted(groups.items())]


def _counts(documents: Sequence[Document]) -> tuple[int, ...]:
    spans = Counter(span.label for document in documents for span in document.spans)
    return (len(documents), sum(len(document.text) for document in documents), *(spans[label] for label in LABELS))


def lengths(documents: Iterable[Document]) -> Mapping[str, list[int]]:
    """Return the lengths in characters of the spans of each label, and of all clauses."""
    found: dict[str, list[int]] = {label: [] for label in LABELS}
    found["clause"] = []
    for document in documents:
        for span in document.spans:
            found[span.label].append(span.end - span.start)
        found["clause"] += [clause.end - clause.start for clause in clauses(document.text) if clause.end > clause.start]
    return found


def plot_lengths(found: Mapping[str, list[int]], path: Path) -> None:
    """Draw a histogram of lengths a label."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("matplotlib", "evaluate") from error
    figure = Figure(figsize=(9, 2.6), layout="constrained")
    for axis, (name, values) in zip(figure.subplots(1, len(found)), found.items(), strict=True):
        axis.hist([min(value, 60) for value in values], bins=range(0, 62, 2), color="#2b6cb0")
        axis.set(title=name, xlabel="characters (60 = 60 or more)")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})


def leaks(groups: Mapping[str, Sequence[Document]]) -> list[tuple[str, str, float]]:
    """Return the near-duplicates that stand in different splits."""
    split_of = {document.id: split for split, documents in groups.items() for document in documents}
    every = [document for documents in groups.values() for document in documents]
    return [pair for pair in near_duplicates(every) if split_of[pair[0]] != split_of[pair[1]]]


def page(groups: Mapping[str, Sequence[Document]], near: Sequence[tuple[str, str, float]]) -> str:
    """Return the Markdown page of the corpus."""
    documents = [document for docs in groups.values() for document in docs]
    head = ("reports", "characters", *LABELS)
    parts = ["# The corpus in numbers\n", "Written by `python -m data.stats`; the data card is `data/README.md`.\n"]
    splits = [(split, *_counts(docs)) for split, docs in groups.items()]
    parts.append(table(("split", *head), [*splits, ("all", *_counts(documents))]))
    for name in ("issuer_kind", "year", "region", "layout", "noise"):
        parts += [f"## By {name.replace('_', ' ')}\n", table((name, *head), by(documents, name))]
    parts += [
        "## Lengths\n",
        "![Histograms of the lengths of metrics, measures, problems and clauses](images/corpus-lengths.svg)\n",
    ]
    parts += [
        "## Near-duplicates between splits\n",
        f"Pairs sharing {NEAR:.0%} of their {SHINGLE}-character runs: {len(near)}.\n",
    ]
    return "\n".join(parts + ([table(("report", "report", "share"), near)] if near else []))


def main(out: Annotated[Path, typer.Option(help="The page to write.")] = PAGE) -> None:
    """Write the page of the corpus' numbers; exit code 1 where near-duplicates stand in different splits."""
    groups = grouped(read(path) for path in sorted(REPORTS.glob("*.txt")))
    near = leaks(groups)
    plot_lengths(
        lengths(document for docs in groups.values() for document in docs), out.parent / "images" / "corpus-lengths.svg"
    )
    with whole_file(out) as stream:
        stream.write(page(groups, near))
    typer.echo(f"{out}: {sum(map(len, groups.values()))} reports, {len(near)} near-duplicates between splits")
    if near:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
