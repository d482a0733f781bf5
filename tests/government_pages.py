"""Web pages built after the layouts of real government sites, around invented reports whose main text is known.

Five layouts (``tests/data/pages``), as their content management systems write them: a TRS site with share buttons and a QR
box; a provincial standard site (``UCAP-CONTENT``) with index table, meta tags and a table of figures; a site of the 2000s in
tables, GBK, no paragraphs; a Boda site (``v_news_content``) with attachments and neighbours; and markup without any telling
name, pasted from Word.
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from string import Template

from data import inline
from fazhi.schema import default_schema

TEMPLATES = Path(__file__).parent / "data" / "pages"
ROWS = [("指标", "受理（件）", "办结（件）"), ("行政复议", "57", "52"), ("行政应诉", "23", "19"), ("法律援助", "318", "301")]
NEWS = [
    "县政府召开第31次常务会议，研究部署安全生产和防汛工作",
    "全县优化营商环境工作推进会召开，通报上半年指标完成情况",
    "关于开展第四届“最美法律明白人”推选活动的通知",
    "县司法局关于公布行政执法主体名单的公告",
    "图解：一图读懂法治政府建设实施纲要",
]


@dataclass(frozen=True, slots=True)
class Page:
    """A page, its bytes, and what an ideal extractor returns of it: title and report, white space aside."""

    name: str
    raw: bytes
    title: str
    main: str
    furniture: tuple[str, ...]


def _paragraphs(lines: list[str], opening: str, closing: str = "</p>") -> str:
    return "\n".join(f"{opening}{html.escape(line)}{closing}" for line in lines)


def _word_paragraphs(lines: list[str]) -> str:
    """Paragraphs as pasted from Word: comments, empty spans, every third one unclosed."""
    opening = "<p class=MsoNormal><!--[if !supportLists]--><span lang=EN-US>　　</span><!--[endif]-->"
    halves = [(html.escape(line[: len(line) // 2]), html.escape(line[len(line) // 2 :])) for line in lines]
    written = [f"{opening}<span>{one}</span><span>{two}<o:p></o:p></span>" for one, two in halves]
    return "".join(text + ("</p>" if at % 3 else "") for at, text in enumerate(written))


def _links(pattern: str) -> str:
    return "".join(pattern.format(at=at, text=text) for at, text in enumerate(NEWS))


_LIST = '<li><a href="./t{at}.html" title="{text}">{text}</a><span>0{at}-12</span></li>'
_TRS = '<p style="text-indent: 2em;" align="justify">　　<span style="font-size: 16pt;">'
_BODA = '<p class="vsbcontent_start" style="text-indent: 2em;"><span style="font-family:仿宋">'


def _filling(layout: str, lines: list[str]) -> dict[str, str]:
    """Return what fills a layout's template: the body as its content management system writes it, and its news."""
    half, two_em = len(lines) // 2, '<p style="text-indent:2em">'
    bodies = {
        "trs": lambda: _paragraphs(lines, _TRS, "</span></p>"),
        "ucap": lambda: "",
        "tables": lambda: "<BR>".join(f"&nbsp;&nbsp;&nbsp;&nbsp;{html.escape(line)}" for line in lines),
        "boda": lambda: _paragraphs(lines, _BODA, "</span></p>"),
        "nameless": lambda: _word_paragraphs(lines),
    }
    news = {"tables": '<TR><TD>·<A href="{at}.htm">{text}</A></TD></TR>', "nameless": "<div><a href=/{at}>{text}</a></div>"}
    return {
        "body": bodies[layout](),
        "first": _paragraphs(lines[:half], two_em),
        "second": _paragraphs(lines[half:], two_em),
        "rows": "".join("<tr>" + "".join(f"<td><p>{cell}</p></td>" for cell in row) + "</tr>" for row in ROWS),
        "news": _links(news.get(layout, _LIST)),
    }


LAYOUTS = {"trs": "utf-8", "ucap": "utf-8", "tables": "gb18030", "boda": "utf-8", "nameless": "utf-8"}
"""The layouts and the encodings of their sites."""
FURNITURE = (
    "浏览次数",
    "扫一扫",
    "打印",
    "关闭窗口",
    "上一篇",
    "下一条",
    "主办单位",
    "ICP备",
    "点击",
    "分享到",
    "相关阅读",
    NEWS[0],
    NEWS[4],
)


def pages(reports: list[tuple[str, list[str]]]) -> Iterator[Page]:
    """Build a page in every layout of every report (title and lines)."""
    for number, (title, lines) in enumerate(reports):
        for name, encoding in LAYOUTS.items():
            template = Template((TEMPLATES / f"{name}.html").read_text(encoding="utf-8"))
            raw = template.substitute(_filling(name, lines), title=title).encode(encoding)
            half = len(lines) // 2
            middle = ["".join(cell for row in ROWS for cell in row)] if name == "ucap" else []
            main = "\n".join([title, *lines[:half], *middle, *lines[half:]])
            yield Page(f"{name}-{number}", raw, title, main, FURNITURE)


REPORTS = (
    "chiyan-justice-2019",
    "huaidu-district-2021",
    "tangxi-health-2019",
    "songting-district-2020",
    "yuncha-town-2020",
    "songting-hepan-subdistrict-2019",
)
"""The corpus reports that the thirty pages are built around: no page furniture in them, of every layout and length."""


def corpus_reports() -> list[tuple[str, list[str]]]:
    """Return title and lines of the reports; fewer where the corpus is not in the checkout."""
    found = []
    for name in REPORTS:
        path = inline.REPORTS / f"{name}.txt"
        if path.exists():
            header, body, _ = inline.split_header(path.read_text(encoding="utf-8"), path)
            text = inline.parse_tags(body, default_schema())[0]
            lines = [line.strip() for line in text.splitlines() if line.strip()]
            found.append((header["title"], lines[1:]))
    return found


def matched(one: str, other: str) -> int:
    """Return the length of the longest common subsequence (bit-parallel, after Hyyrö 2004), white space aside."""
    one, other = "".join(one.split()), "".join(other.split())
    full = (1 << len(one)) - 1
    masks: dict[str, int] = {}
    for at, char in enumerate(one):
        masks[char] = masks.get(char, 0) | 1 << at
    row = full
    for char in other:
        both = row & masks.get(char, 0)
        row = ((row + both) | (row - both)) & full
    return len(one) - row.bit_count()
