"""What a file is, by its content and never by its name."""

from __future__ import annotations

import re
from pathlib import Path

from fazhi.errors import InputError

_FOREIGN = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Word or Excel file", "save it as .docx and try again"),
    (b"{\\rtf", "an RTF file", "save it as .docx and try again"),
    (b"\x89PNG", "a picture", "run text recognition over it first"),
    (b"\xff\xd8\xff", "a picture", "run text recognition over it first"),
    (b"GIF8", "a picture", "run text recognition over it first"),
    (b"II*\x00", "a picture", "run text recognition over it first"),
    (b"MM\x00*", "a picture", "run text recognition over it first"),
    (b"BM", "", ""),
    (b"\x1f\x8b", "a compressed file", "unpack it first"),
    (b"7z\xbc\xaf", "a compressed file", "unpack it first"),
    (b"Rar!", "a compressed file", "unpack it first"),
    (b"%!PS", "a PostScript file", "convert it to PDF first"),
)
_HTML = re.compile(r"<(?:!doctype\s+html|html|head|body|meta|title)\b", re.IGNORECASE)
_JSON = re.compile(r"\s*\[?\s*\{\s*\"")
_CLOSING = re.compile(r"</(?:p|div|span|td|tr|table|li|a|font|b|h\d)\s*>", re.IGNORECASE)
_MHTML = re.compile(
    rb"^(?:[A-Za-z-]+:.*(?:\r?\n[ \t].*)*\r?\n)*?(?:MIME-Version|Content-Type\s*:\s*multipart/related)", re.IGNORECASE
)


def sniff(raw: bytes, source: Path) -> str:
    """Return ``pdf``, ``zip``, ``mhtml`` or ``text`` for a file's bytes; ``InputError`` for what is none of these."""
    if not raw.strip(b" \t\r\n\x00\xef\xbb\xbf"):
        raise InputError(source, "the file is empty", "save the page or document again")
    if b"%PDF-" in raw[:1024]:
        return "pdf"
    if raw.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    for magic, what, remedy in _FOREIGN:
        if what and raw.startswith(magic):
            if b"E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e" in raw:
                what, remedy = "a Word file protected by a password", "remove the password and save it again"
            raise InputError(source, f"this is {what}", remedy)
    if _MHTML.match(raw[:8192]) and b"content-type" in raw[:20_000].lower():
        return "mhtml"
    return "text"


def is_html(text: str) -> bool:
    """Tell whether decoded text is a web page: it says so near its beginning, or closes tags as only markup does."""
    head = text[:20_000]
    return bool(_HTML.search(head[:4096])) or len(_CLOSING.findall(head)) >= 3


def check_text(text: str, source: str | Path) -> None:
    """Raise ``InputError`` for a decoded text that is JSON, or binary data: many control characters or broken ones."""
    if _JSON.match(text):
        raise InputError(source, "this is JSON, no report", "give JSON lines of fazhi to fazhi batch, audit or panel")
    sample = text[:100_000]
    control = sum(char < " " and char not in "\t\n\r\f\v" for char in sample)
    if control > 0.05 * len(sample) or sample.count("\ufffd") > 0.05 * len(sample):
        raise InputError(source, "this is binary data", "give a text, HTML, Word (.docx) or PDF file")
