"""One way in: a path → a document, whatever kind of file it is."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fazhi.document import Document
from fazhi.errors import InputError
from fazhi.ingest.body import body
from fazhi.ingest.characters import clean
from fazhi.ingest.encoding import decode
from fazhi.ingest.html import read_html
from fazhi.ingest.limits import Deadline, Limits
from fazhi.ingest.markup import MetaTag
from fazhi.ingest.metadata import Hints, describe
from fazhi.ingest.mhtml import page
from fazhi.ingest.sniff import check_text, is_html, sniff
from fazhi.offsets import OffsetMap

MIN_CHINESE = 100
"""Fewest Chinese characters of a report; a page with fewer has no report on it."""
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


def count_chinese(text: str) -> int:
    """Return the number of Chinese characters in a text."""
    return len(_CHINESE.findall(text))


@dataclass(frozen=True, slots=True)
class Extracted:
    """What a reader makes of a file: the decoded source, the main text, how the two correspond, and what stood beside it.

    ``aside`` is text outside the report (furniture of a web page) that may tell its date or issuer; ``notes`` go into the
    metadata.
    """

    kind: str
    source: str
    text: str
    offsets: OffsetMap
    aside: str = ""
    aside_offsets: OffsetMap = field(default_factory=OffsetMap)
    metas: tuple[MetaTag, ...] = ()
    notes: Mapping[str, Any] = field(default_factory=dict)


def read(path: Path, limits: Limits | None = None) -> Document:
    """Read a file of any supported kind; its id is the file's name without the ending.

    Raises ``InputError`` (one line: file, what, remedy) for all that cannot be read as a report and ``MissingExtraError``
    where a PDF or Word reader is not installed.
    """
    return from_bytes(_bytes(path, limits or Limits()), path, limits)


def from_bytes(raw: bytes, path: Path, limits: Limits | None = None) -> Document:
    """Read what a file holds (a member of an archive, say) that ``path`` only names."""
    limits = limits or Limits()
    limits.check_size(len(raw), path)
    meta = {"source": str(path), "sha256": hashlib.sha256(raw).hexdigest()}
    return _document(path.stem, extract(raw, path, limits), meta, str(path))


def decoded_source(path: Path, limits: Limits | None = None) -> str:
    """Return the decoded source of a file: the string that ``source_start`` and ``source_end`` index."""
    return extract(_bytes(path, limits or Limits()), path, limits or Limits()).source


def from_text(text: str, id: str, source: str = "") -> Document:  # noqa: A002 - the field's name in the format
    """Make a document of text that is already decoded; it is taken as plain text, and ``source`` only names it.

    Raises ``InputError`` where the text holds no report.
    """
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    meta = {"source": source, "sha256": digest}
    return _document(id, Extracted("txt", text, text, OffsetMap()), meta, source or id)


def _bytes(path: Path, limits: Limits) -> bytes:
    try:
        limits.check_size(path.stat().st_size, path)
        return path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(path, "there is no such file", "check the path") from error
    except IsADirectoryError as error:
        raise InputError(path, "this is a folder", "give a file, or use fazhi.ingest.find") from error
    except OSError as error:
        raise InputError(path, f"the file cannot be opened ({error.strerror})", "check its permissions") from error


def extract(raw: bytes, path: Path, limits: Limits) -> Extracted:
    """Read the bytes of a file by what they are."""
    readers = {"pdf": _from_pdf, "zip": _from_docx, "mhtml": _from_mhtml, "text": _from_text}
    return readers[sniff(raw, path)](raw, path, limits)


def _from_pdf(raw: bytes, path: Path, limits: Limits) -> Extracted:
    from fazhi.ingest.pdf import read_pdf

    builder, starts = read_pdf(raw, path, limits)
    return Extracted("pdf", builder.source, builder.text, builder.offsets, notes={"pages": starts})


def _from_docx(raw: bytes, path: Path, limits: Limits) -> Extracted:
    from fazhi.ingest.docx import read_docx

    builder = read_docx(raw, path, limits)
    return Extracted("docx", builder.source, builder.text, builder.offsets)


def _from_mhtml(raw: bytes, path: Path, limits: Limits) -> Extracted:
    return _from_html(*page(raw, path), "mhtml", limits.deadline(path))


def _from_text(raw: bytes, path: Path, limits: Limits) -> Extracted:
    text, encoding = decode(raw, path)
    check_text(text, path)
    if is_html(text):
        return _from_html(text, encoding, "html", limits.deadline(path))
    return Extracted("txt", text, text, OffsetMap(), notes={"encoding": encoding})


def _from_html(source: str, encoding: str, kind: str, deadline: Deadline) -> Extracted:
    found = read_html(source, deadline)
    main, aside = found.main, found.aside
    notes = {"encoding": encoding}
    return Extracted(kind, source, main.text, main.offsets, aside.text, aside.offsets, tuple(found.metas), notes)


def _document(name: str, extracted: Extracted, meta: Mapping[str, Any], source: str) -> Document:
    cleaned = clean(extracted.text)
    chinese = count_chinese(cleaned.text)
    if chinese < MIN_CHINESE:
        what = f"no report in it ({chinese} Chinese characters)" if chinese else "no Chinese text in it"
        raise InputError(source, what, "give the page or document of the report itself")
    offsets = cleaned.offsets.after(extracted.offsets)
    aside = clean(extracted.aside)
    hints = Hints(aside.text, aside.offsets.after(extracted.aside_offsets), extracted.metas)
    extent = body(cleaned.text)
    found = describe(cleaned.text, extent, offsets, hints)
    notes = {"format": extracted.kind, **extracted.notes, "body": list(extent)}
    blocks = () if cleaned.text == extracted.source else offsets.blocks
    return Document(id=name, text=cleaned.text, meta={**found, **meta, **notes}, alignment=blocks)
