"""``fazhi panel``: many reports as tables that can be compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fazhi.commands.common import (
    DEFAULTS,
    EXIT_NOTHING_DONE,
    Megabytes,
    Reader,
    check_out,
    complain,
    errors_console,
    progress,
    tracked,
    writing,
)
from fazhi.commands.documents import documents, files
from fazhi.document import Document
from fazhi.errors import FazhiError
from fazhi.ingest.limits import Limits

if TYPE_CHECKING:
    from fazhi.panel import Table

FORMS = (".xlsx", ".parquet", ".csv")


def panel(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders of reports, or JSON lines of extracted ones.")],
    out: Annotated[Path, typer.Option(help="panel.xlsx, panel.parquet or panel.csv (these two: one file a table).")],
    model: Annotated[str | None, typer.Option(help="Model directory, 'small', 'fast', or a hub id.")] = None,
    max_megabytes: Megabytes = DEFAULTS.megabytes,
) -> None:
    """Build tables over many reports: metrics by place, year and indicator; disclosure; measures; problems; year on year.

    A number that a report does not give stays empty; it is never a zero. Needs the extra 'tables'.

    Exit code 0: all files are in the panel; 1: some failed; 2: nothing could be done.
    """
    check_out(out, *FORMS)
    try:
        build, write = _tables(out.suffix.lower())
    except FazhiError as error:
        complain(error)
        raise typer.Exit(EXIT_NOTHING_DONE) from error
    reader = Reader(Limits(megabytes=max_megabytes))
    listed = files(reader, paths)
    with progress(len(listed)) as bar:
        read = list(documents(reader, tracked(listed, bar, "reading"), model))
    if read:
        built = build(read)
        with writing(out):
            write(built, out)
        sizes = ", ".join(f"{table.name} {len(table.rows)}" for table in built)
        errors_console.print(f"{out}: {sizes}", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(reader.exit_code())


def _tables(form: str) -> tuple[Callable[[list[Document]], list[Table]], Callable[[Sequence[Table], Path], None]]:
    """Return what builds tables and what writes a form; without the extra ``MissingExtraError``, before any report is read.

    They are imported here, since the program must start without the extra.
    """
    from fazhi import panel as tables

    if form == ".xlsx":
        from fazhi.panel_excel import write_excel

        return tables.build, write_excel
    if form == ".parquet":
        from fazhi.panel_parquet import write_parquet

        return tables.build, write_parquet
    return tables.build, tables.write_csv
