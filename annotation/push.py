"""``python -m annotation.push``: documents → tasks of a Label Studio project, with the model's pre-annotations.

What is on the server is the only state: every task carries the hash of its document, and only what is missing is pushed. So a
push that was killed is simply run again, and pushing twice changes nothing. Pushes from one machine wait for each other; what
two machines push at the same moment is found and removed afterwards, as long as nobody has annotated it.
"""

from __future__ import annotations

import fcntl
import hashlib
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import track

from annotation.client import Client
from annotation.common import batches, console, one_line_errors
from annotation.interface import interface
from annotation.tasks import Part, parts, read_documents
from fazhi.document import Document
from fazhi.errors import AnnotationError, LabelStudioError
from fazhi.extractor import Extractor
from fazhi.labelling import default_labelling
from fazhi.validation import check_spans

GUIDELINE = Path(__file__).with_name("guideline.md")


@dataclass
class Outcome:
    """What a push did: numbers of tasks and predictions, and what people should know."""

    pushed: int = 0
    present: int = 0
    predicted: int = 0
    removed: int = 0
    notes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        counts = f"{self.pushed} tasks pushed, {self.present} were there, {self.predicted} predictions added"
        return counts + (f", {self.removed} duplicates removed" if self.removed else "")


def check_interface(project: dict[str, Any]) -> None:
    """Compare a project's interface with ``configs/labels.yaml``; ``LabelStudioError`` names what it lacks."""
    controls = project.get("parsed_label_config") or {}
    labelling = default_labelling()
    missing = [
        f"label {label}"
        for layer in labelling.schema.layers
        for label in layer.labels
        if label not in _names(controls.get(layer.name)) and labelling.looks[label].zh not in _names(controls.get(layer.name))
    ]
    missing += [f"choice {choice.name}" for choice in labelling.choices if choice.name not in controls]
    if missing:
        what = f"its interface has no {', '.join(missing)}; somebody changed it"
        remedy = "give it back with: python -m annotation.push --update-interface, or use another project"
        raise LabelStudioError(f"project {project['title']}", what, remedy)


def _names(control: dict[str, Any] | None) -> set[str]:
    attributes = (control or {}).get("labels_attrs") or {}
    return set((control or {}).get("labels") or ()) | {str(a.get("alias")) for a in attributes.values()}


@contextmanager
def lock(client: Client, project: int) -> Iterator[None]:
    """Let one push a machine and project run at a time; others wait."""
    name = hashlib.sha256(f"{client.url} {project}".encode()).hexdigest()[:16]
    with (Path(tempfile.gettempdir()) / f"fazhi-push-{name}.lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def push(
    client: Client,
    project: int,
    wanted: Sequence[Part],
    predict: Callable[[Iterable[Document]], Iterable[Document]] | None = None,
    batch: int = 50,
) -> Outcome:
    """Push the parts that a project lacks, ``batch`` tasks a request, with predictions where ``predict`` makes them."""
    outcome = Outcome()
    with lock(client, project):
        there = {task["data"].get("key"): task for task in client.tasks(project, whole=False)}
        missing = list({part.key: part for part in wanted if part.key not in there}.values())
        outcome.present = len(wanted) - len(missing)
        outcome.notes += _changed(wanted, there.values())
        groups = list(batches(missing, batch))
        for group in track(groups, "pushing", console=console, disable=len(groups) < 2, transient=True):
            tasks = list(_with_predictions(group, predict))
            outcome.pushed += client.import_tasks(project, tasks)
            outcome.predicted += sum(len(task.get("predictions", ())) for task in tasks)
        if missing:
            outcome.removed = remove_duplicates(client, project, outcome.notes)
    return outcome


def _with_predictions(
    group: Iterable[Part], predict: Callable[[Iterable[Document]], Iterable[Document]] | None
) -> Iterator[dict[str, Any]]:
    group = list(group)
    documents = {part.document.id: part.document for part in group}
    if predict:
        documents = {document.id: document for document in predict(documents.values())}
    for part in group:
        document = documents[part.document.id]
        task = part.task()
        if predict or document.spans:
            task["predictions"] = [Part(document, part.start, part.end).prediction()]
        yield task


def _changed(wanted: Iterable[Part], there: Iterable[dict[str, Any]]) -> list[str]:
    """Tell which documents the project has with another text, or cut otherwise."""
    keys = {part.key for part in wanted}
    others = {t["data"].get("document") for t in there if t["data"].get("key") not in keys}
    again = sorted({part.document.id for part in wanted} & others)
    return [f"{name}: the project also has it with another text or cut otherwise; delete one of the two" for name in again]


