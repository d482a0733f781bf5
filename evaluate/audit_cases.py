r"""Precision and recall of the audit on short invented reports, by halves: ``python -m evaluate.audit_cases FILE.tsv``.

A line is issuer, year, text and what is expected, parted by tabs. Metrics stand in ``[…]``, ``\n`` is a line break; expected
are ``kind: first / second`` findings parted by ``; ``, none where the numbers fit. Odd lines may be used to mend rules; even
ones only measure.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from evaluate.audit_score import Planted, Score, extracted, report, score
from fazhi.document import Document, Span

Case = tuple[Document, list[Planted]]


def marked(text: str, id_: str = "x", issuer: str = "云岫县司法局", year: int = 2023) -> Document:
    """Make a document from text whose metrics stand in ``[…]``."""
    plain, spans = "", []
    for piece in re.split(r"(\[[^\]]*\])", text):
        if piece.startswith("["):
            spans.append(Span(len(plain), len(plain) + len(piece) - 2, "METRIC", "metric", piece[1:-1]))
        plain += piece[1:-1] if piece.startswith("[") else piece
    return Document(id_, plain, {"year": year, "issuer": issuer}).with_spans(spans)


def load_cases(path: Path) -> list[Case]:
    """Read the cases of a file; the first line names the columns. ``ValueError`` names a line that has not four."""
    return [_case(number, line) for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()) if number]


def _case(number: int, line: str) -> Case:
    fields = line.split("\t")
    if len(fields) != 4:
        raise ValueError(f"case {number}: {len(fields)} columns; write issuer, year, text, expected, parted by tabs")
    issuer, year, text, expected = fields
    document = marked(text.replace("\\n", "\n"), f"case-{number}", issuer, int(year))
    return document, [_planted(document.id, item) for item in expected.split("; ") if item]


def _planted(id_: str, item: str) -> Planted:
    kind, pieces = item.split(": ", 1)
    first, second = pieces.split(" / ")
    return Planted(id_, kind, first, second)


def score_cases(cases: list[Case], model: str | None = None) -> Score:
    """Score the audit over cases, with the spans of the cases or those that a model extracts."""
    documents = extracted((document for document, _ in cases), model)
    return score(documents, [item for _, planted in cases for item in planted])


def main() -> None:
    """Print the scores of the odd and of the even cases."""
    parser = argparse.ArgumentParser(description="Precision and recall of the audit on short invented reports, by halves.")
    parser.add_argument("path", type=Path)
    parser.add_argument("--model", help="extract the spans with this model instead of taking those of the file")
    parser.add_argument("--brief", action="store_true", help="of the even half, print the figures alone")
    options = parser.parse_args()
    cases = load_cases(options.path)
    for name, half in (("odd (used to mend)", cases[0::2]), ("even (only measured)", cases[1::2])):
        lines = report(score_cases(half, options.model)).splitlines()
        hidden = ("missed", "besides") if options.brief and name.startswith("even") else ()
        print(f"{name}: {len(half)} reports", *(line for line in lines if not (hidden and line.startswith(hidden))), sep="\n")  # noqa: T201


if __name__ == "__main__":
    main()
