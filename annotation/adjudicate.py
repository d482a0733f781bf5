"""``python -m annotation.adjudicate push | merge``: disputed clauses → a review project, and the decisions back.

Each task is one disputed clause in its paragraph; what each annotator marked there stands by as a prediction under their name,
to be taken over and changed. Only the disputed clause of a decision counts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from annotation.agreement import Shared, shared_texts
from annotation.client import Client
from annotation.common import batches, console, one_line_errors
from annotation.gold import Place, Reading, in_dispute
from annotation.interface import interface
from annotation.pull import Outcome, update_gold
from annotation.push import GUIDELINE, check_interface, lock
from annotation.store import Decision, Store
from fazhi.errors import LabelStudioError
from fazhi.labelling import default_labelling
from fazhi.validation import check_spans
from fazhi.web.regions import Annotation, from_results, to_results

CONTEXT = 120
"""A task shows at least this many characters on either side of the clause, up to the ends of their lines."""


def tasks(store: Store) -> Iterator[dict[str, Any]]:
    """Yield a review task for every clause in dispute that has no decision yet."""
    decided = {(decision.key, decision.start, decision.end) for decision in store.decisions}
    for item in shared_texts(store):
        for place in in_dispute(item.text.text, item.people):
            if (item.text.key, *place) not in decided:
                yield _task(item, place)


def _task(item: Shared, place: Place) -> dict[str, Any]:
    whole, (start, end) = item.text.text, place
    first = whole.rfind("\n", 0, max(0, start - CONTEXT)) + 1
    last = whole.find("\n", min(len(whole), end + CONTEXT))
    last = len(whole) if last < 0 else last
    text = whole[first:last]
    asked = {"text": text, "document": item.text.document, "of": item.text.key, "start": first, "from": start, "to": end}
    key = hashlib.sha256(json.dumps(asked, ensure_ascii=False).encode()).hexdigest()[:32]
    data = {**asked, "key": key, "question": f"请裁定：{whole[start:end].strip()}"}
    return {"data": data, "predictions": [_prediction(person, place, first, text) for person in item.people]}


def _prediction(person: Reading, place: Place, first: int, text: str) -> dict[str, Any]:
    inside = tuple(r for r in person.annotation.regions if place[0] <= r.span.start <= place[1])
    result = to_results(text, Annotation(inside).shifted(-first))
    return {"result": result, "score": 1.0, "model_version": person.annotator}


def push(client: Client, project: int, store: Store, batch: int = 100) -> tuple[int, int]:
    """Push what is in dispute and not there yet; return how many tasks were pushed and how many were there."""
    with lock(client, project):
        there = {task["data"].get("key") for task in client.tasks(project, whole=False)}
        wanted = list(tasks(store))
        missing = [task for task in wanted if task["data"]["key"] not in there]
        for group in batches(missing, batch):
            client.import_tasks(project, group)
    return len(missing), len(wanted) - len(missing)


def fetch(client: Client, project: int, store: Store) -> tuple[int, list[str]]:
    """Take the review project's newest answers as decisions; return how many are new, and what was wrong with others."""
    users, faults, new = client.users(), list[str](), 0
    known = {(d.key, d.start, d.end, d.updated_at) for d in store.decisions}
    for task in client.tasks(project):
        answers = [raw for raw in task.get("annotations") or () if not raw.get("was_cancelled")]
        if not answers or task["data"].get("of") not in store.texts:
            continue
        newest = max(answers, key=lambda raw: str(raw["updated_at"]))
        person = newest["completed_by"]
        person = person["id"] if isinstance(person, dict) else person
        decision, fault = _decision(store, task["data"], newest, users.get(person, f"user {person}"))
        if fault or decision is None:
            faults.append(f"review task {task['id']}: {fault}")
        elif (decision.key, decision.start, decision.end, decision.updated_at) not in known:
            store.decisions.append(decision)
            new += 1
    return new, faults


def _decision(store: Store, data: dict[str, Any], raw: dict[str, Any], person: str) -> tuple[Decision | None, str]:
    """Return a decision with offsets of the task's whole text, or what is wrong with it."""
    text = store.texts[data["of"]].text
    annotation, faults = from_results(data["text"], raw["result"])
    moved = annotation.shifted(data["start"])
    regions = tuple(r for r in moved.regions if data["from"] <= r.span.start <= data["to"])
    ids = {region.id for region in regions}
    links = tuple(link for link in moved.relations if link[0] in ids and link[1] in ids)
    ruling = replace(moved, regions=regions, relations=links)
    faults = faults or check_spans(text, ruling.spans, default_labelling().schema)
    if faults:
        return None, f"{faults[0].what} ({faults[0].rule})"
    result = to_results(text, ruling)
    return Decision(data["of"], data["from"], data["to"], person, str(raw["updated_at"]), result), ""


app = typer.Typer(add_completion=False, no_args_is_help=True)
Pulled = Annotated[Path, typer.Option(help="Folder that annotation.pull filled.")]
Project = Annotated[str, typer.Option(help="Number or title of the review project.")]
Url = Annotated[str, typer.Option(help="Server; default LABEL_STUDIO_URL, or the local one.")]


@app.command("push")
def push_command(pulled: Pulled, project: Project, url: Url = "") -> None:
    """Push the disputed clauses to a review project, made if there is none of that title."""
    with one_line_errors():
        client = Client.from_environment(url)
        if not project.isdecimal() and all(row["title"] != project for row in client.projects()):
            client.create_project(project, interface(question="question"), GUIDELINE.read_text(encoding="utf-8"))
        target = client.project(project)
        check_interface(target)
        pushed, present = push(client, target["id"], Store.load(pulled))
        typer.echo(f"project {target['title']} ({target['id']}): {pushed} clauses pushed, {present} were there")


@app.command("merge")
def merge_command(
    pulled: Pulled,
    project: Project,
    url: Url = "",
    at_least: Annotated[int, typer.Option(min=1, help="People who must have finished a text before it can be gold.")] = 2,
    force: Annotated[bool, typer.Option("--force", help="Replace earlier gold (the old lines go to replaced/).")] = False,
) -> None:
    """Take the decisions over and make gold; exit code 1 where some decisions break the guideline."""
    with one_line_errors():
        client = Client.from_environment(url)
        target, store = client.project(project), Store.load(pulled)
        if not store.texts:
            raise LabelStudioError(str(pulled), "nothing was pulled there", "run python -m annotation.pull first")
        new, faults = fetch(client, target["id"], store)
        store.save()
        outcome = Outcome()
        made = update_gold(store, outcome, at_least, force)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        store.note({"time": now, "project": target["id"], "decisions": new, **outcome.to_json()})
        for line in [*faults, *(f"{name}: not gold yet, {reason}" for name, reason in made.open.items())]:
            console.print(line, markup=False, highlight=False, soft_wrap=True)
        typer.echo(f"{new} new decisions, {outcome.gold_added} gold documents added, {len(made.open)} still open")
    raise typer.Exit(1 if faults else 0)


if __name__ == "__main__":
    app()
