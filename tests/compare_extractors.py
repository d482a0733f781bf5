"""Precision and recall of characters of main-text extractors on the thirty pages: ``python -m tests.compare_extractors``.

Needs ``trafilatura``, ``readability-lxml`` and ``lxml_html_clean``, which are no dependencies of the project.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import trafilatura
from lxml import html as lxml_html
from readability import Document as Readability

from fazhi.ingest import decoded_source, read
from tests.government_pages import LAYOUTS, corpus_reports, matched, pages


def ours(path: Path) -> str:
    """Our reader."""
    return read(path).text


def by_trafilatura(path: Path, recall: bool = False) -> str:
    """Trafilatura, tables included."""
    return trafilatura.extract(decoded_source(path), include_tables=True, favor_recall=recall) or ""


def by_readability(path: Path) -> str:
    """Readability; its result's text with the title it finds."""
    found = Readability(decoded_source(path))
    return found.short_title() + "\n" + lxml_html.fromstring(found.summary()).text_content()


EXTRACTORS: dict[str, Callable[[Path], str]] = {
    "fazhi": ours,
    "trafilatura": by_trafilatura,
    "trafilatura, favour recall": lambda path: by_trafilatura(path, recall=True),
    "readability-lxml": by_readability,
}


def main() -> None:
    """Print a Markdown table: for every extractor and layout precision / recall over the layout's characters."""
    out = sys.stdout.write
    out("| extractor | " + " | ".join(LAYOUTS) + " | all |\n|---" * 1 + "|---" * (len(LAYOUTS) + 1) + "|\n")
    with tempfile.TemporaryDirectory() as folder:
        sample = list(pages(corpus_reports()))
        for name, extract in EXTRACTORS.items():
            counts = {layout: [0, 0, 0] for layout in [*LAYOUTS, "all"]}
            for page in sample:
                path = Path(folder) / f"{page.name}.html"
                path.write_bytes(page.raw)
                text = extract(path)
                numbers = matched(text, page.main), len("".join(text.split())), len("".join(page.main.split()))
                for key in (page.name.split("-")[0], "all"):
                    counts[key] = [a + b for a, b in zip(counts[key], numbers, strict=True)]
            cells = [f"{common / max(1, found):.3f} / {common / known:.3f}" for common, found, known in counts.values()]
            out(f"| {name} | " + " | ".join(cells) + " |\n")


if __name__ == "__main__":
    main()
