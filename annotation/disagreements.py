"""The page of disagreements: every clause in dispute, in its sentence, with what each annotator marked (no scripts)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from annotation.gold import Place, Reading, in_dispute
from fazhi.labelling import default_labelling
from fazhi.web.page import marked_html
from fazhi.writers import whole_file

if TYPE_CHECKING:
    from annotation.agreement import Shared

CONTEXT = 40
_STYLE = """
body{font:16px/1.7 system-ui,"Noto Sans CJK SC",sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}
table{border-collapse:collapse;margin:1rem 0}td,th{border:1px solid #bbb;padding:.3rem .7rem;text-align:left;vertical-align:top}
.context{color:#555}h2{border-bottom:2px solid #ddd;margin-top:2.5rem}mark{background:none;color:inherit}
"""


def write_page(texts: Sequence[Shared], results: dict[str, Any], path: Path) -> None:
    """Write the page."""
    with whole_file(path) as stream:
        stream.writelines(page(texts, results))


def page(texts: Sequence[Shared], results: dict[str, Any]) -> Iterator[str]:
    """Yield the page's HTML in pieces."""
    found = [(item, list(in_dispute(item.text.text, item.people))) for item in texts]
    count = sum(len(places) for _, places in found)
    title = f"标注分歧：{count} 处（{results['texts']} 篇，{results['clauses']} 个小句）"
    yield f'<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>{title}</title>'
    yield f"<style>{_STYLE}{label_styles()}</style>"
    yield f"<body><main><h1>{title}</h1><p>小句 Krippendorff α：{_shown(results['clause']['alpha'])}；"
    yield f"Fleiss κ：{_shown(results['clause']['fleiss'])}</p>"
    for item, places in found:
        if places:
            yield f"<h2>{escape(item.text.document)}（{len(places)}）</h2>"
            for place in places:
                yield from _place(item, place)
    yield "</main></body></html>\n"


def label_styles() -> str:
    """Return the styles of marked spans: an underline in the label's colour, so that layers can nest."""
    looks = default_labelling().looks.values()
    return "".join(f".{look.name}{{border-bottom:3px solid {look.colour};padding-bottom:1px}}" for look in looks)


def _place(item: Shared, place: Place) -> Iterator[str]:
    text, (start, end) = item.text.text, place
    before, after = text[max(0, start - CONTEXT) : start], text[end : end + CONTEXT]
    yield f'<table><caption class="context">…{escape(before)}【{escape(text[start:end])}】{escape(after)}…</caption>'
    for person in item.people:
        yield f'<tr><th scope="row">{escape(person.annotator)}</th><td>{_marked(text, place, person)}</td></tr>'
    yield "</table>"


def _marked(text: str, place: Place, person: Reading) -> str:
    spans = [span for span in person.annotation.spans if place[0] <= span.start <= place[1]]
    names = "、".join(default_labelling().looks[span.label].zh for span in spans) or "不标"
    return f"{marked_html(text[place[0] : place[1]], spans, place[0])} <span class='context'>（{names}）</span>"


def _shown(value: float | None) -> str:
    return "无定义" if value is None else f"{value:.3f}"
