"""``python -m annotation.pull``: finished work of a Label Studio project → a folder with every annotation, and gold.

Only what changed since the last pull is fetched (``--all`` fetches everything). Earlier gold is never changed without
``--force``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from annotation import gold
from annotation.client import Client
from annotation.common import console, one_line_errors
from annotation.store import CANCELLED, DELETED, EMPTY, SUBMITTED, Revision, Store, Text
from annotation.tasks import read_jsonl, text_of
from fazhi.document import Document
from fazhi.errors import FazhiError
from fazhi.writers import write_jsonl

OVERLAP = timedelta(seconds=5)
"""A pull looks back this far behind the newest change it has seen; what it meets again it knows by its revision."""


@dataclass
class Outcome:
    """What a pull brought, for people and for the history."""

    tasks: int = 0
    new: int = 0
    statuses: dict[str, int] = field(default_factory=lambda: dict.fromkeys((SUBMITTED, EMPTY, CANCELLED, DELETED), 0))
    drafts: int = 0
    latest: str = ""
    gold_added: int = 0
    gold_kept: list[str] = field(default_factory=list)
    gold_replaced: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return a line of the history."""
        names = ("tasks", "new", "statuses", "drafts", "latest", "gold_added", "gold_kept", "gold_replaced")
        return {name: getattr(self, name) for name in names}

    def __str__(self) -> str:
        kinds = ", ".join(f"{count} {name}" for name, count in self.statuses.items())
        drafts = f", {self.drafts} drafts not submitted" if self.drafts else ""
        return f"{self.tasks} changed tasks, {self.new} new revisions ({kinds}){drafts}; {self.gold_added} gold documents added"


def pull(client: Client, project: int, folder: Path, everything: bool = False) -> tuple[Store, Outcome]:
    """Fetch what changed and store it; a pull that is interrupted has stored nothing."""
    store, outcome = Store.load(folder), Outcome()
    since = "" if everything else max((p["latest"] for p in store.pulls() if p["project"] == project), default="")
    outcome.latest = since
    users = client.users()
    known = {revision.id for revision in store.revisions}
    for task in client.tasks(project, _since(since)):
        try:
            text = _text(task)
        except FazhiError as error:
            outcome.notes.append(str(error))
            continue
        store.texts.setdefault(text.key, text)
        outcome.tasks += 1
        outcome.drafts += len(task.get("drafts") or ())
        outcome.latest = max(outcome.latest, str(task["updated_at"]))
        for revision in [*_revisions(project, task, users), *_withdrawn(project, task, store)]:
            if revision.id not in known:
                known.add(revision.id)
                store.revisions.append(revision)
                outcome.new += 1
                outcome.statuses[revision.status] += 1
    if everything or not since:
        outcome.notes += _deleted(store, project, client)
    store.save()
    return store, outcome


def _since(moment: str) -> list[dict[str, Any]]:
    if not moment:
        return []
    back = datetime.fromisoformat(moment) - OVERLAP
    value = back.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return [{"filter": "filter:tasks:updated_at", "operator": "greater", "type": "Datetime", "value": value}]


def _text(task: dict[str, Any]) -> Text:
    text, data = text_of(task), task["data"]
    kept = (task.get("meta") or {}).get("fazhi") or {}
    total = kept.get("total", len(text))
    return Text(data["key"], data["document"], data["start"], total, text, kept.get("meta", {}), kept.get("alignment", []))


def _revisions(project: int, task: dict[str, Any], users: dict[int, str]) -> Iterator[Revision]:
    for raw in task.get("annotations") or ():
        status = CANCELLED if raw.get("was_cancelled") else SUBMITTED if raw.get("result") else EMPTY
        yield Revision(
            project=project,
            task=task["id"],
            annotation=raw["id"],
            key=task["data"]["key"],
            annotator=_name(raw.get("completed_by"), users),
            status=status,
            updated_at=str(raw.get("updated_at") or raw.get("created_at")),
            lead_time=raw.get("lead_time"),
            result=raw.get("result") or [],
        )


