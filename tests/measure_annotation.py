"""``python -m tests.measure_annotation``: time and memory of pushing and pulling 5,000 tasks with a real Label Studio server.

Needs ``python -m annotation.server install`` and the template that the slow tests make once (``LABEL_STUDIO_VENV``).
"""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from annotation.client import Client
from annotation.interface import interface
from annotation.server import VERSION, Server
from annotation.tasks import Part
from data.inline import REPORTS, read
from fazhi.document import Document
from fazhi.writers import write_jsonl
from tests.conftest import ANNOTATORS, PASSWORD, ROOT, TOKENS, free_port

TASKS = 5000


def timed(name, environment, *words):
    """Run a module; print how long it took and the most memory that a command has used so far."""
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-m", *map(str, words)], env=environment, cwd=ROOT, capture_output=True, text=True)
    seconds = time.monotonic() - started
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"{name}: {seconds:.1f} s, at most {peak:.0f} MB | {done.stdout.strip()} {done.stderr.strip()[-300:]}", flush=True)  # noqa: T201


def main():
    """Measure on a copy of the template."""
    venv = Path(os.environ.get("LABEL_STUDIO_VENV", ROOT / ".venv-label-studio"))
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder) / "data", free_port(), venv)
        shutil.copytree(venv / f"test-template-{VERSION}", server.folder)
        server.start(ANNOTATORS[0], PASSWORD, TOKENS[0])
        try:
            measure(server, Path(folder))
        finally:
            server.stop()


def measure(server, folder):
    """Push, push again, pull; then pull as many annotated tasks, and what changed since."""
    reports = [read(path) for path in sorted(REPORTS.glob("*.txt"))]
    many = [Document(f"d{i}", d.text, d.meta).with_spans(d.spans) for i in range(TASKS) for d in [reports[i % len(reports)]]]
    write_jsonl(many, folder / "many.jsonl")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "LABEL_STUDIO_URL": server.url, "LABEL_STUDIO_TOKEN": TOKENS[0]}
    push = ("annotation.push", folder / "many.jsonl", "--project", "五千任务", "--create", "--model", "none", "--batch", "200")
    timed("push", environment, *push)
    timed("push again", environment, *push)
    timed("pull, nothing annotated", environment, "annotation.pull", "--project", "五千任务", "--out", folder / "a")
    client = Client(server.url, TOKENS[0])
    client.log_in()
    number = client.create_project("五千标注", interface())["id"]
    for start in range(0, TASKS, 200):
        parts = [Part(d, 0, len(d.text)) for d in many[start : start + 200]]
        client.import_tasks(number, [{**p.task(), "annotations": [{"result": p.prediction()["result"]}]} for p in parts])
    timed("pull, all annotated", environment, "annotation.pull", "--project", "五千标注", "--out", folder / "b")
    timed("pull, nothing new", environment, "annotation.pull", "--project", "五千标注", "--out", folder / "b")


if __name__ == "__main__":
    main()
