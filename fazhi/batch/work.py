"""What a worker does with a shard, on whatever engine: extract its items, write its part and then its marker."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from fazhi import ingest
from fazhi.batch.folder import at_work
from fazhi.batch.item import Item
from fazhi.batch.shards import BatchError, Marker, Plan, Shard, reader, replace_file, write_json, writer
from fazhi.batch.trail import trail
from fazhi.document import Document
from fazhi.errors import FazhiError, InputError
from fazhi.extractor import Extractor
from fazhi.ingest.limits import Limits
from fazhi.offsets import OffsetMap

DIED = "the worker process died on it twice (out of memory?); try it alone with fazhi extract"
OUT_OF_MEMORY = "not enough memory for it; raise --limit-memory and run again with --retry-failed"
NO_ROOM_TO_WRITE = "not enough memory to write its part; raise --limit-memory or give fewer --workers, and run again"

Failures = list[dict[str, Any]]


def process(shard: Shard, extractor: Extractor, plan: Plan) -> Marker:
    """Do what is left to do on a shard and return its marker.

    Results are kept where only the failures are to be tried again and the format can be read back. An item on which two
    attempts have died is recorded as failed, not tried a third time. Raises ``OSError`` where the part cannot be written (a
    full disk), ``BatchError`` where the memory is too little for it: then there is no marker and nothing half-written.
    """
    if (marker := plan.done(shard)) is not None:
        return marker
    kept = _kept(shard, plan)
    with at_work(plan.folder), trail(plan.trail(shard.number)) as way:
        documents: list[Document] = []
        failed: Failures = []
        for number, item in enumerate(shard.items):
            if (known := kept.get(number)) is not None:
                documents.append(known)
                continue
            way.step(number)
            died = way.deaths[str(number)] > 1
            outcome = f"{item.name}: {DIED}" if died else attempt(item, extractor, plan.limits)
            if isinstance(outcome, str):
                failed.append({"item": number, "name": item.name, "error": outcome})
            else:
                documents.append(outcome)
        way.step("end")
        return _write(shard, plan, documents, failed)


def _write(shard: Shard, plan: Plan, documents: list[Document], failed: Failures) -> Marker:
    write = writer(plan.form)
    try:
        size = replace_file(plan.part(shard.number), lambda path: write(documents, path))
    except MemoryError as error:
        raise BatchError(f"shard {shard.number}: {NO_ROOM_TO_WRITE}") from error
    spans = Counter(span.label for document in documents for span in document.spans)
    characters = sum(len(document.text) for document in documents)
    marker = Marker(shard.key, size, len(documents), characters, dict(sorted(spans.items())), failed)
    replace_file(plan.marker(shard.number), lambda path: write_json(asdict(marker), path))
    return marker


def _kept(shard: Shard, plan: Plan) -> dict[int, Document]:
    """Return the documents of an earlier run, by the number of their item, where only failures are to be tried again."""
    read, marker = reader(plan.form), plan.marked(shard)
    if read is None or marker is None:
        return {}
    failed = {failure["item"] for failure in marker.failed}
    good = [number for number in range(len(shard.items)) if number not in failed]
    return dict(zip(good, read(plan.part(shard.number)), strict=True))


def attempt(item: Item, extractor: Extractor, limits: Limits) -> Document | str:
    """Extract one item, or return why it failed."""
    if item.error:
        return item.error
    try:
        return extractor.extract(document_of(item, limits))
    except FazhiError as error:
        return str(error)
    except MemoryError:
        return f"{item.name}: {OUT_OF_MEMORY}"
    except Exception as error:  # one odd report must not cost the other ten thousand
        if "alloc" in str(error):  # onnxruntime and tokenizers have errors of their own for it
            return f"{item.name}: {OUT_OF_MEMORY}"
        return f"{item.name}: internal error {type(error).__name__}: {error}; please report it with the file"


def document_of(item: Item, limits: Limits) -> Document:
    """Read an item. Raises ``InputError`` (or ``MissingExtraError``) where it holds no report."""
    if item.form == "file":
        return replace(ingest.from_bytes(item.raw, Path(item.name), limits), id=item.id)
    try:
        found = _parsed(item)
        ingested = bool(found.alignment or found.meta.get("sha256"))
        if ingested:
            _check_metadata(found)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(item.name, f"no document ({error})", "a line is an object with at least a text") from error
    if ingested:
        return found
    return replace(ingest.from_text(found.text, found.id, str(found.meta.get("source") or item.name)), id=found.id)


def _check_metadata(document: Document) -> None:
    """Raise ``ValueError`` where what ingest found, and the extraction reckons with, has been spoilt since."""
    body, year, length = document.meta.get("body"), document.meta.get("year"), len(document.text)
    if body is not None:
        pair = isinstance(body, list) and len(body) == 2 and all(type(place) is int for place in body)
        if not pair or not 0 <= body[0] <= body[1] <= length:
            raise ValueError(f"meta.body {body!r} is no [start, end] inside the text of {length} characters")
    if year is not None and type(year) is not int:
        raise ValueError(f"meta.year {year!r} is no whole number")


def _parsed(item: Item) -> Document:
    raw: Mapping[str, Any] = json.loads(item.raw)
    if not isinstance(raw, dict) or not isinstance(raw.get("text"), str):
        raise TypeError("it is no object with a text")
    known = {name: raw[name] for name in ("text", "meta", "alignment") if name in raw}
    found = Document.from_json({**known, "id": str(raw.get("id") or item.id)})
    found.dumps().encode()  # half a surrogate pair can be read and not written
    if found.alignment and OffsetMap(found.alignment).blocks[-1][1] != len(found.text):
        raise ValueError("the alignment does not cover the text")
    return found
