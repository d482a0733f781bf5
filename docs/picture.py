"""``python docs/picture.py``: the picture of the README, made by the shipped model from the first sample report."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from fazhi import ingest, tables
from fazhi.extractor import Extractor

HERE = Path(__file__).parent
SAMPLE = HERE.parent / "data" / "samples" / "tongwan-town-2022.txt"


def main() -> None:
    """Draw the tables of a short report as SVG."""
    document = Extractor.from_pretrained().extract(ingest.read(SAMPLE))
    console = Console(record=True, width=118, file=(HERE / "images" / ".scratch").open("w", encoding="utf-8"))
    console.print("$ fazhi extract tongwan-town-2022.txt", style="dim")
    tables.show([document], console)
    console.save_svg(str(HERE / "images" / "demo.svg"), title="fazhi")
    (HERE / "images" / ".scratch").unlink()


if __name__ == "__main__":
    main()
