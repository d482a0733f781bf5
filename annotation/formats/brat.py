"""brat standoff: ``NAME.txt`` and ``NAME.ann`` a document, with attributes, relations and notes; offsets count code points."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from annotation.formats.common import Losses, make_span, note_losses
from fazhi.document import Document, Span
from fazhi.errors import InputError
from fazhi.writers import whole_file

Key = tuple[int, int, str]


def write(documents: Iterable[Document], folder: Path, losses: Losses) -> None:
    """Write two files a document into a folder."""
    for document in documents:
        note_losses(document, losses, ("attributes", "relations"))
        name = document.id.replace("/", "_")
        with whole_file(folder / f"{name}.txt", newline="\n") as stream:
            stream.write(document.text)
        with whole_file(folder / f"{name}.ann", newline="\n") as stream:
            stream.writelines(f"{line}\n" for line in _lines(document))


def _lines(document: Document) -> Iterator[str]:
    ids: dict[Key, str] = {}
    for number, span in enumerate(document.spans, 1):
        ids[span.start, span.end, span.label] = f"T{number}"
        words = document.text[span.start : span.end].replace("\n", " ")
        yield f"T{number}\t{span.label} {_fragments(document.text, span)}\t{words}"
    annotation = document.meta.get("annotation") or {}
    count = 0
    for attribute in annotation.get("attributes", ()):
        target = ids[_key(attribute["span"])]
        for name, values in attribute.items():
            for value in values if isinstance(values, list) and name != "span" else ():
                count += 1
                yield f"A{count}\t{name} {target} {value}"
        if attribute.get("note"):
            count += 1
            yield f"#{count}\tAnnotatorNotes {target}\t{attribute['note'].replace(chr(10), chr(92) + 'n')}"
    for number, link in enumerate(annotation.get("relations", ()), 1):
        kind = (link["names"] or ["related"])[0]
        yield f"R{number}\t{kind} Arg1:{ids[_key(link['from'])]} Arg2:{ids[_key(link['to'])]}"


def _fragments(text: str, span: Span) -> str:
    """Return a span's offsets; brat wants one that goes over a line break in pieces."""
    pieces, at = [], span.start
    for line in text[span.start : span.end].split("\n"):
        if line:
            pieces.append(f"{at} {at + len(line)}")
        at += len(line) + 1
    return ";".join(pieces) or f"{span.start} {span.end}"


def _key(place: list[Any]) -> Key:
    return place[0], place[1], place[2]


def read(folder: Path, losses: Losses) -> Iterator[Document]:
    """Yield the documents of a folder, in the order of their names."""
    paths = sorted(folder.glob("*.ann"))
    if not paths:
        raise InputError(folder, "no .ann files in it", "give a folder of brat's .txt and .ann files")
    for path in paths:
        source = path.with_suffix(".txt")
        if not source.exists():
            raise InputError(source, "there is no such file", f"put the text of {path.name} beside it")
        with source.open(encoding="utf-8", newline="") as stream:
            text = stream.read()
        yield _document(path, text, losses)


def _document(path: Path, text: str, losses: Losses) -> Document:
    spans: dict[str, Span] = {}
    attributes: dict[str, dict[str, Any]] = {}
    links: list[tuple[str, str, str]] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        try:
            _line(line, text, losses, spans, attributes, links)
        except (ValueError, IndexError) as error:
            raise InputError(f"{path}:{number}", f"{line[:60]!r} is no brat annotation", "mend or drop the line") from error
    place = {name: [s.start, s.end, s.label] for name, s in spans.items()}
    annotation = {
        "attributes": [{"span": place[name], **values} for name, values in attributes.items() if name in place],
        "relations": [{"from": place[a], "to": place[b], "names": [kind]} for kind, a, b in links if a in place and b in place],
        "remarks": [],
    }
    used = annotation["attributes"] or annotation["relations"]
    return Document(path.stem, text, {"annotation": annotation} if used else {}).with_spans(spans.values())


def _line(
    line: str,
    text: str,
    losses: Losses,
    spans: dict[str, Span],
    attributes: dict[str, dict[str, Any]],
    links: list[tuple[str, str, str]],
) -> None:
    """Take in one line of an .ann file."""
    name, _, rest = line.partition("\t")
    if name.startswith("T"):
        label, _, places = rest.split("\t")[0].partition(" ")
        pieces = [tuple(map(int, piece.split())) for piece in places.split(";")]
        if any(text[a[1] : b[0]].strip("\n") for a, b in pairwise(pieces)):
            losses.add("discontinuous span; it was closed up from its first to its last piece")
        if span := make_span(pieces[0][0], pieces[-1][1], label, text, losses):
            spans[name] = span
    elif name.startswith("A"):
        kind, target, *value = rest.split(" ")
        attributes.setdefault(target, {}).setdefault(kind, []).append(" ".join(value) or "true")
    elif name.startswith("#"):
        target = rest.split("\t")[0].split(" ")[1]
        attributes.setdefault(target, {})["note"] = rest.split("\t", 1)[1].replace("\\n", "\n")
    elif name.startswith("R"):
        kind, one, other = rest.split("\t")[0].split(" ")
        links.append((kind, one.partition(":")[2], other.partition(":")[2]))
    elif name:
        losses.add(f"brat line of kind {name[0]}")
