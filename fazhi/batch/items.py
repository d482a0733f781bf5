"""What a batch reads: files, folders, globs, JSON lines, Parquet, zip and tar archives — as a stream of items.

An item is the bytes of one report and the name it is known by. Items are read one after the other and never held together, so
memory does not grow with their number.
"""

from __future__ import annotations

import glob
import hashlib
import lzma
import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fazhi import ingest
from fazhi.errors import InputError, MissingExtraError
from fazhi.ingest.limits import Limits

JSON_LINES = frozenset({".jsonl", ".ndjson"})
TARS = (".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2")


@dataclass(frozen=True, slots=True)
class Item:
    """One report to be: its name (path, or path and member), its bytes, or why they cannot be had.

    ``form`` is ``file`` (bytes of a file of any kind) or ``json`` (one document as JSON); ``id`` is the document's, unless its
    JSON has one.
    """

    name: str
    raw: bytes = b""
    form: str = "file"
    error: str = ""
    id: str = ""

    @property
    def digest(self) -> bytes:
        """SHA-256 of all that decides what becomes of the item."""
        head = f"{self.id}\0{self.name}\0{self.form}\0{self.error}\0".encode("utf-8", "surrogateescape")
        return hashlib.sha256(head + self.raw).digest()


def expand(paths: Sequence[str]) -> Iterator[Path]:
    """Yield the files of paths, folders and glob patterns, sorted within each, each once."""
    seen: set[Path] = set()
    for path in paths:
        names = [path] if Path(path).exists() or not glob.has_magic(path) else sorted(_matches(path))
        if not names:
            raise InputError(path, "no file matches the pattern", "check it, and quote it for the shell")
        for name in names:
            for file in _files(Path(name)):
                if file not in seen:
                    seen.add(file)
                    yield file


def _matches(pattern: str) -> list[str]:
    return glob.glob(pattern, recursive=True)  # noqa: PTH207 - Path.glob takes no absolute pattern


def _files(path: Path) -> list[Path]:
    """List the reports of a folder, and the containers that ``ingest.find`` passes over."""
    if not path.is_dir():
        return ingest.find([path])
    containers = [file for file in path.rglob("*") if is_container(file) and file.is_file() and not file.name.startswith(".")]
    return sorted({*ingest.find([path]), *containers})


def is_container(path: Path) -> bool:
    """Tell whether a file holds many reports, by its name; a Word file is a zip archive and no container."""
    name = path.name.lower()
    return path.suffix.lower() in JSON_LINES | {".parquet", ".zip"} or name.endswith(TARS)


def items(paths: Sequence[str], limits: Limits) -> Iterator[Item]:
    """Yield all items of the paths, in order, with ids that are unique; what cannot be read is an item with an error."""
    seen: Counter[str] = Counter()
    for path in expand(paths):
        for item in _readable(path, limits):
            stem = Path(item.name).stem
            seen[stem] += 1
            yield replace(item, id=stem if seen[stem] == 1 else f"{stem}-{seen[stem]}")


def _readable(path: Path, limits: Limits) -> Iterator[Item]:
    try:
        yield from _container(path, limits) if is_container(path) else [_file(path, limits)]
    except InputError as error:
        yield Item(str(path), error=str(error))
    except (OSError, zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error, lzma.LZMAError) as error:
        yield Item(str(path), error=f"{path}: the archive is broken ({error}); pack it again")


def count(paths: Sequence[str]) -> int:
    """Return how many items there will be, without reading more of them than their containers' tables of contents."""
    return sum(_count(path) if is_container(path) else 1 for path in expand(paths))


def _count(path: Path) -> int:
    try:
        if path.suffix.lower() in JSON_LINES:
            with path.open("rb") as stream:
                return sum(1 for line in stream if line.strip())
        if path.suffix.lower() == ".zip":
            with zipfile.ZipFile(path) as archive:
                return sum(not info.is_dir() for info in archive.infolist())
    except (OSError, zipfile.BadZipFile):
        return 1
    return 1  # a tar archive or a Parquet file would have to be read for it


def _file(path: Path, limits: Limits) -> Item:
    try:
        limits.check_size(path.stat().st_size, path)
        return Item(str(path), path.read_bytes())
    except OSError as error:
        return Item(str(path), error=f"{path}: the file cannot be opened ({error.strerror}); check its permissions")
    except InputError as error:
        return Item(str(path), error=str(error))


def _container(path: Path, limits: Limits) -> Iterator[Item]:
    suffix = path.suffix.lower()
    if suffix in JSON_LINES:
        return _json_lines(path)
    if suffix == ".parquet":
        return _parquet(path)
    return _zip(path, limits) if suffix == ".zip" else _tar(path, limits)


def _json_lines(path: Path) -> Iterator[Item]:
    with path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            if line.strip():
                yield Item(f"{path}:{number}", line.strip(), "json")


def _zip(path: Path, limits: Limits) -> Iterator[Item]:
    with zipfile.ZipFile(path) as archive:
        for info in sorted(archive.infolist(), key=lambda info: info.filename):
            if info.is_dir() or Path(info.filename).name.startswith("."):
                continue
            name = f"{path}/{info.filename}"
            try:
                limits.check_size(info.file_size, name)
                yield Item(name, archive.read(info))
            except InputError as error:
                yield Item(name, error=str(error))
            except (RuntimeError, NotImplementedError, zipfile.BadZipFile) as error:  # encrypted, odd compression, wrong sums
                yield Item(name, error=f"{name}: the member cannot be read ({error}); pack it again without a password")


def _tar(path: Path, limits: Limits) -> Iterator[Item]:
    with tarfile.open(path, "r|*") as archive:  # a stream: members in their order, none kept
        for member in archive:
            if not member.isfile() or Path(member.name).name.startswith("."):
                continue
            name = f"{path}/{member.name}"
            try:
                limits.check_size(member.size, name)
                content = archive.extractfile(member)
                yield Item(name, content.read() if content else b"")
            except InputError as error:
                yield Item(name, error=str(error))


def _parquet(path: Path) -> Iterator[Item]:
    from fazhi.batch.parquet import read_rows  # pyarrow only where a Parquet file is read

    try:
        yield from (Item(f"{path}:{number}", row, "json") for number, row in enumerate(read_rows(path), 1))
    except MissingExtraError as error:
        raise InputError(path, "Parquet cannot be read", str(error)) from error
