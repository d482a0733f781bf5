"""Which element of a page holds the report, and what inside it is furniture.

The prose of an element is the number of Chinese characters and of the punctuation of sentences in its text, links left out.
From the body downwards the child that holds nearly all of the prose is taken; a container that government site systems are
known to use for articles shortens the way. Inside the result, link lists and share, print and QR boxes go.
"""

from __future__ import annotations

import re

from fazhi.ingest.markup import Node

_CONTAINER = re.compile(
    r"trs_editor|ucap-?content|\bzoom\b|zoomcon|article-?con|artical_?con|news_?con|con_?text|content_?text|pages_content|vsb_content|"
    r"detail-?con|text-?content|\bcontent\b|\bartic?le\b|xxgk_?con|wenzhang|main-?txt|info-?cont|ewb-article-info|bt-content",
    re.IGNORECASE,
)
_FURNITURE = re.compile(
    r"share|bdshare|social|breadcrumb|crumb|position|location|\bnav|menu|footer|\bfoot\b|header|related|relat|recommend|"
    r"print|qrcode|ewm|erweima|attach|fujian|copyright|sidebar|toolbar|pagination|prev-?next|hidden|comment|banner|login|search",
    re.IGNORECASE,
)
_PROSE = re.compile(r"[\u4e00-\u9fff]|[，。；：、]")
_SENTENCE = re.compile(r"[，。；]")
_NEARLY_ALL = 0.8
_HINTED = 0.5


class Weights:
    """Prose and link characters of every element of a tree."""

    def __init__(self, root: Node, source: str) -> None:
        self.prose: dict[int, int] = {}
        self.links: dict[int, int] = {}
        order = list(root.walk())
        for node in reversed(order):
            self._weigh(node, source)

    def _weigh(self, node: Node, source: str) -> None:
        if node.tag == "#text":
            text = source[slice(*node.run)]
            prose, links = len(_PROSE.findall(text)) + 9 * len(_SENTENCE.findall(text)), 0
        else:
            prose = sum(self.prose[id(child)] for child in node.children)
            links = sum(self.links[id(child)] for child in node.children)
        if "href" in node.attributes:
            prose, links = 0, links + prose
        self.prose[id(node)], self.links[id(node)] = prose, links


def _hint(node: Node) -> str:
    return f"{node.attributes.get('class', '')} {node.attributes.get('id', '')}"


def main_node(body: Node, source: str) -> Node:
    """Return the element that holds the report; the body itself where no other does."""
    weights = Weights(body, source)
    total = weights.prose[id(body)]
    node = body
    while True:
        inner = [child for child in node.children if weights.prose[id(child)] >= _NEARLY_ALL * max(1, weights.prose[id(node)])]
        if not inner or inner[0].tag in ("#text", "p", "span", "tr", "td", "tbody", "table"):
            break
        node = inner[0]
    hinted = [
        item
        for item in node.walk()
        if item.tag in ("div", "article", "section", "td", "span") and _CONTAINER.search(_hint(item))
    ]
    best = max(hinted, key=lambda item: weights.prose[id(item)], default=node)
    return best if weights.prose[id(best)] >= _HINTED * total else node


def pruned(main: Node, source: str) -> frozenset[int]:
    """Return the ids of the elements inside the main one that are furniture: by name, or because links are most of them."""
    weights = Weights(main, source)
    total = max(1, weights.prose[id(main)])
    found = set()
    for node in main.walk():
        prose, links = weights.prose[id(node)], weights.links[id(node)]
        named = bool(_FURNITURE.search(_hint(node))) and prose < 0.1 * total
        linked = node.tag in ("ul", "ol", "div", "dl", "table") and links > 2 * prose and links > 20
        if node is not main and node.tag != "#text" and (named or linked):
            found.add(id(node))
    return frozenset(found)
