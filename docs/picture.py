"""``python docs/picture.py``: the picture of the README, made by the shipped model from the first sample report."""

from __future__ import annotations

import html
import re
from pathlib import Path

from rich.cells import cell_len
from rich.console import Console

from fazhi import ingest, tables
from fazhi.extractor import Extractor

HERE = Path(__file__).parent
SAMPLE = HERE.parent / "data" / "samples" / "tongwan-town-2022.txt"

CELL = 12.2
"""Width of a terminal cell in rich's drawings."""
_TEXT = re.compile(r'(<text [^>]*textLength=")[\d.]+("[^>]*>)([^<]*)</text>')


def main() -> None:
    """Draw the tables of a short report as SVG."""
    document = Extractor.from_pretrained().extract(ingest.read(SAMPLE))
    console = Console(record=True, width=118, file=(HERE / "images" / ".scratch").open("w", encoding="utf-8"))
    console.print("$ fazhi extract tongwan-town-2022.txt", style="dim", highlight=False)
    tables.show([document], console)
    drawing = _TEXT.sub(_widened, console.export_svg(title="fazhi"))
    (HERE / "images" / "demo.svg").write_text(drawing, encoding="utf-8")
    (HERE / "images" / ".scratch").unlink()


def _widened(match: re.Match[str]) -> str:
    """Give a text the width of its terminal cells: rich counts a Chinese character as one, and the drawing squeezes it."""
    return f"{match[1]}{CELL * cell_len(html.unescape(match[3])):.1f}{match[2]}{match[3]}</text>"


if __name__ == "__main__":
    main()
