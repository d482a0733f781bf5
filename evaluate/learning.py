"""``python -m evaluate.learning 50=DIR 100=DIR 201=DIR --out FOLDER``: a learning curve out of several evaluations.

Each argument is a number of training reports and the output folder of ``evaluate.run`` for the model trained on them; several
of the same number (seeds) are averaged. Writes ``learning.json`` (for ``evaluate.run --learning``) and ``learning.svg``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from evaluate.baselines.training import one_line_errors
from evaluate.compare import read_results
from evaluate.plots import Frame, floor_tenth, line_plot
from fazhi.errors import EvaluationError
from fazhi.writers import whole_file

Curve = dict[str, list[list[float]]]
"""For each label ascending points ``[training reports, mean F1, lowest, highest]``."""
STYLE = (
    "svg{font:12px sans-serif;background:#fff}.grid{stroke:#ccc}.line{fill:none;stroke:#1c5fa8;stroke-width:2}"
    ".dot{fill:#1c5fa8}.line.s1{stroke:#a84300;stroke-dasharray:6 3}.dot.s1{fill:#a84300}"
    ".line.s2{stroke:#222;stroke-dasharray:2 3}.dot.s2{fill:#222}"
)


def parse(arguments: Iterable[str]) -> list[tuple[int, Path]]:
    """Read ``NUMBER=FOLDER`` arguments; ``EvaluationError`` where one is something else."""
    pairs = []
    for argument in arguments:
        number, _, folder = argument.partition("=")
        if not number.isdecimal() or not folder:
            raise EvaluationError(argument, "is not NUMBER=FOLDER", "write for instance 50=out/crf-50")
        pairs.append((int(number), Path(folder)))
    return pairs


def curve(results: Sequence[tuple[int, Mapping[str, Any]]]) -> Curve:
    """Return the curve of every label that has gold in all results."""
    found: Curve = {}
    for label in results[0][1]["strict"]["labels"]:
        by_size: dict[int, list[float]] = {}
        for size, one in results:
            f1 = one["strict"]["labels"][label]["f1"]
            if f1 is not None:
                by_size.setdefault(size, []).append(f1)
        points = [[size, sum(f1s) / len(f1s), min(f1s), max(f1s)] for size, f1s in sorted(by_size.items())]
        if points:
            found[label] = points
    return found


def draw(found: Curve) -> str:
    """Return the plot."""
    sizes = [point[0] for points in found.values() for point in points]
    lowest = min(point[1] for points in found.values() for point in points)
    frame = Frame("training reports", "F1 %", (0, max(sizes)), (floor_tenth(lowest), 1.0), as_percent=False)
    series = [(label, [(point[0], point[1]) for point in points]) for label, points in found.items()]
    alt = "; ".join(f"{label}: " + ", ".join(f"{n:.0f} → {100 * f1:.1f}" for n, f1 in line) for label, line in series)
    return line_plot(frame, series, f"F1 by number of training reports — {alt}")


def standalone(svg: str) -> str:
    """Return an SVG that is a file of its own."""
    return svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" width="690" ', 1).replace(
        ">", f"><style>{STYLE}</style>", 1
    )


def main(
    runs: Annotated[list[str], typer.Argument(help="NUMBER=FOLDER, one an evaluation.")],
    out: Annotated[Path, typer.Option(help="Folder for learning.json and learning.svg.")],
) -> None:
    """Write a learning curve."""
    with one_line_errors():
        found = curve([(size, read_results(folder)) for size, folder in parse(runs)])
    for name, text in (("learning.json", json.dumps(found, indent=1) + "\n"), ("learning.svg", standalone(draw(found)))):
        with whole_file(out / name) as stream:
            stream.write(text)
    typer.echo(f"{out / 'learning.svg'}: " + "; ".join(f"{label} {points[-1][1]:.3f}" for label, points in found.items()))


if __name__ == "__main__":
    typer.run(main)
