"""Which element of a page holds the report, and what inside it is furniture.

The prose of an element is the number of Chinese characters and of the punctuation of sentences in its text, links left out.
From the body downwards the child that holds nearly all of the prose is taken; a container that government site systems are
known to use for articles shortens the way. Inside the result, link lists and share, print and QR boxes go.
"""

from __future__ import annotations

import re

from fazhi.ingest.markup import Node
from fazhi.ingest.tables import is_data_table

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
_ALL_LINKS = 20
_WHOLE = 0.9
_FEW, _FEW_SHARE = 4, 0.03
"""Punctuation marks of sentences that may be left beside the main text: so many, or such a share of its own."""
_SHORTEST_LIST = 20
_FEWEST_LINKS = 3
"""Characters of links that make a list of them, and links that make a menu where nothing else stands in its box."""
_HOLDERS = ("div", "article", "section", "td", "span", "main")
_BOXES = ("div", "ul", "ol", "dl", "table", "section", "nav", "header", "footer", "aside", "span", "p", "h3", "h4")


class Weights:
    """Prose and link characters, sentences and links of every element of a tree.

    Where nearly all text stands in links, as after a link that was never closed, links are taken for prose.
    """

    def __init__(self, root: Node, source: str) -> None:
        self._weigh_all(root, source, True)
        if self.links[id(root)] > _ALL_LINKS * self.prose[id(root)]:
            self._weigh_all(root, source, False)

    def _weigh_all(self, root: Node, source: str, apart: bool) -> None:
        self.prose: dict[int, int] = {}
        self.links: dict[int, int] = {}
        self.sentences: dict[int, int] = {}
        self.anchors: dict[int, int] = {}
        order = list(root.walk())
        for node in reversed(order):
            self._weigh(node, source, apart)

    def _weigh(self, node: Node, source: str, apart: bool) -> None:
        if node.tag == "#text":
            text = source[slice(*node.run)]
            sentences = len(_SENTENCE.findall(text))
            prose, links = len(_PROSE.findall(text)) + 9 * sentences, 0
        else:
            prose = sum(self.prose[id(child)] for child in node.children)
            links = sum(self.links[id(child)] for child in node.children)
            sentences = sum(self.sentences[id(child)] for child in node.children)
        self.anchors[id(node)] = ("href" in node.attributes) + sum(self.anchors[id(child)] for child in node.children)
        if apart and "href" in node.attributes:
            prose, links = 0, links + prose
        self.prose[id(node)], self.links[id(node)], self.sentences[id(node)] = prose, links, sentences


def _hint(node: Node) -> str:
    return f"{node.attributes.get('class', '')} {node.attributes.get('id', '')}"


def main_node(body: Node, source: str) -> Node:
    """Return the element that holds the report; the body itself where no other does."""
    weights = Weights(body, source)
    node = _innermost(body, weights)
    hinted = [item for item in body.walk() if item.tag in _HOLDERS and _CONTAINER.search(_hint(item))]
    most = max((weights.prose[id(item)] for item in hinted), default=0)
    if not most or most < _HINTED * weights.prose[id(body)]:
        return node
    whole = [item for item in hinted if weights.prose[id(item)] >= _WHOLE * most]
    best = min(whole, key=lambda item: weights.links[id(item)] + weights.prose[id(item)])
    return _innermost(best, weights)


def _innermost(node: Node, weights: Weights) -> Node:
    """Go down while one child holds nearly all of the prose and hardly a sentence stands beside it.

    A table of data is content, however large, and not gone into.
    """
    while True:
        least = _NEARLY_ALL * max(1, weights.prose[id(node)])
        inner = next((child for child in node.children if weights.prose[id(child)] >= least), None)
        if inner is None or inner.tag in ("#text", "p", "span", "li") or (inner.tag == "table" and is_data_table(inner)):
            return node
        beside = weights.sentences[id(node)] - weights.sentences[id(inner)]
        if beside > max(_FEW, _FEW_SHARE * weights.sentences[id(inner)]):
            return node
        node = inner


def pruned(main: Node, source: str) -> frozenset[int]:
    """Return the ids of the elements inside the main one that are furniture: by name, or because links are most of them.

    What holds a sentence, or no link, is never taken for furniture by its name.
    """
    weights = Weights(main, source)
    total = max(1, weights.prose[id(main)])
    found = set()
    for node in main.walk():
        if node is main or node.tag not in _BOXES:
            continue
        prose, links = weights.prose[id(node)], weights.links[id(node)]
        small = links > 0 and prose < 0.1 * total and not weights.sentences[id(node)]
        menu = not prose and weights.anchors[id(node)] >= _FEWEST_LINKS
        if (small and _FURNITURE.search(_hint(node))) or (links > 2 * prose and links > _SHORTEST_LIST) or menu:
            found.add(id(node))
    return frozenset(found)
