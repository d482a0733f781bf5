"""CoNLL: a character a line, a BIO column a layer, a ``# document`` comment before each; lossless for text, spans, metadata.

Files of others are read too: any number of columns, the last ones being tags; sentences (blank lines) become lines of the text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from annotation.formats.common import Losses, make_span, note_losses
from fazhi.document import Document, Span
from fazhi.errors import InputError
from fazhi.labelling import default_labelling
from fazhi.writers import whole_file

_ESCAPES = {"\n": "\\n", "\t": "\\t", " ": "\\s", "\u3000": "\\u3000", "\\": "\\\\", "#": "\\#", "\r": "\\r", "\xa0": "\\xa0"}
_PLAIN = {escape: char for char, escape in _ESCAPES.items()}


def write(documents: Iterable[Document], path: Path, losses: Losses) -> None:
    """Write one file."""
    layers = [layer.name for layer in default_labelling().schema.layers]
    with whole_file(path, newline="\n") as stream:
        for document in documents:
            note_losses(document, losses, ("metadata", "attributes", "relations", "remarks"))
            head = json.dumps({"id": document.id, "meta": dict(document.meta)}, ensure_ascii=False)
            stream.write(f"# document = {head}\n")
            columns = [_tags(document, layer) for layer in layers]
            for char, *tags in zip(document.text, *columns, strict=True):
                stream.write("\t".join([_escape(char), *tags]) + "\n")
            stream.write("\n")


def _escape(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    return f"\\u{ord(char):04x}" if char.isspace() or (not char.isprintable() and ord(char) < 0x10000) else char


def _plain(token: str) -> str:
    if token in _PLAIN:
        return _PLAIN[token]
    return chr(int(token[2:], 16)) if token.startswith("\\u") and len(token) == 6 else token


def _tags(document: Document, layer: str) -> list[str]:
    tags = ["O"] * len(document.text)
    for span in document.spans:
        if span.layer == layer:
            tags[span.start : span.end] = [f"B-{span.label}"] + [f"I-{span.label}"] * (span.end - span.start - 1)
    return tags


def read(path: Path, losses: Losses) -> Iterator[Document]:
    """Yield the documents of one file; a file without ``# document`` comments is one document."""
    head: dict[str, object] = {"id": path.stem}
    rows: list[list[str]] = []
    ours = False
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if line.startswith("# document = "):
            if rows:
                yield _document(head, rows, losses)
            head, rows, ours = _head(line, path, number), [], True
        elif line.strip() and not line.startswith(("#", "-DOCSTART-")):
            rows.append(line.split("\t") if "\t" in line else line.split())
        elif rows and not ours and not line.strip():
            rows.append(["\\n"])
    if rows:
        yield _document(head, rows, losses)


def _head(line: str, path: Path, number: int) -> dict[str, object]:
    try:
        head: dict[str, object] = json.loads(line.removeprefix("# document = "))
    except ValueError as error:
        raise InputError(f"{path}:{number}", "the document comment is no JSON", "mend or drop the line") from error
    return head


def _document(head: dict[str, object], rows: list[list[str]], losses: Losses) -> Document:
    while rows and rows[-1] == ["\\n"]:
        rows.pop()
    tokens = [_plain(row[0]) for row in rows]
    starts = [0]
    for token in tokens:
        starts.append(starts[-1] + len(token))
    text = "".join(tokens)
    spans = [
        span
        for column in range(1, max(map(len, rows), default=1))
        for span in _spans([row[column] if column < len(row) else "O" for row in rows], starts, text, losses)
    ]
    meta = head.get("meta")
    return Document(str(head["id"]), text, dict(meta) if isinstance(meta, dict) else {}).with_spans(spans)


def _spans(tags: list[str], starts: list[int], text: str, losses: Losses) -> Iterator[Span]:
    open_at, label = 0, ""
    for index, tag in enumerate([*tags, "O"]):
        prefix, _, name = tag.partition("-")
        if label and (prefix in "BSO" or name != label):
            if span := make_span(starts[open_at], starts[index], label, text, losses):
                yield span
            label = ""
        if not label and prefix in ("B", "I", "S", "M", "E") and name:
            open_at, label = index, name
