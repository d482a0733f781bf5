"""Texts with marked spans as HTML: what the page and the list of disagreements show."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from fazhi.document import Span
from fazhi.labelling import default_labelling


def marked_html(text: str, spans: Iterable[Span], base: int = 0) -> str:
    """Return ``text`` escaped, each span a ``<mark class=LABEL data-at=START-END>`` with its Chinese name as title.

    ``base`` is the offset of the text's first character in what the spans count from. Nested spans stay nested; those that
    cross are cut in pieces, each with the place of the whole.
    """
    looks = default_labelling().looks
    ordered = sorted(spans, key=lambda span: (span.start, -span.end, span.layer != "statement"))
    borders = sorted({0, len(text), *(at - base for s in ordered for at in (s.start, s.end) if 0 <= at - base <= len(text))})
    out, open_spans = [], list[Span]()
    for at, following in zip(borders, [*borders[1:], len(text)], strict=True):
        wanted = [span for span in ordered if span.start - base <= at < span.end - base]
        kept = 0
        while kept < min(len(open_spans), len(wanted)) and open_spans[kept] is wanted[kept]:
            kept += 1
        out += ["</mark>"] * (len(open_spans) - kept)
        out += [_opened(span, looks[span.label].zh) for span in wanted[kept:]]
        open_spans = wanted
        out.append(escape(text[at:following]))
    return "".join(out)


def _opened(span: Span, name: str) -> str:
    return f'<mark class="{span.label}" title="{name}" data-at="{span.start}-{span.end}">'
