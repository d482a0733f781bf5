r"""Character cleaning, one for one: what is replaced, what is dropped, and the normalisation under which spans are compared.

Clean text differs from the decoded source by this table, by white space, and by nothing else (``docs/ingest.md``):

- full-width digits and letters, ``％`` and ``﹪``, and ``．`` between digits become ASCII; Kangxi radicals and compatibility
  ideographs, which PDF files use, become the characters they stand for;
- every kind of blank but the tab becomes a space, every kind of line break a ``\n``;
- zero-width characters, soft hyphens, direction marks, NUL and the other control characters are dropped;
- a lone surrogate, which no UTF-8 file can hold, becomes U+FFFD.
"""

from __future__ import annotations

import html
import re
import unicodedata

from fazhi.offsets import TextBuilder

_BLANKS = "\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
_BREAKS = "\u000b\u000c\u0085\u2028\u2029"
_INVISIBLE = (
    r"\u0000-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f\u00ad\u061c\u180e"
    r"\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
)
_RADICALS = "\u2f00-\u2fd5\uf900-\ufad9"
_CHANGED = re.compile(
    rf"(?P<break>\r\n?|[{_BREAKS}])|(?P<blank>[{_BLANKS}])|(?P<drop>[{_INVISIBLE}]+)"
    rf"|(?P<wide>[０-９Ａ-Ｚａ-ｚ％﹪{_RADICALS}]|(?<=[0-9０-９])．(?=[0-9０-９]))|(?P<lone>[\ud800-\udfff])"
)
_MARKUP = re.compile(r"<!--.*?-->|<(script|style|textarea|title)\b.*?</\1\s*>|<[^>]*>|<[^>]*$", re.DOTALL | re.IGNORECASE)


def _replacement(match: re.Match[str]) -> str:
    kind = match.lastgroup
    if kind == "wide":
        return unicodedata.normalize("NFKC", match[0])
    return {"break": "\n", "blank": " ", "drop": "", "lone": "\ufffd"}[kind or "drop"]


def clean(source: str) -> TextBuilder:
    """Clean a text character by character; the builder holds the clean text and its alignment."""
    builder, at = TextBuilder(source), 0
    for match in _CHANGED.finditer(source):
        builder.copy(at, match.start())
        builder.replace(match.start(), match.end(), _replacement(match))
        at = match.end()
    builder.copy(at, len(source))
    return builder


def normalise(text: str, markup: bool = False) -> str:
    """Return the form under which a span's text equals its stretch of the source: cleaned, ``．`` as ``.``, no white space.

    ``markup`` is for stretches of HTML sources: comments, tags and scripts go and character references are resolved first.
    """
    if markup:
        text = html.unescape(_MARKUP.sub("", text))
    return "".join(clean(text).text.replace("．", ".").split())
