"""The evaluation report: one self-contained HTML page in Chinese and English, and a short Markdown summary."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from evaluate.mistakes import KINDS
from evaluate.tables import TEMPLATES, Part, Table, both, parts, shown, texts
from fazhi.errors import MissingExtraError
from fazhi.writers import whole_file

try:
    import jinja2
    from markupsafe import Markup
except ImportError as error:
    raise MissingExtraError("jinja2", "evaluate") from error


def html(results: Mapping[str, Any]) -> str:
    """Return the report as an HTML page that loads nothing."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    labels = list(results["strict"]["labels"])
    return environment.get_template("report.html.jinja").render(
        results=results,
        parts=parts(results),
        texts=texts(),
        both=both,
        shown=shown,
        marked=marked,
        tags=[*KINDS, *labels],
        css=(TEMPLATES / "report.css").read_text(encoding="utf-8"),
        js=(TEMPLATES / "report.js").read_text(encoding="utf-8"),
    )


def marked(mistake: Mapping[str, Any]) -> Markup:
    """Return a mistake's sentence with its gold span underlined and its predicted one shaded."""
    sentence, base = mistake["sentence"], mistake["at"]
    sides = [(name, mistake[side]) for side, name in (("gold", "gold"), ("predicted", "pred")) if mistake[side]]
    borders = {0, len(sentence)} | {at - base for _, span in sides for at in (span["start"], span["end"])}
    cuts = sorted(borders)
    pieces = []
    for left, right in pairwise(cuts):
        names = " ".join(name for name, span in sides if span["start"] - base <= left and right <= span["end"] - base)
        text = Markup.escape(sentence[left:right].replace("\n", "⏎"))
        pieces.append(Markup('<mark class="{}">{}</mark>').format(names, text) if names else text)
    return Markup('<span lang="zh-Hans">{}</span>').format(Markup("").join(pieces))


def markdown(results: Mapping[str, Any]) -> str:
    """Return the main tables in Markdown (English), without any sentence of a report."""
    head = f"# Evaluation of {results['model'] or 'predictions'}\n\n"
    head += f"{results['reports']} reports, {results['characters']:,} characters; gold: {results['gold'] or 'unnamed'}.\n"
    kept = [part for part in parts(results) if part.key not in ("slices", "semeval")]
    return head + "".join(_part(part) for part in kept)


def _part(part: Part) -> str:
    tables = [table for table in part.tables if table.caption not in ("boundary_errors", "nesting_table")]
    return f"\n## {english(part.key)}\n" + "".join(f"\n{markdown_table(table)}" for table in tables)


def english(key: str) -> str:
    """Return the English words of a key, or the key."""
    return texts().get(key, {}).get("en", key)


def markdown_table(table: Table) -> str:
    """Return a table in Markdown, its caption as a line above."""
    lines = ["| " + " | ".join(english(key) for key, _ in table.columns) + " |"]
    lines.append("|" + "|".join("---" if kind == "name" else "---:" for _, kind in table.columns) + "|")
    for row in table.rows:
        cells = (shown(value, kind) for value, (_, kind) in zip(row, table.columns, strict=True))
        lines.append("| " + " | ".join(english(cell).replace("|", "\\|") for cell in cells) + " |")
    return f"{english(table.caption)}\n\n" + "\n".join(lines) + "\n"


def write(results: Mapping[str, Any], out: Path) -> None:
    """Write ``report.html`` and ``summary.md`` into a folder."""
    for name, text in (("report.html", html(results)), ("summary.md", markdown(results))):
        with whole_file(out / name) as stream:
            stream.write(text)
