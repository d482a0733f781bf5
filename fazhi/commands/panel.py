"""``fazhi panel``: many reports as tables that can be compared."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fazhi.commands.common import EXIT_NOTHING_DONE, Reader, complain, errors_console, progress, tracked
from fazhi.commands.documents import documents, files
from fazhi.document import Document
from fazhi.errors import FazhiError

FORMS = (".xlsx", ".parquet", ".csv")


def panel(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders of reports, or JSON lines of extracted ones.")],
    out: Annotated[Path, typer.Option(help="panel.xlsx, panel.parquet or panel.csv (these two: one file a table).")],
    model: Annotated[str | None, typer.Option(help="Model directory, 'small', 'fast', or a hub id.")] = None,
) -> None:
    """Build tables over many reports: metrics by place, year and indicator; disclosure; measures; problems; year on year.

    A number that a report does not give stays empty; it is never a zero. Needs the extra 'tables'.
    """
    if out.suffix not in FORMS:
        complain(f"{out}: unknown form {out.suffix or '(none)'}; name the file {' or '.join(f'*{form}' for form in FORMS)}")
        raise typer.Exit(EXIT_NOTHING_DONE)
    reader = Reader()
    listed = files(reader, paths)
    with progress(len(listed)) as bar:
        read = list(documents(reader, tracked(listed, bar, "reading"), model))
    if read:
        try:
            _write(read, out)
        except FazhiError as error:
            complain(error)
            raise typer.Exit(EXIT_NOTHING_DONE) from error
    raise typer.Exit(reader.exit_code())


def _write(read: list[Document], out: Path) -> None:
    from fazhi import panel as tables

    built = tables.build(read)
    if out.suffix == ".xlsx":
        from fazhi.panel_excel import write_excel

        write_excel(built, out)
    elif out.suffix == ".parquet":
        from fazhi.panel_parquet import write_parquet

        write_parquet(built, out)
    else:
        tables.write_csv(built, out)
    sizes = ", ".join(f"{table.name} {len(table.rows)}" for table in built)
    errors_console.print(f"{out}: {sizes}", highlight=False)
