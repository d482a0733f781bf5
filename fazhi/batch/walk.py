"""From the paths of a command line to files, one after the other: only the names of one folder at a time are in memory."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from fazhi.batch.names import Names
from fazhi.errors import InputError
from fazhi.ingest.find import is_candidate

JSON_LINES = frozenset({".jsonl", ".ndjson"})
TARS = (".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2")


def is_container(path: Path) -> bool:
    """Tell whether a file holds many reports, by its name; a Word file is a zip archive and no container."""
    name = path.name.lower()
    return path.suffix.lower() in JSON_LINES | {".parquet", ".zip"} or name.endswith(TARS)


def files(paths: Sequence[str], skip: Path | None = None) -> Iterator[Path | InputError]:
    """Yield the files of paths, folders and glob patterns, each once, in the order of ``fazhi.ingest.find``.

    What cannot be listed (a missing path, a pattern without a match, a folder without permission) comes as an error in its
    place, so that the rest is read. Nothing below ``skip`` is taken: a batch must not read what it writes.
    """
    seen = Names()
    hidden = skip.resolve() if skip else None
    for path in paths:
        for found in _named(path, hidden):
            if isinstance(found, InputError) or seen.count(str(found)) == 1:
                yield found


def _named(path: str, skip: Path | None) -> Iterator[Path | InputError]:
    if os.path.lexists(path) or not glob.has_magic(path):
        yield from _below(Path(path), skip, named=True)
        return
    matches = sorted(glob.glob(path, recursive=True))  # noqa: PTH207 - Path.glob takes no absolute pattern
    matches = [match for match in matches if not _inside(Path(match), skip)]
    if not matches:
        yield InputError(path, "no file matches the pattern", "check it, and quote it for the shell")
    for match in matches:
        yield from _below(Path(match), skip, named=True)


def _below(path: Path, skip: Path | None, named: bool = False) -> Iterator[Path | InputError]:
    """Yield a file that was named, or the files of a folder that may be reports or containers."""
    if skip is not None and path.name == skip.name and path.resolve() == skip:
        return
    try:
        if path.is_dir():
            yield from _folder(path, skip)
        elif named:
            yield _regular(path, skip)
        elif path.is_file() and (is_container(path) or is_candidate(path)):
            yield path
    except OSError as error:
        yield InputError(path, f"it cannot be read ({error.strerror})", "check its permissions")


def _folder(folder: Path, skip: Path | None) -> Iterator[Path | InputError]:
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries if not (entry.is_symlink() and entry.is_dir()))
    for name in names:
        if not name.startswith((".", "~$")):
            yield from _below(folder / name, skip)


def _regular(path: Path, skip: Path | None) -> Path | InputError:
    if not path.exists():
        return InputError(path, "there is no such file or folder", "check the path")
    if not path.is_file():
        return InputError(path, "this is neither a file nor a folder", "give a file")
    if _inside(path, skip):
        return InputError(path, "this was written by the batch itself", "choose another --out")
    return path


def _inside(path: Path, skip: Path | None) -> bool:
    return skip is not None and skip in path.resolve().parents
