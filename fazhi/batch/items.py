"""What a batch reads: files, folders, globs, JSON lines, Parquet, zip and tar archives — as a stream of items.

Items are read one after the other and never held together, so memory does not grow with their number.
"""

from __future__ import annotations

import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from fazhi.batch import containers, walk
from fazhi.batch.item import Item, printable
from fazhi.batch.names import Names
from fazhi.errors import InputError
from fazhi.ingest.limits import Limits


def items(paths: Sequence[str], limits: Limits, skip: Path | None = None) -> Iterator[Item]:
    """Yield all items of the paths, in order, with ids that are unique; what cannot be read is an item with an error."""
    names = Names()
    for path in walk.files(paths, skip):
        for item in _readable(path, limits):
            name = printable(item.name)
            yield replace(item, name=name, error=printable(item.error), id=names.unique(PurePosixPath(name).stem))


def count(paths: Sequence[str], skip: Path | None = None) -> int | None:
    """Return how many items there will be, or None where a tar archive would have to be read for it."""
    total = 0
    for path in walk.files(paths, skip):
        found = 1 if isinstance(path, InputError) else containers.count(path)
        if found is None:
            return None
        total += found
    return total


def _readable(path: Path | InputError, limits: Limits) -> Iterator[Item]:
    if isinstance(path, InputError):
        yield Item(path.source, error=str(path))
        return
    try:
        yield from containers.open_items(path, limits) if walk.is_container(path) else [_file(path, limits)]
    except InputError as error:
        yield Item(str(path), error=str(error))
    except OSError as error:
        yield Item(
            str(path), error=f"{path}: it cannot be read ({error.strerror or error}); check its permissions and the disk"
        )
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error, lzma.LZMAError) as error:
        yield Item(str(path), error=f"{path}: the archive is broken ({error}); pack it again")


def _file(path: Path, limits: Limits) -> Item:
    limits.check_size(path.stat().st_size, path)
    return Item(str(path), path.read_bytes())
