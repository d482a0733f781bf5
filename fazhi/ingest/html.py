"""The HTML reader: the page's main text as lines of pieces, every piece with its stretch of the page's markup."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from fazhi.ingest.furniture import is_furniture
from fazhi.ingest.limits import Deadline
from fazhi.ingest.main_text import main_node, pruned
from fazhi.ingest.markup import MetaTag, Node, tokenise, tree
from fazhi.ingest.pieces import Line, Piece, build, inserted, text_of
from fazhi.ingest.tables import Grid, is_data_table, table_lines
from fazhi.offsets import TextBuilder

_BLOCKS = frozenset((
    "p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "li", "ul", "ol", "dl", "dt", "dd", "table", "thead", "tbody", "tfoot",
    "tr", "td", "th", "section", "article", "header", "footer", "nav", "aside", "main", "figure", "figcaption",
    "blockquote", "pre", "hr", "center", "address", "fieldset", "details", "summary", "caption",
))  # fmt: skip
_TOKENS = re.compile(r"&(?:#\d{1,9}|#[xX][0-9a-fA-F]{1,8}|[a-zA-Z][a-zA-Z0-9]{1,31});?|[ \t\r\n\f]+|[^& \t\r\n\f]+|&")
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_TITLE_METAS = ("articletitle", "og:title", "title")
_SITE = re.compile(r"\s*[-_|—–·>]+\s*")


@dataclass(slots=True)
class Html:
    """What the reader found: the main text, all other visible text (for metadata), the meta tags."""

    main: TextBuilder
    aside: TextBuilder
    metas: list[MetaTag] = field(default_factory=list)


def is_hidden(node: Node) -> bool:
    """Tell whether a browser would not show an element."""
    return "hidden" in node.attributes or bool(_HIDDEN.search(node.attributes.get("style", ""))) or node.tag == "noscript"


def pieces(source: str, start: int, end: int) -> Iterable[Piece]:
    """Yield a run of text with its character references resolved and its white space collapsed."""
    for match in _TOKENS.finditer(source, start, end):
        token = match[0]
        if token[0] == "&":
            yield match.start(), match.end(), html.unescape(token)
        elif token.isspace() and token[0] not in "\u3000\xa0":
            yield match.start(), match.end(), " "
        else:
            yield match.start(), match.end(), token


class LineMaker:
    """Turns a tree into lines: blocks and ``<br>`` end one, inline elements do not, data tables become clauses."""

    def __init__(self, source: str, skipped: frozenset[int] = frozenset()) -> None:
        self._source, self._skipped = source, skipped
        self.lines: list[Line] = [[]]
        self._preformatted: set[int] = set()

    def add(self, root: Node) -> list[Line]:
        """Add a subtree; return all lines that are not blank."""
        stack: list[Node | None] = [root]
        while stack:
            node = stack.pop()
            if node is None:
                self._break()
            elif node.tag == "#text":
                self._text(node)
            elif node.tag == "#space":
                self._space()
            elif not is_hidden(node) and id(node) not in self._skipped:
                self._element(node, stack)
        return [line for line in map(_stripped, self.lines) if line]

    def _element(self, node: Node, stack: list[Node | None]) -> None:
        if node.tag == "table" and is_data_table(node):
            self._break()
            self.lines += [*table_lines(self._grid(node)), []]
            return
        if node.tag == "pre":
            self._preformatted |= {id(inner) for inner in node.walk() if inner.tag == "#text"}
        if node.tag in _BLOCKS or node.tag == "br":
            self._break()
            stack.append(None)
        stack.extend(reversed(node.children))

    def _grid(self, table: Node) -> Grid:
        rows: Grid = []
        for row in (node for node in table.walk() if node.tag == "tr"):
            cells = [node for node in row.children if node.tag in ("td", "th")]
            rows.append([(self._cell(cell), _number(cell, "colspan"), _number(cell, "rowspan")) for cell in cells])
        return rows

    def _cell(self, cell: Node) -> Line:
        inner = LineMaker(self._source, self._skipped)
        joined: Line = []
        for line in inner.add(cell):
            joined += line
        return joined

    def _break(self) -> None:
        if self.lines[-1]:
            self.lines.append([])

    def _space(self) -> None:
        if self.lines[-1] and not self.lines[-1][-1][2].endswith(" "):
            self.lines[-1].append(inserted(" ", self.lines[-1][-1][1]))

    def _text(self, node: Node) -> None:
        breaks = id(node) in self._preformatted
        for piece in pieces(self._source, *node.run):
            line = self.lines[-1]
            if breaks and piece[2] == " " and "\n" in self._source[piece[0] : piece[1]]:
                self._break()
                continue
            if piece[2] == " " and (not line or line[-1][2].endswith(" ")):
                continue
            line.append(piece)


def _number(cell: Node, name: str) -> int:
    value = cell.attributes.get(name, "")
    return min(int(value), 60) if value.isdecimal() and len(value) < 6 and int(value) > 0 else 1


def _stripped(line: Line) -> Line:
    """Drop the blanks at both ends of a line, and a soft wrap between two Chinese characters."""
    while line and not line[0][2].strip():
        line = line[1:]
    while line and not line[-1][2].strip():
        line = line[:-1]
    if not line:
        return line
    line = [_trimmed(line[0]), *line[1:]]
    return [line[at] for at in range(len(line)) if line[at][2] != " " or not _between_chinese(line, at)]


def _trimmed(piece: Piece) -> Piece:
    """Cut the indent off the first piece of a line."""
    start, end, text = piece
    cut = len(text) - len(text.lstrip()) if len(text) == end - start else 0
    return start + cut, end, text[cut:]


def _between_chinese(line: Line, at: int) -> bool:
    return line[at][0] < line[at][1] and _is_chinese(line[at - 1][2][-1:]) and _is_chinese(line[at + 1][2][:1])


def _is_chinese(char: str) -> bool:
    return "\u3001" <= char <= "\u9fff" or "\uff00" <= char <= "\uffef"


def read_html(source: str, deadline: Deadline) -> Html:
    """Read a page: main text with its title first, the rest aside."""
    page = tokenise(source)
    deadline.check()
    body = tree(page)
    deadline.check()
    main = main_node(body, source)
    skipped = pruned(main, source)
    lines = [line for line in LineMaker(source, skipped).add(main) if not is_furniture(text_of(line))]
    aside = LineMaker(source, frozenset({id(main)})).add(body)
    title = _title(source, page.title, page.metas, lines, aside)
    everything = [line for line in aside if len(text_of(line)) < 300][:400]
    return Html(build(source, [title, *lines] if title else lines), build(source, everything), page.metas)


def _key(text: str) -> str:
    return "".join(char for char in text if char.isalnum())


def _title(
    source: str, element: tuple[int, int] | None, metas: list[MetaTag], lines: list[Line], aside: list[Line]
) -> Line | None:
    """Find the line that shows the page's title, as meta tags or ``<title>`` tell it; none where the text begins with it."""
    told = [meta.content for name in _TITLE_METAS for meta in metas if meta.name == name]
    line = list(pieces(source, *element)) if element else []
    told += [part for part in _SITE.split(text_of(line)) if part]
    keys = [key for key in map(_key, told) if len(key) >= 8]
    opening = _key("".join(text_of(item) for item in lines[:6]))
    if any(key in opening for key in keys):
        return None
    for key in keys:
        shown = [item for item in aside if _key(text_of(item)) == key]
        if shown:
            return shown[-1]
    return _cut_site(line) if keys and line else None


def _cut_site(line: Line) -> Line:
    """Cut the site's name off a ``<title>``: all from the first separator on."""
    kept: Line = []
    for start, end, text in line:
        match = _SITE.search(text)
        if match and match.start() >= 8:
            return [*kept, (start, start + match.start(), text[: match.start()])]
        kept.append((start, end, text))
    return kept
