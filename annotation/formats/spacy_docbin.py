"""spaCy ``DocBin``: a token a character, a span group a layer (``doc.spans["metric"]``), id and metadata in ``user_data``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from annotation.formats.common import Losses, make_span, note_losses
from fazhi.document import Document
from fazhi.errors import InputError, MissingExtraError
from fazhi.labelling import default_labelling


def _library() -> Any:  # noqa: ANN401  a module without types
    try:
        import spacy.tokens
    except ImportError as error:
        raise MissingExtraError("spacy", "spacy") from error
    return spacy


def write(documents: Iterable[Document], path: Path, losses: Losses) -> None:
    """Write one ``.spacy`` file."""
    spacy = _library()
    vocabulary, bins = spacy.blank("zh").vocab, spacy.tokens.DocBin(store_user_data=True)
    for document in documents:
        note_losses(document, losses, ("metadata", "attributes", "relations", "remarks"))
        chars = list(document.text)
        doc = spacy.tokens.Doc(vocabulary, words=chars, spaces=[False] * len(chars))
        for layer in default_labelling().schema.layers:
            inside = [s for s in document.spans if s.layer == layer.name]
            doc.spans[layer.name] = [spacy.tokens.Span(doc, s.start, s.end, label=s.label) for s in inside]
        doc.user_data = {"id": document.id, "meta": dict(document.meta)}
        bins.add(doc)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.part")
    bins.to_disk(temporary)
    temporary.replace(path)


def read(path: Path, losses: Losses) -> Iterator[Document]:
    """Yield the documents of one file: all span groups and the entities, by their characters."""
    spacy = _library()
    try:
        bins = spacy.tokens.DocBin().from_disk(path)
    except (OSError, ValueError) as error:
        raise InputError(path, "no spaCy DocBin", "give a file that DocBin.to_disk wrote") from error
    for number, doc in enumerate(bins.get_docs(spacy.blank("zh").vocab), 1):
        found = [span for group in doc.spans.values() for span in group] + list(doc.ents)
        spans = {made for s in found if (made := make_span(s.start_char, s.end_char, s.label_, doc.text, losses))}
        data = doc.user_data
        yield Document(str(data.get("id", f"{path.stem}-{number}")), doc.text, dict(data.get("meta") or {})).with_spans(spans)
