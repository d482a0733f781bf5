"""HTML to a tree whose text runs know their place in the source.

A tokenizer of our own (after the HTML standard's tokenization, §13.2.5, less what carries no text) rewrites the page: every
run of text becomes a numbered marker, inline tags become ``span`` so that no tree builder has to reopen them, scripts and
comments go, nesting is cut at ``MAX_DEPTH``. ``selectolax`` (lexbor) builds the tree of that by the standard, and the markers
lead from its text nodes back to the source. Both steps take time linear in the size of the page.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from selectolax.lexbor import LexborHTMLParser, LexborNode

MAX_DEPTH = 200
"""Deepest nesting that is kept; deeper tags are dropped, their text is not."""

_NAME = re.compile(r"[a-zA-Z][^\s/>]*")
_ATTRIBUTE = re.compile(r"""[\s/]*([^\s/>=]+|=)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s>]*))?""")
_MARKER = re.compile("\ue000(\\d+)\ue001")
_KEPT = ("class", "id", "style", "hidden", "colspan", "rowspan", "href")
_RAW = frozenset(["script", "style", "textarea", "iframe", "xmp", "noembed", "noframes"])
_RAW_IF_CLOSED = frozenset(["svg", "math", "template"])
_INLINE = frozenset((
    "a", "option", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "em", "font", "i", "ins", "label", "mark", "nobr", "q",
    "s", "small", "strike", "strong", "sub", "sup", "tt", "u", "var",
))  # fmt: skip
_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr", "frame"]
)
_UNCOUNTED = frozenset(["p", "li", "td", "th", "tr", "dd", "dt", "tbody", "thead", "tfoot", "html", "head", "body"])
_SKIPPED = frozenset((
    "frameset", "plaintext", "object", "applet", "marquee", "button", "select", "optgroup", "link", "base", "svg", "math",
    "template", "html", "head", "body",
))  # fmt: skip


@dataclass(slots=True)
class Node:
    """An element (``tag``, ``attributes``, ``children``) or a run of text (tag ``#text``, its stretch of the source)."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Node] = field(default_factory=list)
    run: tuple[int, int] = (0, 0)

    def walk(self) -> Iterator[Node]:
        """Yield this node and all below it, in document order."""
        stack = [self]
        while stack:
            node = stack.pop()
            yield node
            stack.extend(reversed(node.children))


@dataclass(frozen=True, slots=True)
class MetaTag:
    """A ``<meta name=… content=…>`` and its stretch of the source."""

    name: str
    content: str
    start: int
    end: int


@dataclass(slots=True)
class Page:
    """A tokenised page: the rewritten markup, the runs that its markers number, the meta tags, the ``<title>``.

    ``unclosed`` holds elements that are known to have no end tag in the rest of the page.
    """

    skeleton: list[str] = field(default_factory=list)
    runs: list[tuple[int, int]] = field(default_factory=list)
    metas: list[MetaTag] = field(default_factory=list)
    title: tuple[int, int] | None = None
    unclosed: set[str] = field(default_factory=set)
    _open: list[bool] = field(default_factory=list)
    _depth: int = 0

    def add_text(self, source: str, start: int, end: int) -> None:
        """Add a run of text; white space stays white space, because the tree builder treats it apart inside tables."""
        if start >= end:
            return
        if source[start:end].isspace():
            self.skeleton.append(" ")
            return
        self.skeleton.append(f"\ue000{len(self.runs)}\ue001")
        self.runs.append((start, end))

    def add_start(self, name: str, attributes: dict[str, str]) -> None:
        """Add a start tag; where nesting is too deep only the line break that a block would make."""
        if name in _SKIPPED:
            return
        if name not in _VOID and name not in _UNCOUNTED:
            self._open.append(self._depth < MAX_DEPTH)
            self._depth += self._open[-1]
            if not self._open[-1]:
                self.skeleton.append("" if name in _INLINE else "<br>")
                return
        if name == "option":
            attributes = attributes | {"href": "1"}
        pairs = "".join(f' {key}="{html.escape(attributes[key][:300])}"' for key in _KEPT if key in attributes)
        self.skeleton.append(f"<{_written(name)}{pairs}>")

    def add_end(self, name: str) -> None:
        """Add an end tag, unless its start tag was dropped."""
        if name in _SKIPPED or (name in _VOID and name != "br"):
            return
        if name not in _VOID and name not in _UNCOUNTED:
            if not self._open or not self._open.pop():
                return
            self._depth -= 1
        self.skeleton.append(f"</{_written(name)}>")


def _written(name: str) -> str:
    """Return the tag that stands for ``name`` in the rewritten page; names that are odd enough to need escaping are ``div``."""
    if name in _INLINE:
        return "span"
    return name if name != "form" and name.isalnum() and name.isascii() else "div"


def _attributes(source: str, at: int) -> tuple[dict[str, str], int]:
    """Read attributes from ``at`` to the tag's ``>``; return them and the place after it."""
    found: dict[str, str] = {}
    while match := _ATTRIBUTE.match(source, at):
        value = (match[2] or "").strip("\"'") if match[2] else ""
        found.setdefault(match[1].lower(), html.unescape(value))
        at = match.end()
    close = source.find(">", at)
    return found, len(source) if close < 0 else close + 1


def _skip_raw(source: str, name: str, at: int) -> tuple[int, int]:
    """Return where a raw element's content ends and where its end tag does."""
    close = re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE).search(source, at)
    end = source.find(">", close.end()) if close else -1
    return (close.start(), end + 1) if close and end >= 0 else (len(source), len(source))