def _withdrawn(project: int, task: dict[str, Any], store: Store) -> Iterator[Revision]:
    """Yield a last revision, deleted, of every annotation of a task that is known here and gone from the server."""
    there = {raw["id"] for raw in task.get("annotations") or ()}
    newest = {r.annotation: r for r in store.revisions if (r.project, r.task) == (project, task["id"])}
    for number, revision in newest.items():
        if number not in there and revision.status != DELETED:
            yield replace(revision, status=DELETED, updated_at=str(task["updated_at"]), result=[])


def _name(person: Any, users: dict[int, str]) -> str:  # noqa: ANN401  a number, or an object with one
    number: int = person["id"] if isinstance(person, dict) else person
    return users.get(number, f"user {number}")


def _deleted(store: Store, project: int, client: Client) -> list[str]:
    """Tell which tasks were pulled before and are gone from the server; what was pulled stays."""
    there = {task["id"] for task in client.tasks(project, whole=False)}
    gone = sorted({r.task for r in store.revisions if r.project == project} - there)
    return [f"task {number} was deleted on the server; its annotations are kept here" for number in gone]


def update_gold(store: Store, outcome: Outcome, at_least: int = 1, force: bool = False) -> gold.Made:
    """Add new gold documents to ``gold.jsonl``; those that are there stay as they are unless ``force``."""
    made, path = gold.make(store, at_least), store.folder / "gold.jsonl"
    earlier = {document.id: document for document in read_jsonl(path)} if path.exists() else {}
    merged = dict(earlier)
    for document in made.documents:
        old = earlier.get(document.id)
        if old is not None and _facts(old) != _facts(document):
            (outcome.gold_replaced if force else outcome.gold_kept).append(document.id)
        if old is None or force:
            merged[document.id] = document
        outcome.gold_added += old is None
    if merged:
        write_jsonl((merged[name] for name in sorted(merged)), path)
    if outcome.gold_replaced:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        write_jsonl((earlier[name] for name in outcome.gold_replaced), store.folder / "replaced" / f"{stamp}.jsonl")
    return made


def take(
    client: Client, project: int, folder: Path, at_least: int = 1, everything: bool = False, force: bool = False
) -> tuple[Outcome, gold.Made]:
    """Pull, make gold, and write a line of history."""
    store, outcome = pull(client, project, folder, everything)
    made = update_gold(store, outcome, at_least, force)
    moment = datetime.now(UTC).isoformat(timespec="seconds")
    store.note({"time": moment, "project": project, **outcome.to_json()})
    return outcome, made


def _facts(document: Document) -> Any:  # noqa: ANN401  only compared
    raw = document.to_json()
    return raw["text"], raw["spans"], raw["meta"].get("annotation")


def main(
    project: Annotated[str, typer.Option(help="Number or title of the project.")],
    out: Annotated[Path, typer.Option(help="Folder that keeps everything pulled; use the same one again.")],
    url: Annotated[str, typer.Option(help="Server; default LABEL_STUDIO_URL, or the local one.")] = "",
    at_least: Annotated[int, typer.Option(min=1, help="People who must have finished a text before it can be gold.")] = 1,
    everything: Annotated[bool, typer.Option("--all", help="Fetch everything, not only what changed.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace earlier gold (the old lines go to replaced/).")] = False,
) -> None:
    """Pull finished annotations; exit code 1 where some of them break the guideline."""
    with one_line_errors():
        client = Client.from_environment(url)
        target = client.project(project)
        outcome, made = take(client, target["id"], out, at_least, everything, force)
        kept = [f"{name}: earlier gold kept; --force takes the new one" for name in outcome.gold_kept]
        still = [f"{name}: not gold yet, {reason}" for name, reason in made.open.items()]
        _tell([*outcome.notes, *made.faults, *kept, *still])
        typer.echo(f"project {target['title']} ({target['id']}): {outcome}; {out}")
    raise typer.Exit(1 if made.faults else 0)


def _tell(lines: Iterable[str], most: int = 40) -> None:
    lines = list(lines)
    for line in lines[:most]:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    if len(lines) > most:
        console.print(f"… and {len(lines) - most} more", highlight=False)


if __name__ == "__main__":
    typer.run(main)
