"""The ``fazhi`` program."""

from __future__ import annotations

from typing import Annotated

import typer

from fazhi import __version__
from fazhi.commands.audit import audit
from fazhi.commands.batch import batch
from fazhi.commands.extract import extract
from fazhi.commands.ingest import ingest
from fazhi.commands.panel import panel
from fazhi.commands.serve import serve

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="markdown")
app.command()(extract)
app.command()(batch)
app.command()(ingest)
app.command()(audit)
app.command()(panel)
app.command()(serve)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"fazhi {__version__}")
        raise typer.Exit


@app.callback()
def program(version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True)] = False) -> None:
    """Turn Chinese local-government reports on rule-of-law building into data."""


def main() -> None:
    """Run the program (the entry point of the package)."""
    app()


if __name__ == "__main__":
    main()
