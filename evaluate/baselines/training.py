"""What the trained baselines learn from: the documents that our own model is fine-tuned on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from rich.console import Console

from data.label_issues import apply
from data.label_issues import read as read_issues
from evaluate.pairs import read_documents
from fazhi.document import Document
from fazhi.errors import ConfigError, FazhiError

Files = Annotated[list[Path], typer.Argument(help="JSON Lines files of annotated documents.")]
AsIn = Annotated[
    Path | None, typer.Option("--as-in", help="Mend labels and leave out dev publishers as this configs/finetune.yaml does.")
]


def read_training(files: Iterable[Path], as_in: Path | None = None) -> list[Document]:
    """Read documents; with a fine-tuning configuration its list of label issues is applied and its dev publishers left out.

    The list is about the real reports: where none of them is among the documents (the written corpus alone) it is not applied.
    """
    documents = [document for file in files for document in read_documents(file)]
    if as_in is None:
        return documents
    settings = _data_settings(as_in)
    issues = read_issues(Path(settings["issues"])) if settings.get("issues") else []
    if {document.id for document in documents} & {issue.file.removesuffix(".txt") for issue in issues}:
        documents = apply(documents, issues)
    apart = settings["dev_publishers"]
    return [d for d in documents if not any(name in str(d.meta.get("publisher", "")) for name in apart)]


def _data_settings(path: Path) -> dict[str, Any]:
    try:
        settings: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))["data"]
        return {"dev_publishers": settings["dev_publishers"], "issues": settings.get("issues")}
    except (OSError, KeyError, TypeError, yaml.YAMLError) as error:
        raise ConfigError(path, "names no data.dev_publishers", "give a file like configs/finetune.yaml") from error


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Print an error that the user can mend as one line, and end the program with exit code 2."""
    try:
        yield
    except FazhiError as error:
        Console(stderr=True).print(f"error: {error}", style="red", markup=False, soft_wrap=True)
        raise typer.Exit(2) from error
