"""Files that hold many reports: JSON lines, Parquet, zip and tar archives."""

from __future__ import annotations

import io
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from fazhi.batch import walk
from fazhi.batch.item import Item
from fazhi.errors import InputError, MissingExtraError
from fazhi.ingest.find import NEVER
from fazhi.ingest.limits import Limits


def count(path: Path) -> int | None:
    """Return how many items a file holds, or None where a tar archive would have to be read for it."""
    suffix = path.suffix.lower()
    if not walk.is_container(path):
        return 1
    try:
        if suffix in walk.JSON_LINES:
            with path.open("rb") as stream:
                return sum(1 for line in stream if not line.isspace())
        if suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                return sum(_is_member(info.filename) and not info.is_dir() for info in archive.infolist())
        if suffix == ".parquet":
            from fazhi.batch.parquet import rows_of  # pyarrow only where a Parquet file is read

            return rows_of(path)
    except (OSError, zipfile.BadZipFile, InputError, MissingExtraError):
        return 1
    return None


def open_items(path: Path, limits: Limits) -> Iterator[Item]:
    """Yield the items of a container. Raises ``InputError``, ``OSError``, or what an archive's module raises."""
    suffix = path.suffix.lower()
    if suffix in walk.JSON_LINES:
        return _json_lines(path, limits)
    if suffix == ".parquet":
        return _parquet(path)
    return _zip(path, limits) if suffix == ".zip" else _tar(path, limits)


def _json_lines(path: Path, limits: Limits) -> Iterator[Item]:
    with path.open("rb") as stream:
        yield from _lines(stream, str(path), limits)


def _lines(stream: IO[bytes], source: str, limits: Limits) -> Iterator[Item]:
    """Yield the lines that are not blank; of one beyond the limit nothing but its beginning is ever in memory."""
    most = int(limits.megabytes * 2**20)
    number = 0
    while line := stream.readline(most + 1):
        number += 1
        if len(line) <= most:
            if not line.isspace():
                yield Item(f"{source}:{number}", line.strip(), "json")
            continue
        what = f"{source}:{number}: the line has more than {limits.megabytes:g} MB"
        yield Item(f"{source}:{number}", error=f"{what}; raise the limit with --max-megabytes")
        while line and not line.endswith(b"\n"):
            line = stream.readline(most + 1)


def _zip(path: Path, limits: Limits) -> Iterator[Item]:
    with zipfile.ZipFile(path) as archive:
        for info in sorted(archive.infolist(), key=lambda info: info.filename):
            if info.is_dir() or not _is_member(info.filename):
                continue
            name = f"{path}/{_decoded(info)}"
            try:
                limits.check_size(info.file_size, name)
                yield from _member(name, archive.read(info), limits)
            except InputError as error:
                yield Item(name, error=str(error))
            except (RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error) as error:
                # encrypted, odd compression, wrong sums: this member only
                yield Item(name, error=f"{name}: the member cannot be read ({error}); pack it again without a password")


def _decoded(info: zipfile.ZipInfo) -> str:
    """Return a member's name: zip tools on Chinese Windows write GBK without a word, and Python takes it for code page 437."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        raw = info.filename.encode("cp437")
    except UnicodeEncodeError:
        return info.filename
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return info.filename


def _tar(path: Path, limits: Limits) -> Iterator[Item]:
    with tarfile.open(path, "r|*") as archive:  # a stream: members in their order, none kept
        for member in archive:
            archive.members = []  # type: ignore[attr-defined]  # tarfile would remember every header
            if not member.isfile() or not _is_member(member.name):
                continue
            name = f"{path}/{member.name}"
            try:
                limits.check_size(member.size, name)
                content = archive.extractfile(member)
                yield from _member(name, content.read() if content else b"", limits)
            except InputError as error:
                yield Item(name, error=str(error))


def _is_member(name: str) -> bool:
    """Tell whether a member of an archive may be a report: not hidden, and no picture, style sheet or the like."""
    path = PurePosixPath(name)
    hidden = any(part.startswith((".", "~$")) for part in path.parts if part not in (".", ".."))
    return not hidden and (path.suffix.lower() not in NEVER or walk.is_container(Path(path)))


def _member(name: str, raw: bytes, limits: Limits) -> Iterator[Item]:
    path = Path(name)
    if path.suffix.lower() in walk.JSON_LINES:
        yield from _lines(io.BytesIO(raw), name, limits)
    elif walk.is_container(path):
        raise InputError(name, "this is an archive within an archive", "unpack the outer one and give its folder")
    else:
        yield Item(name, raw)


def _parquet(path: Path) -> Iterator[Item]:
    from fazhi.batch.parquet import read_rows  # pyarrow only where a Parquet file is read

    try:
        yield from (Item(f"{path}:{number}", row, "json") for number, row in enumerate(read_rows(path), 1))
    except MissingExtraError as error:
        raise InputError(path, "Parquet cannot be read", str(error)) from error