def remove_duplicates(client: Client, project: int, notes: list[str]) -> int:
    """Delete the tasks that another one repeats, unless they are annotated; return how many were deleted."""
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for task in client.tasks(project, whole=False):
        groups[task["data"].get("key", "")].append(task)
    removed = 0
    for key, same in groups.items():
        ranked = sorted(same, key=lambda task: (not task.get("total_annotations"), task["id"]))
        for task in ranked[1:] if key else ():
            if task.get("total_annotations"):
                notes.append(f"tasks {ranked[0]['id']} and {task['id']} are the same, and both are annotated; both are kept")
                continue
            client.request("DELETE", f"/api/tasks/{task['id']}")
            removed += 1
    return removed


def refresh(
    client: Client,
    project: int,
    wanted: Sequence[Part],
    predict: Callable[[Iterable[Document]], Iterable[Document]],
    batch: int = 50,
) -> Outcome:
    """Add predictions of a new model to tasks that are there and lack them."""
    outcome = Outcome()
    with lock(client, project):
        there = {task["data"].get("key"): task for task in client.tasks(project)}
        known = [part for part in wanted if part.key in there]
        for group in batches(known, batch):
            rows = []
            for part, task in zip(group, _with_predictions(group, predict), strict=True):
                prediction, target = task["predictions"][0], there[part.key]
                if all(p.get("model_version") != prediction["model_version"] for p in target.get("predictions") or ()):
                    rows.append({"task": target["id"], **prediction})
            outcome.predicted += client.import_predictions(project, rows) if rows else 0
    outcome.present = len(known)
    return outcome


def check(documents: Iterable[Document]) -> Iterator[Document]:
    """Pass documents on; ``AnnotationError`` where their spans break the guideline, for the server accepts anything."""
    for document in documents:
        for fault in check_spans(document.text, document.spans, default_labelling().schema):
            line = document.text.count("\n", 0, fault.at) + 1
            raise AnnotationError(document.id, line, fault.rule, fault.what)
        yield document


def main(
    paths: Annotated[list[Path], typer.Argument(help="JSON lines of documents, or reports: files and folders.")],
    project: Annotated[str, typer.Option(help="Number or title of the project.")],
    url: Annotated[str, typer.Option(help="Server; default LABEL_STUDIO_URL, or the local one.")] = "",
    model: Annotated[str, typer.Option(help="Pre-annotate with this model; 'none' pushes the documents' own spans.")] = "small",
    by_section: Annotated[bool, typer.Option("--by-section", help="A section a task, instead of a report a task.")] = False,
    batch: Annotated[int, typer.Option(min=1, help="Tasks a request.")] = 50,
    create: Annotated[bool, typer.Option("--create", help="Make the project if there is none of that title.")] = False,
    update_interface: Annotated[bool, typer.Option("--update-interface", help="Give the project our interface.")] = False,
    refresh_predictions: Annotated[bool, typer.Option("--refresh", help="Only add a new model's predictions.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be pushed.")] = False,
) -> None:
    """Push reports to a Label Studio project; run it again after any interruption."""
    with one_line_errors():
        client = Client.from_environment(url)
        wanted = [part for document in check(read_documents(paths)) for part in parts(document, by_section)]
        target = _project(client, project, create, dry_run)
        if target is None or dry_run:
            there = {t["data"].get("key") for t in client.tasks(target["id"], whole=False)} if target else set()
            typer.echo(f"would push {sum(part.key not in there for part in wanted)} of {len(wanted)} tasks to {project}")
            return
        if update_interface:
            target = client.request("PATCH", f"/api/projects/{target['id']}", json={"label_config": interface()})
        check_interface(target)
        extractor = None if model == "none" else Extractor.from_pretrained(model)
        predict = extractor.extract_many if extractor else None
        if refresh_predictions and predict:
            outcome = refresh(client, target["id"], wanted, predict, batch)
        else:
            outcome = push(client, target["id"], wanted, predict, batch)
        for note in outcome.notes:
            console.print(f"note: {note}", markup=False, highlight=False)
        typer.echo(f"project {target['title']} ({target['id']}): {outcome}")


def _project(client: Client, name: str, create: bool, dry_run: bool) -> dict[str, Any] | None:
    """Return the project, made if wanted and missing; ``None`` in a dry run that would make it."""
    if create and not name.isdecimal() and all(row["title"] != name for row in client.projects()):
        if dry_run:
            return None
        made = client.create_project(name, interface(), GUIDELINE.read_text(encoding="utf-8"))
        return client.project(str(made["id"]))
    return client.project(name)


if __name__ == "__main__":
    typer.run(main)
