"""The MHTML reader (pages saved "as a single file"): finds the page among the parts and decodes it.

The decoded source is the HTML of that part, its transfer encoding undone; nothing that a part refers to is fetched.
"""

from __future__ import annotations

import email
import re
from email.message import Message
from pathlib import Path

from fazhi.errors import InputError
from fazhi.ingest.encoding import decode

_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_MAX_PARTS = 2000


def page(raw: bytes, source: Path) -> tuple[str, str]:
    """Return the HTML of an MHTML file and its encoding: of several pages (frames) the one with the most Chinese.

    Raises ``InputError`` where there is none.
    """
    try:
        parts = _html_parts(email.message_from_bytes(raw))
    except (RecursionError, ValueError, LookupError) as error:
        raise InputError(source, f"a damaged MHTML file ({type(error).__name__})", "save the page again") from error
    pages = [decode(part, source) for part in parts if part.strip()]
    if not pages:
        raise InputError(source, "an MHTML file without a page in it", "save the page again")
    return max(pages, key=lambda item: len(_CHINESE.findall(item[0])))


def _html_parts(message: Message) -> list[bytes]:
    found = []
    for count, part in enumerate(message.walk()):
        if count >= _MAX_PARTS:
            break
        if part.get_content_type() in ("text/html", "application/xhtml+xml"):
            payload = part.get_payload(decode=True)
            found.append(payload if isinstance(payload, bytes) else b"")
    return found
