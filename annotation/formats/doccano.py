"""doccano JSON lines: ``{"id", "text", "label": [[start, end, "LABEL"]]}`` or the form with entities and relations."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from annotation.formats.common import Losses, make_span, note_losses
from annotation.tasks import json_lines
from fazhi.document import Document, Span
from fazhi.errors import InputError
from fazhi.writers import whole_file


def write(documents: Iterable[Document], path: Path, losses: Losses) -> None:
    """Write one line a document, in the form with entities and relations; metadata go into ``meta``."""
    with whole_file(path) as stream:
        for document in documents:
            note_losses(document, losses, ("metadata", "attributes", "relations", "remarks"))
            ids = {(s.start, s.end, s.label): number for number, s in enumerate(document.spans, 1)}
            entities = [{"id": n, "label": key[2], "start_offset": key[0], "end_offset": key[1]} for key, n in ids.items()]
            links = (document.meta.get("annotation") or {}).get("relations", ())
            relations = [
                {
                    "id": n,
                    "from_id": ids[tuple(r["from"])],
                    "to_id": ids[tuple(r["to"])],
                    "type": (r["names"] or ["related"])[0],
                }
                for n, r in enumerate(links, 1)
            ]
            row = {"id": document.id, "text": document.text, "entities": entities, "relations": relations}
            stream.write(json.dumps({**row, "meta": dict(document.meta)}, ensure_ascii=False) + "\n")


def read(path: Path, losses: Losses) -> Iterator[Document]:
    """Yield the documents of one file."""
    for number, raw in json_lines(path):
        try:
            yield _document(raw, f"{path.stem}-{number}", losses)
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"{path}:{number}", f"no doccano example ({error})", "mend or drop the line") from error


def _document(raw: dict[str, Any], name: str, losses: Losses) -> Document:
    text = raw.get("text", raw.get("data"))
    if not isinstance(text, str):
        raise KeyError("text")
    spans: dict[Any, Span] = {}
    for index, item in enumerate(raw.get("entities") or raw.get("label") or raw.get("labels") or ()):
        as_object = isinstance(item, dict)
        start, end, label = (item["start_offset"], item["end_offset"], item["label"]) if as_object else item
        if span := make_span(start, end, label, text, losses):
            spans[item["id"] if as_object else f"#{index}"] = span
    meta = dict(raw.get("meta") or {})
    links = [(r["from_id"], r["to_id"], r["type"]) for r in raw.get("relations") or ()]
    if links and "annotation" not in meta:
        place = {key: [s.start, s.end, s.label] for key, s in spans.items()}
        kept = [{"from": place[a], "to": place[b], "names": [kind]} for a, b, kind in links if a in place and b in place]
        meta["annotation"] = {"attributes": [], "relations": kept, "remarks": []}
    return Document(str(raw.get("id", name)), text, meta).with_spans(spans.values())
