"""What the commands of this stage share: a console for people, errors as one line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import typer
from rich.console import Console

from fazhi.errors import FazhiError

T = TypeVar("T")
console = Console(stderr=True)


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Print an error that the user can mend as one line, and end the program with exit code 2."""
    try:
        yield
    except FazhiError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error


def batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Cut a sequence into pieces of ``size``, the last one shorter."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
