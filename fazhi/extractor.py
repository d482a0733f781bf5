"""The extractor: documents in, documents with spans and records out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from fazhi import audit, ingest, records
from fazhi.backends import Backend, Ids, OnnxBackend
from fazhi.clauses import Clause, clauses
from fazhi.decoding import ClauseTokens, decode
from fazhi.document import Document, Span
from fazhi.errors import FazhiError, ModelError
from fazhi.model_dir import ModelDirectory
from fazhi.offsets import OffsetMap
from fazhi.structure import items, sections
from fazhi.tokens import Tokens, tokenize
from fazhi.windows import FloatArray, plan_windows, stitch

Group = list[tuple[Document, Tokens]]
"""Documents that go through the model together, each with its tokens."""
GROUP_TOKENS = 2048
"""``extract_many`` runs about this many tokens at once: enough to keep all cores busy, little enough to stay small."""
GROUPS_AHEAD = 2
"""Groups that wait for the model while one is decoded: with a second one no core is idle where the first ends."""

OnError = Callable[[Path, FazhiError], None]
"""What ``extract_many`` does with a file that cannot be read."""


@dataclass(frozen=True)
class Extractor:
    """Tags documents with a model. Make one with ``from_pretrained``; it is safe to use for any number of documents."""

    model: ModelDirectory
    backend: Backend

    @classmethod
    def from_pretrained(cls, model: str | Path | None = None, backend: str = "auto", threads: int = 0) -> Extractor:
        """Load a model directory, a shipped model's name, or a hub id (see ``fazhi.model_dir.locate``).

        ``backend`` is ``onnx``, ``torch`` or ``auto`` (onnx where there is an ONNX file); ``threads`` 0 means all cores.
        """
        directory = ModelDirectory.open(model)
        built = _backend(directory, backend, threads)
        return cls(directory, built)

    def extract(self, document: Document) -> Document:
        """Return the document with its spans (scored, with source offsets), records, and findings of the audit."""
        return next(self._finished([(document, tokenize(document.text, self.model.tokenizer))]))

    def extract_many(self, documents: Iterable[Document | Path | str], on_error: OnError | None = None) -> Iterator[Document]:
        """Extract a stream of documents, or of paths of files to read, in order, several at a time.

        Memory does not grow with their number. A file that cannot be read is given to ``on_error(path, error)`` and left out;
        without ``on_error`` its ``FazhiError`` is raised, after the documents before it.
        """
        waiting: deque[Iterator[Document]] = deque()
        with ThreadPoolExecutor(GROUPS_AHEAD, thread_name_prefix="fazhi-ahead") as ahead:
            for group, error in self._groups(documents, on_error):
                waiting.append(self._finished(group, ahead.submit(self.logits, group)))
                while waiting and (len(waiting) > GROUPS_AHEAD or error is not None):
                    yield from waiting.popleft()  # the model works on the groups behind it meanwhile
                if error is not None:
                    raise error
            while waiting:
                yield from waiting.popleft()

    def _groups(
        self, documents: Iterable[Document | Path | str], on_error: OnError | None
    ) -> Iterator[tuple[Group, FazhiError | None]]:
        """Yield groups of documents with their tokens, and the error that ends the stream with the last of them."""
        group: Group = []
        size = 0
        for item in documents:
            try:
                document = item if isinstance(item, Document) else ingest.read(Path(item))
            except FazhiError as error:
                if on_error is None:
                    yield group, error
                    return
                on_error(Path(str(item)), error)
                continue
            tokens = tokenize(document.text, self.model.tokenizer)
            group.append((document, tokens))
            size += len(tokens)
            if size >= GROUP_TOKENS:
                yield group, None
                group, size = [], 0
        yield group, None

    def logits(self, group: Group) -> list[FloatArray]:
        """Return ``(len(tokens), labels)`` logits for the tokens of each document, windows stitched."""
        size, overlap = self.model.window
        plans = [plan_windows(document.text, tokens.offsets, size, overlap) for document, tokens in group]
        windows: list[Ids] = [tokens.ids[a:b] for (_, tokens), plan in zip(group, plans, strict=True) for a, b in plan]
        rows = iter(self.backend.logits(windows))
        return [stitch(plan, [next(rows) for _ in plan], len(tokens)) for (_, tokens), plan in zip(group, plans, strict=True)]

    def _finished(self, group: Group, rows: Future[list[FloatArray]] | None = None) -> Iterator[Document]:
        """Yield the documents of a group complete, given their logits or the promise of them."""
        logits = self.logits(group) if rows is None else rows.result()
        for (document, tokens), mine in zip(group, logits, strict=True):
            yield self._finish(document, tokens, mine)

    def _finish(self, document: Document, tokens: Tokens, logits: FloatArray) -> Document:
        aligned = ClauseTokens.align(document.text, tokens.offsets, clauses_of_body(document))
        found = decode(logits, aligned, self.model.schema, self.model.temperatures) if len(tokens) else []
        tagged = document.with_spans(locate_in_source(found, document))
        meta = {**document.meta, "model": self.model.version}
        built = records.build(tagged, sections(tagged.text), items(tagged.text))
        complete = replace(tagged, meta=meta, records=built)
        return replace(complete, audit=tuple(finding.to_json() for finding in audit.check(complete)))


def clauses_of_body(document: Document) -> list[Clause]:
    """Return the clauses that may carry spans: those of the body that ingest found (``meta.body``), all where it did not look.

    Navigation, source lines and footers are not annotated (guideline §6).
    """
    found = clauses(document.text)
    start, end = document.meta.get("body") or (0, len(document.text))
    return [clause for clause in found if start <= clause.start and clause.end <= end]


def locate_in_source(spans: Iterable[Span], document: Document) -> Iterator[Span]:
    """Give every span its place in the decoded source."""
    offsets = OffsetMap(document.alignment)
    for span in spans:
        start, end = offsets.to_source(span.start, span.end)
        yield replace(span, source_start=start, source_end=end)


def _backend(directory: ModelDirectory, backend: str, threads: int) -> Backend:
    built: Backend
    if backend == "torch" or (backend == "auto" and directory.weights.suffix == ".safetensors"):
        from fazhi.backends_torch import TorchBackend  # torch only where it is asked for

        built = TorchBackend(directory.path, directory.specials)
    elif backend in ("auto", "onnx"):
        built = OnnxBackend(directory.weights, directory.specials, threads)
    else:
        raise ModelError(directory.path, f"unknown backend {backend!r}", "choose auto, onnx or torch")
    if built.labels != directory.schema.size:
        what = f"the weights give {built.labels} logits a token, the label layers need {directory.schema.size}"
        raise ModelError(directory.path, what, "export it again with python -m models.export")
    return built
