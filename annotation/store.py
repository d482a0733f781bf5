"""The folder that pulls fill: every text, every revision of every annotation, decisions, history, and the gold made of them.

``texts.jsonl`` holds the tasks' texts, ``annotations.jsonl`` one line a revision of an annotation, exactly as the server had it
(nothing is ever removed), ``decisions.jsonl`` what adjudicators decided, ``pulls.jsonl`` one line a pull,
``gold.jsonl`` documents.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from annotation.tasks import json_lines
from fazhi.errors import InputError
from fazhi.labelling import default_labelling
from fazhi.validation import Fault, check_spans
from fazhi.web.regions import Annotation, from_results
from fazhi.writers import whole_file

SUBMITTED, EMPTY, CANCELLED, DELETED = "submitted", "empty", "cancelled", "deleted"


@dataclass(frozen=True, slots=True)
class Text:
    """What one task shows: ``text`` begins at ``start`` of a document of ``total`` characters."""

    key: str
    document: str
    start: int
    total: int
    text: str
    meta: dict[str, Any] = field(default_factory=dict)
    alignment: list[list[int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Revision:
    """One state of one annotation on the server; ``result`` is Label Studio's own list."""

    project: int
    task: int
    annotation: int
    key: str
    annotator: str
    status: str
    updated_at: str
    lead_time: float | None
    result: list[dict[str, Any]]

    @property
    def id(self) -> tuple[int, int, str]:
        """What tells this state from all others."""
        return self.project, self.annotation, self.updated_at

    def read(self, text: str) -> tuple[Annotation, list[Fault]]:
        """Return the regions, and every fault: of the result list itself, or against the guideline."""
        annotation, faults = from_results(text, self.result)
        return annotation, faults or check_spans(text, annotation.spans, default_labelling().schema)


@dataclass(frozen=True, slots=True)
class Decision:
    """What an adjudicator decided for one clause ``text[start:end]`` of a task's text; ``result`` lies in that text."""

    key: str
    start: int
    end: int
    annotator: str
    updated_at: str
    result: list[dict[str, Any]]


@dataclass
class Store:
    """The contents of one such folder."""

    folder: Path
    texts: dict[str, Text] = field(default_factory=dict)
    revisions: list[Revision] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)

    @classmethod
    def load(cls, folder: Path) -> Store:
        """Read a folder; one that is not there is empty. ``InputError`` names a line that is damaged."""
        store = cls(folder)
        store.texts = {text.key: text for text in _read(folder / "texts.jsonl", Text)}
        store.revisions = _read(folder / "annotations.jsonl", Revision)
        store.decisions = _read(folder / "decisions.jsonl", Decision)
        return store

    def save(self) -> None:
        """Write texts, revisions and decisions, each file whole or not at all; texts first, for the others point to them."""
        _write(self.folder / "texts.jsonl", self.texts.values())
        _write(self.folder / "annotations.jsonl", self.revisions)
        if self.decisions:
            _write(self.folder / "decisions.jsonl", self.decisions)

    def latest(self) -> dict[str, list[Revision]]:
        """Return, by text, the newest revision of every annotation, one an annotator, ordered by annotator."""
        newest: dict[tuple[int, int], Revision] = {}
        for revision in sorted(self.revisions, key=lambda r: r.updated_at):
            newest[revision.project, revision.annotation] = revision
        by_person: dict[tuple[str, str], Revision] = {}
        for revision in sorted(newest.values(), key=lambda r: (r.status not in (CANCELLED, DELETED), r.updated_at)):
            by_person[revision.key, revision.annotator] = revision
        found: dict[str, list[Revision]] = defaultdict(list)
        for (key, _), revision in sorted(by_person.items()):
            found[key].append(revision)
        return found

    def pulls(self) -> list[dict[str, Any]]:
        """Return the history, oldest first."""
        path = self.folder / "pulls.jsonl"
        return [raw for _, raw in json_lines(path)] if path.exists() else []

    def note(self, entry: Mapping[str, Any]) -> None:
        """Add a line to the history."""
        with whole_file(self.folder / "pulls.jsonl") as stream:
            stream.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in [*self.pulls(), entry])


def _read(path: Path, kind: Any) -> list[Any]:  # noqa: ANN401  one of the three dataclasses above
    rows = []
    for number, raw in json_lines(path) if path.exists() else ():
        try:
            rows.append(kind(**raw))
        except TypeError as error:
            raise InputError(
                f"{path}:{number}", f"no {kind.__name__.lower()} ({error})", "take the file from a backup"
            ) from error
    return rows


def _write(path: Path, rows: Iterable[Any]) -> None:
    with whole_file(path) as stream:
        stream.writelines(json.dumps(asdict(row), ensure_ascii=False) + "\n" for row in rows)
