"""``python -m models.card --model DIR``: write a model directory's card (README.md) from numbers, never by hand.

It tells what is in ``config.json`` and the files (sizes, SHA-256), in ``models/card.yaml`` (sources, recipe, energy), and in
the results that ``python -m evaluate.run`` wrote.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from fazhi.errors import FazhiError, ModelError
from fazhi.model_dir import ModelDirectory
from fazhi.writers import whole_file

HERE = Path(__file__).parent
FACTS = HERE / "card.yaml"


def scores(results: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a row a label: precision, recall, F1 and its interval, out of an evaluation's ``results.json``."""
    rows = []
    for label, counts in results["strict"]["labels"].items():
        low, high = interval(results["intervals"].get(label))
        rows.append(
            {"label": label, **{name: counts[name] for name in ("precision", "recall", "f1")}, "low": low, "high": high}
        )
    return rows


def interval(raw: Any) -> tuple[float | None, float | None]:  # noqa: ANN401  JSON of the suite
    """Return the ends of an F1's bootstrap interval, ``None`` twice where there is none."""
    if isinstance(raw, Mapping):
        raw = raw.get("f1", raw)
    if isinstance(raw, Mapping):
        return raw.get("low"), raw.get("high")
    return (raw[0], raw[-1]) if isinstance(raw, list) and len(raw) > 1 else (None, None)


def context(model: Path, facts: Mapping[str, Any], results: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Gather all that the template uses; ``results`` maps the name of a gold standard to its ``results.json``."""
    config, sums = (
        _read(model / name, "give the directory of an exported model") for name in ("config.json", "checksums.json")
    )
    files = [{"name": name, "megabytes": (model / name).stat().st_size / 1e6, "sha256": sums[name]} for name in sorted(sums)]
    tables = [
        {"name": name, "reports": found["reports"], "characters": found["characters"], "rows": scores(found)}
        for name, found in results.items()
    ]
    return {"name": model.name, "config": config, "files": files, "tables": tables, "facts": facts}


def check_scored(model: Path, path: Path, results: Mapping[str, Any]) -> None:
    """Refuse results of other weights than the model's with ``ModelError``."""
    version = ModelDirectory.open(model).version
    if results.get("model") != version:
        what = f"it scores {results.get('model')}, not {version}"
        raise ModelError(path, what, f"run make evaluate MODEL={model} first")


def render(values: Mapping[str, Any]) -> str:
    """Render the card."""
    environment = Environment(
        loader=FileSystemLoader(HERE),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701  Markdown
    )
    environment.filters["share"] = lambda value: "—" if value is None else f"{value:.3f}"  # nothing predicted: no precision
    return environment.get_template("card.md.jinja").render(values)


def _read(path: Path, remedy: str) -> Any:  # noqa: ANN401  JSON or YAML
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ModelError(path, "cannot be read", remedy) from error


def main(
    model: Annotated[Path, typer.Option(help="Model directory.")] = Path("models/fazhi-small"),
    gold: Annotated[Path, typer.Option(help="results.json on the real reports.")] = Path("out/evaluate/gold/results.json"),
    corpus: Annotated[Path, typer.Option(help="results.json on the corpus' test split.")] = Path(
        "out/evaluate/corpus/results.json"
    ),
) -> None:
    """Write the card of a model directory."""
    try:
        results = {}
        for name, path in (("real reports", gold), ("test split of the written corpus", corpus)):
            results[name] = _read(path, f"run make evaluate MODEL={model} first")
            check_scored(model, path, results[name])
        facts = _read(FACTS, "restore it from git")
        if model.name not in facts:
            raise ModelError(model, f"{FACTS.name} tells nothing of it", f"add {model.name} there")
        text = render(context(model, facts[model.name], results))
    except FazhiError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error
    with whole_file(model / "README.md") as stream:
        stream.write(text)
    typer.echo(f"{model / 'README.md'} written")


if __name__ == "__main__":
    typer.run(main)
