"""Documents → tasks of Label Studio (a report a task, or a section a task), and tasks → the texts they carry."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from fazhi import ingest
from fazhi.document import Document
from fazhi.errors import FazhiError, InputError
from fazhi.structure import sections
from fazhi.web.regions import Annotation, from_document, to_results

Task = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """``text[start:end]`` of a document: what one task shows. ``key`` tells it from every other text of every document."""

    document: Document
    start: int
    end: int

    @property
    def key(self) -> str:
        """A hash of the document's id and text and of the part's place."""
        place = json.dumps([self.document.id, self.document.text, self.start, self.end], ensure_ascii=False)
        return hashlib.sha256(place.encode("utf-8", "surrogatepass")).hexdigest()[:32]

    def annotation(self) -> Annotation:
        """Return the document's spans, choices and relations that lie in this part, offsets counted from its start."""
        whole = from_document(self.document)
        regions = tuple(r for r in whole.regions if self.start <= r.span.start and r.span.end <= self.end)
        ids = {region.id for region in regions}
        relations = tuple(link for link in whole.relations if link[0] in ids and link[1] in ids)
        return replace(whole, regions=regions, relations=relations).shifted(-self.start)

    def task(self) -> Task:
        """Return the task without predictions; what Label Studio need not show stands in ``meta``."""
        meta = self.document.meta
        shown = {name: meta[name] for name in ("title", "region", "year") if meta.get(name)}
        text = self.document.text[self.start : self.end]
        data = {"text": text, "document": self.document.id, "key": self.key, "start": self.start, **shown}
        kept = {"total": len(self.document.text), "meta": dict(meta), "alignment": [list(b) for b in self.document.alignment]}
        return {"data": data, "meta": {"fazhi": kept}}

    def prediction(self) -> dict[str, Any]:
        """Return the document's spans as a prediction, its score the mean of theirs."""
        text = self.document.text[self.start : self.end]
        annotation = self.annotation()
        scores = [region.span.score for region in annotation.regions if region.span.score is not None]
        mean = round(sum(scores) / len(scores), 4) if scores else 0.0
        version = str(self.document.meta.get("model") or "given")
        return {"result": to_results(text, annotation), "score": mean, "model_version": version}


def parts(document: Document, by_section: bool = False) -> Iterator[Part]:
    """Yield the parts of a document: one, or one a section that holds more than blanks (blank ones join their neighbour)."""
    starts = [section.start for section in sections(document.text)] if by_section else []
    filled = [at for at in starts[1:] if document.text[at:].strip() and document.text[:at].strip()]
    borders = [0, *filled, len(document.text)]
    merged = [borders[0]]
    for at in borders[1:]:
        if document.text[merged[-1] : at].strip() or at == len(document.text):
            merged.append(at)
    for start, end in pairwise(merged):
        yield Part(document, start, end)


def read_documents(paths: Iterable[Path]) -> Iterator[Document]:
    """Yield the documents of JSON-lines files and of reports in any form that ``fazhi extract`` reads."""
    for path in paths:
        if path.suffix == ".jsonl":
            yield from read_jsonl(path)
        else:
            for file in ingest.find([path]):
                yield ingest.read(file)


def read_jsonl(path: Path) -> Iterator[Document]:
    """Yield the documents of one JSON-lines file; ``InputError`` names the line that holds none."""
    for number, raw in json_lines(path):
        try:
            yield Document.from_json(raw)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"{path}:{number}", f"no document ({error})", "mend or drop the line") from error


def json_lines(path: Path) -> Iterator[tuple[int, Any]]:
    """Yield number and value of every line of a JSON-lines file."""
    try:
        with path.open(encoding="utf-8") as stream:
            for number, line in enumerate(stream, 1):
                if line.strip():
                    yield number, json.loads(line)
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})", "check the path") from error
    except ValueError as error:
        raise InputError(path, f"a line is no JSON ({error})", "mend or drop the line") from error


def text_of(task: Mapping[str, Any]) -> str:
    """Return a task's text; ``FazhiError`` where the task is not one of ours."""
    data = task.get("data") or {}
    if not isinstance(data.get("text"), str) or "key" not in data:
        raise FazhiError(
            f"task {task.get('id')}: it was not pushed by annotation.push; delete it, or move it to another project"
        )
    return str(data["text"])
