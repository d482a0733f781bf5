"""What the web service does, without HTTP: extract documents, answer Label Studio, take over a model that training promoted."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

from fazhi import ingest
from fazhi.document import Document
from fazhi.errors import ModelError, ServeError
from fazhi.extractor import Extractor
from fazhi.ingest.limits import Limits
from fazhi.labelling import default_labelling
from fazhi.web.regions import from_document, to_results
from fazhi.web.training import Training

PREDICT_SECONDS = 80.0
"""Label Studio waits 100 s for predictions; what is not done by then gets an empty answer."""
GROUP = 8


@dataclass
class Service:
    """A model being served; ``extract`` and ``predict`` run one at a time, for one call uses all cores already."""

    extractor: Extractor
    training: Training
    limits: Limits = field(default_factory=Limits)
    lock: threading.Lock = field(default_factory=threading.Lock)
    versions: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.versions.append(self.version)

    @property
    def version(self) -> str:
        """The model's version, as predictions carry it."""
        return self.extractor.model.version

    def extract_text(self, text: str, name: str) -> Document:
        """Extract a report that is given as text; ``InputError`` where it is none."""
        self.limits.check_size(len(text.encode("utf-8", "surrogatepass")), name)
        return self._extract(ingest.from_text(text, name))

    def extract_file(self, raw: bytes, name: str) -> Document:
        """Extract a report that is given as a file's content (txt, html, docx, pdf)."""
        return self._extract(ingest.from_bytes(raw, Path(name), self.limits))

    def _extract(self, document: Document) -> Document:
        self.refresh()
        with self.lock:
            return self.extractor.extract(document)

    def predict(self, tasks: Sequence[Mapping[str, Any]], seconds: float = PREDICT_SECONDS) -> list[dict[str, Any]]:
        """Return one prediction a task, in order; without a text, or when time is up, an empty one."""
        self.refresh()
        deadline = time.monotonic() + seconds
        found: list[dict[str, Any]] = []
        for start in range(0, len(tasks), GROUP):
            group = tasks[start : start + GROUP]
            with self.lock:
                found += self._answers(group) if time.monotonic() < deadline else [self._empty() for _ in group]
        return found

    def _answers(self, tasks: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
        texts = [(task.get("data") or {}).get("text") for task in tasks]
        documents = (Document(str(index), text) for index, text in enumerate(texts) if isinstance(text, str) and text)
        done = {int(document.id): document for document in self.extractor.extract_many(documents)}
        for index in range(len(tasks)):
            yield prediction(done[index], self.version) if index in done else self._empty()

    def _empty(self) -> dict[str, Any]:
        return {"result": [], "score": 0.0, "model_version": self.version}

    def refresh(self) -> None:
        """Take over a promoted model that is not the one being served."""
        path = self.training.promoted()
        if path is None or path == self.extractor.model.path.resolve():
            return
        with self.lock:
            try:
                self.extractor = Extractor.from_pretrained(path)
            except ModelError:
                return  # it is being replaced this very moment; the next request sees it whole
            if self.version not in self.versions:
                self.versions.append(self.version)


def prediction(document: Document, version: str) -> dict[str, Any]:
    """Return an extracted document as Label Studio wants a prediction; its score is the mean of the spans'."""
    scores = [span.score for span in document.spans if span.score is not None]
    mean = round(sum(scores) / len(scores), 4) if scores else 0.0
    return {"result": to_results(document.text, from_document(document)), "score": mean, "model_version": version}


def check_label_config(label_config: str) -> None:
    """See that a project's interface has our controls and labels; ``ServeError`` names what it lacks."""
    try:
        root = Xml.fromstring(label_config)  # noqa: S314  sent by the operator's own Label Studio
    except Xml.ParseError as error:
        raise ServeError(f"the project's labelling interface is no XML ({error})") from error
    found = {node.get("name"): _labels(node) for node in root.iter("Labels")}
    wanted = {layer.name: layer.labels for layer in default_labelling().schema.layers}
    lacking = [f"{layer}: {label}" for layer, labels in wanted.items() for label in labels if label not in found.get(layer, ())]
    if lacking:
        names = ", ".join(lacking)
        raise ServeError(f"the project's labelling interface lacks {names}; give it the one of python -m annotation.interface")


def _labels(node: Xml.Element) -> Iterable[str]:
    return {str(label.get("alias") or label.get("value")) for label in node.iter("Label")}