def _skip_bogus(source: str, at: int) -> int:
    """Return the end of a comment, declaration or other construct that begins with ``<!``, ``<?`` or a stray ``</``."""
    end = "-->" if source.startswith("<!--", at) else ">"
    close = source.find(end, at + 2)
    return len(source) if close < 0 else close + len(end)


def tokenise(source: str) -> Page:
    """Tokenise a page (see the module)."""
    page, at, text_from = Page(), 0, 0
    while (at := source.find("<", at)) >= 0:
        closing = source.startswith("</", at)
        name = _NAME.match(source, at + 1 + closing)
        if not name and source[at + 1 : at + 2] not in ("!", "?", "/"):
            at += 1
            continue
        page.add_text(source, text_from, at)
        at = text_from = _tag(source, at, closing, name[0].lower(), page) if name else _skip_bogus(source, at)
    page.add_text(source, text_from, len(source))
    return page


def _tag(source: str, at: int, closing: bool, name: str, page: Page) -> int:
    attributes, end = _attributes(source, at + 1 + closing + len(name))
    if closing:
        page.add_end(name)
    elif name == "title":
        content, (stop, end) = end, _skip_raw(source, name, end)
        page.title = page.title or (content, stop)
    elif name in _RAW:
        end = _skip_raw(source, name, end)[1]
    elif name in _RAW_IF_CLOSED and name not in page.unclosed:
        stop, after = _skip_raw(source, name, end)
        end = after if stop < len(source) else end
        page.unclosed |= {name} if stop == len(source) else set()
    elif name == "meta":
        key = attributes.get("name", attributes.get("property", "")).lower()
        page.metas.append(MetaTag(key, attributes.get("content", ""), at, end))
    else:
        page.add_start(name, attributes)
    return end


def tree(page: Page) -> Node:
    """Build the tree of a tokenised page: its ``body``."""
    body = LexborHTMLParser("<body>" + "".join(page.skeleton)).body
    root = Node("body")
    if body is None:
        return root
    parents: list[Node] = [root]
    at: LexborNode | None = body.child
    while at is not None:
        node = _convert(at, page, parents[-1])
        if node is not None and at.child is not None:
            parents.append(node)
            at = at.child
            continue
        while at is not None and at.next is None:
            at = at.parent
            parents.pop()
            if not parents:
                return root
        at = at.next if at is not None else None
    return root


def _convert(at: LexborNode, page: Page, parent: Node) -> Node | None:
    """Add a tree node's own form to its parent; text nodes add one run a marker and return nothing."""
    if at.is_element_node:
        node = Node(at.tag or "", {key: value or "" for key, value in at.attributes.items()})
        parent.children.append(node)
        return node
    content = (at.text_content or "") if at.is_text_node else ""
    place = 0
    for match in _MARKER.finditer(content):
        if match.start() > place:
            parent.children.append(Node("#space"))
        parent.children.append(Node("#text", run=page.runs[int(match[1])]))
        place = match.end()
    if place < len(content):
        parent.children.append(Node("#space"))
    return None
