"""Annotation against a real Label Studio server: from the first import to a retrained model, and everything that goes wrong."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter

import httpx
import pytest

from annotation.client import Client
from annotation.interface import interface
from annotation.retrain import why_kept
from annotation.store import Store
from annotation.tasks import read_jsonl
from data.inline import REPORTS, read
from fazhi.document import Document, Span
from fazhi.errors import LabelStudioError
from fazhi.web.regions import Annotation, Region, from_document, to_results
from fazhi.writers import write_jsonl
from tests.conftest import ANNOTATORS, TOKENS, free_port

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("label-studio")]


@pytest.fixture
def environment(label_studio, root):
    quiet = {"PYTHONPATH": str(root), "OMP_WAIT_POLICY": "passive", "PYTHONUNBUFFERED": "1"}
    return {**os.environ, **quiet, "LABEL_STUDIO_URL": label_studio.url, "LABEL_STUDIO_TOKEN": TOKENS[0]}


@pytest.fixture
def command(environment, root):
    """Run a module as users do; return exit code and everything it said."""

    def run(module, *words, **changes):
        argv = [sys.executable, "-m", module, *map(str, words)]
        done = subprocess.run(
            argv, env=environment | changes, cwd=root, capture_output=True, text=True, timeout=1500, check=False
        )
        return done.returncode, done.stdout + done.stderr

    return run


@pytest.fixture
def client(label_studio):
    made = Client(label_studio.url, TOKENS[0])
    made.log_in()
    return made


def corpus(count):
    """The shortest reports of the corpus."""
    paths = sorted(REPORTS.glob("*.txt"), key=lambda path: path.stat().st_size)
    return [read(path) for path in paths[:count]]


def bare(documents, path):
    write_jsonl((Document(d.id, d.text, {"title": d.meta["title"]}) for d in documents), path)
    return path


def small(count, name="甲"):
    return [Document(f"{name}{i}", f"{name}县第{i}份报告\n开展检查{i}次😀，办结5件。\n") for i in range(count)]


def people(label_studio):
    """The two annotators, each with the official SDK: a client that is not ours."""
    from label_studio_sdk import LabelStudio

    return [LabelStudio(base_url=label_studio.url, api_key=token) for token in TOKENS]


def marks(document):
    return {(s.start, s.end, s.label) for s in document.spans}


def keys(client, project):
    return Counter(task["data"]["key"] for task in client.tasks(client.project(project)["id"], whole=False))


def test_from_the_first_import_to_a_retrained_model(label_studio, command, client, environment, root, tmp_path):
    gold = {document.id: document for document in corpus(30)}
    reports = bare(gold.values(), tmp_path / "reports.jsonl")
    pulled = tmp_path / "pulled"
    first, second = people(label_studio)

    code, said = command("annotation.push", reports, "--project", "全程试验", "--create", "--batch", "8")
    assert code == 0, said
    assert "30 tasks pushed, 0 were there, 30 predictions added" in said
    code, said = command("annotation.push", reports, "--project", "全程试验")
    assert "0 tasks pushed, 30 were there" in said
    project = client.project("全程试验")
    tasks = {task["data"]["document"]: task for task in client.tasks(project["id"])}
    assert all(task["predictions"][0]["model_version"].startswith("fazhi-small-") for task in tasks.values())
    assert "标注规范" in project["expert_instruction"]

    skipped, empty = sorted(gold)[:2]
    disputed = sorted(gold)[2:5]
    for name, task in tasks.items():
        whole = to_results(gold[name].text, from_document(gold[name]))
        lacking = [r for r in whole if name not in disputed or r["id"] != whole[0]["id"]]
        for person, result in ((first, whole), (second, lacking)):
            if name == skipped:
                person.annotations.create(id=task["id"], result=[], was_cancelled=True)
            else:
                person.annotations.create(id=task["id"], result=[] if name == empty else result, lead_time=60.0)

    code, said = command("annotation.pull", "--project", "全程试验", "--out", pulled, "--at-least", "2")
    assert code == 0, said
    assert "56 submitted, 2 empty, 2 cancelled" in said
    assert "26 gold documents added" in said
    assert f"{skipped}: not gold yet, finished by 0 of 2" in said
    assert said.count("people differ") == 3
    code, said = command("annotation.pull", "--project", "全程试验", "--out", pulled, "--at-least", "2")
    assert "0 new revisions" in said
    assert [entry["new"] for entry in Store(pulled).pulls()] == [60, 0]

    code, said = command("annotation.agreement", "--pulled", pulled)
    assert code == 0, said
    measured = json.loads((pulled / "agreement.json").read_text(encoding="utf-8"))
    assert (measured["texts"], measured["annotators"]) == (29, sorted(ANNOTATORS))
    assert 0.97 < measured["clause"]["alpha"] <= 1

    code, said = command("annotation.adjudicate", "push", "--pulled", pulled, "--project", "裁定项目")
    assert (code, "3 clauses pushed, 0 were there" in said) == (0, True), said
    assert (
        "0 clauses pushed, 3 were there"
        in command("annotation.adjudicate", "push", "--pulled", pulled, "--project", "裁定项目")[1]
    )
    for task in client.tasks(client.project("裁定项目")["id"]):
        better = next(p for p in task["predictions"] if p["model_version"] == ANNOTATORS[0])
        first.annotations.create(id=task["id"], result=better["result"])
    code, said = command("annotation.adjudicate", "merge", "--pulled", pulled, "--project", "裁定项目")
    assert (code, "3 new decisions, 3 gold documents added, 1 still open" in said) == (0, True), said
    made = {document.id: document for document in read_jsonl(pulled / "gold.jsonl")}
    assert len(made) == 29
    for name, document in made.items():
        assert document.text == gold[name].text
        assert marks(document) == (set() if name == empty else marks(gold[name])), name

    _retrain_through_the_backend(label_studio, client, first, environment, root, tmp_path, project["id"])


def _retrain_through_the_backend(label_studio, client, person, environment, root, tmp_path, project):
    port = free_port()
    train = f"{sys.executable} -m annotation.retrain --pulled {tmp_path / 'pulled'} --no-corpus --epochs 1"
    words = ["serve", "--port", str(port), "--train", train, "--training", str(tmp_path / "training")]
    with (tmp_path / "serve.log").open("wb") as log:
        serving = subprocess.Popen([sys.executable, "-m", "fazhi", *words], env=environment, cwd=root, stdout=log, stderr=log)
    backend = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=100)
    try:
        before = _until(lambda: backend.get("/health").json()["model_version"], 120)
        connected = person.ml.create(url=f"http://127.0.0.1:{port}", project=project, title="fazhi", is_interactive=False)
        assert client.request("GET", "/api/ml", params={"project": project})[0]["state"] == "CO"
        number = min(task["id"] for task in client.tasks(project, whole=False))
        person.actions.create(
            id="retrieve_tasks_predictions", project=project, selected_items={"all": False, "included": [number]}
        )
        (task,) = [task for task in client.tasks(project) if task["id"] == number]
        assert before in {p["model_version"] for p in task["predictions"]}
        person.ml.train(id=connected.id)
        told = _until(lambda: (t := backend.get("/training").json())["state"] not in ("none", "running") and t, 1200)
        assert told["state"] in ("promoted", "kept"), told
        assert ("is promoted" in told["message"]) == (told["state"] == "promoted")
        now = backend.get("/health").json()["model_version"]
        assert (now != before) == (told["state"] == "promoted") == (why_kept(told["new"], told["old"]) == "")
    finally:
        serving.terminate()
        serving.wait(timeout=60)
    assert "access_token" not in (tmp_path / "serve.log").read_text(encoding="utf-8")


def _until(ask, seconds):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if answer := ask():
                return answer
        except httpx.TransportError:
            pass
        time.sleep(0.3)
    raise AssertionError(f"nothing after {seconds} s")


def test_annotations_come_back_as_they_were_given(label_studio, command, client, tmp_path):
    (document,) = small(1, "乙😀")
    start = document.text.index("开展")
    clause = document.text[start : document.text.index("，办")]
    measure = Region(
        "a", Span(start, start + len(clause), "MEASURE", "statement", clause), {"status": ("planned",)}, "两行\n备注😀"
    )
    at = start + len(clause) + 1
    other = Region("b", Span(at, at + 4, "METRIC", "metric", "办结5件"))
    nested = Region("c", Span(start, at - 2, "METRIC", "metric", document.text[start : at - 2]))
    given = Annotation((measure, nested, other), (("c", "b", ("part_of",)),), "整篇备注")
    reports = bare([Document(document.id, document.text, {"title": "题"})], tmp_path / "r.jsonl")
    assert command("annotation.push", reports, "--project", "往返试验", "--create", "--model", "none")[0] == 0
    (task,) = client.tasks(client.project("往返试验")["id"])
    people(label_studio)[1].annotations.create(id=task["id"], result=to_results(document.text, given))
    assert command("annotation.pull", "--project", "往返试验", "--out", tmp_path / "out")[0] == 0
    (revision,) = Store.load(tmp_path / "out").revisions
    assert revision.read(document.text) == (given, [])
    assert revision.annotator == ANNOTATORS[1]
    (made,) = read_jsonl(tmp_path / "out" / "gold.jsonl")
    assert made.meta["annotation"]["attributes"][0]["note"] == "两行\n备注😀"
    assert made.meta["annotation"]["relations"][0]["names"] == ["part_of"]


def test_a_report_pushed_by_section_comes_back_whole(label_studio, command, client, tmp_path):
    (document,) = corpus(8)[-1:]
    reports = bare([document], tmp_path / "r.jsonl")
    assert command("annotation.push", reports, "--project", "分节试验", "--create", "--model", "none", "--by-section")[0] == 0
    (person, _) = people(label_studio)
    tasks = list(client.tasks(client.project("分节试验")["id"]))
    assert len(tasks) > 1
    for index, task in enumerate(tasks):
        start, end = task["data"]["start"], task["data"]["start"] + len(task["data"]["text"])
        inside = [s for s in document.spans if start <= s.start and s.end <= end]
        moved = from_document(Document("x", document.text).with_spans(inside)).shifted(-start)
        person.annotations.create(id=task["id"], result=to_results(task["data"]["text"], moved))
        if index == 0:
            said = command("annotation.pull", "--project", "分节试验", "--out", tmp_path / "out")[1]
            assert "not gold yet" in said
    assert command("annotation.pull", "--project", "分节试验", "--out", tmp_path / "out")[0] == 0
    (made,) = read_jsonl(tmp_path / "out" / "gold.jsonl")
    assert (made.text, marks(made)) == (document.text, marks(document))


def test_what_the_server_let_through_is_refused_and_named(label_studio, command, client, tmp_path):
    reports = bare([Document(d.id, d.text, {"title": ""}) for d in small(3, "丙")], tmp_path / "r.jsonl")
    assert command("annotation.push", reports, "--project", "坏标注", "--create", "--model", "none")[0] == 0
    (person, _) = people(label_studio)
    tasks = list(client.tasks(client.project("坏标注")["id"]))
    label = {"id": "a", "from_name": "metric", "to_name": "text", "type": "labels"}
    person.annotations.create(id=tasks[0]["id"], result=[{**label, "value": {"start": 0, "end": 2, "labels": ["GOAL"]}}])
    whole = {"start": 0, "end": len(tasks[1]["data"]["text"]), "labels": ["METRIC"]}
    person.annotations.create(id=tasks[1]["id"], result=[{**label, "value": whole}])
    code, said = command("annotation.pull", "--project", "坏标注", "--out", tmp_path / "out")
    assert code == 1
    assert "丙0, task" in said
    assert "unknown label 'GOAL'" in said
    assert "crosses the end of its clause (§1)" in said
    assert not (tmp_path / "out" / "gold.jsonl").exists()
    client.request("DELETE", f"/api/tasks/{tasks[1]['id']}")
    said = command("annotation.pull", "--project", "坏标注", "--out", tmp_path / "out", "--all")[1]
    assert f"task {tasks[1]['id']} was deleted on the server; its annotations are kept here" in said
    assert len(Store.load(tmp_path / "out").revisions) == 2


def test_an_annotation_that_is_changed_or_withdrawn_is_noticed(label_studio, command, client, tmp_path):
    reports = bare([Document(d.id, d.text, {"title": ""}) for d in small(1, "丁")], tmp_path / "r.jsonl")
    assert command("annotation.push", reports, "--project", "改标注", "--create", "--model", "none")[0] == 0
    (task,) = client.tasks(client.project("改标注")["id"])
    person = people(label_studio)[0]
    at = task["data"]["text"].index("办结")
    value = {"start": at, "end": at + 4, "text": "办结5件", "labels": ["METRIC"]}
    result = [{"id": "a", "from_name": "metric", "to_name": "text", "type": "labels", "value": value}]
    made = person.annotations.create(id=task["id"], result=result)
    pull = ("annotation.pull", "--project", "改标注", "--out", tmp_path / "out")
    assert "1 gold documents added" in command(*pull)[1]
    person.annotations.update(id=made.id, result=[])
    _, said = command(*pull)
    assert "1 empty" in said
    assert "丁0: earlier gold kept; --force takes the new one" in said
    (kept,) = read_jsonl(tmp_path / "out" / "gold.jsonl")
    assert len(kept.spans) == 1
    assert "gold documents added" in command(*pull, "--force")[1]
    (forced,) = read_jsonl(tmp_path / "out" / "gold.jsonl")
    assert forced.spans == ()
    person.annotations.delete(id=made.id)
    assert "1 deleted" in command(*pull)[1]
    assert [r.status for r in Store.load(tmp_path / "out").revisions] == ["submitted", "empty", "deleted"]


def test_what_users_get_wrong_is_one_line(label_studio, command, client, tmp_path):
    reports = bare([Document(d.id, d.text, {"title": ""}) for d in small(1, "戊")], tmp_path / "r.jsonl")
    push = ("annotation.push", reports, "--model", "none", "--project")
    assert command(*push, "没有这个")[1].strip().splitlines()[-1].startswith("error: Label Studio")
    wrong = {
        "is not accepted": command(*push, "戊项目", LABEL_STUDIO_TOKEN="0" * 40),
        "no token is given": command(*push, "戊项目", LABEL_STUDIO_TOKEN=""),
        "no answer (ConnectError)": command(*push, "戊项目", LABEL_STUDIO_URL=f"http://127.0.0.1:{free_port()}"),
        "no project is called": command("annotation.pull", "--project", "没有", "--out", tmp_path / "o"),
        "does not exist": command("annotation.pull", "--project", "999999", "--out", tmp_path / "o"),
        "no such file": command("annotation.push", tmp_path / "x.txt", "--project", "1", "--model", "none"),
    }
    for words, (code, said) in wrong.items():
        assert code == 2, said
        assert words in said
        assert said.count("\n") == 1, said
    assert not (tmp_path / "o").exists()
    assert "would push 1 of 1 tasks" in command(*push, "戊项目", "--create", "--dry-run")[1]
    with pytest.raises(LabelStudioError):
        client.project("戊项目")
    assert command(*push, "戊项目", "--create")[0] == 0
    changed = interface().replace("PROBLEM", "TROUBLE").replace("问题", "麻烦")
    number = client.project("戊项目")["id"]
    client.request("PATCH", f"/api/projects/{number}", json={"label_config": changed})
    code, said = command(*push, "戊项目")
    assert (code, "its interface has no label PROBLEM" in said) == (2, True), said
    assert command(*push, "戊项目", "--update-interface")[0] == 0


def test_a_push_that_is_killed_goes_on_and_two_at_once_push_nothing_twice(environment, command, client, root, tmp_path):
    reports = bare([Document(d.id, d.text, {"title": ""}) for d in small(60, "己")], tmp_path / "r.jsonl")
    words = ["annotation.push", str(reports), "--project", "中断试验", "--create", "--model", "none", "--batch", "2"]
    argv = [sys.executable, "-m", *words]
    victim = subprocess.Popen(argv, env=environment, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _until(lambda: any(row["title"] == "中断试验" for row in client.projects()) and len(keys(client, "中断试验")) >= 4, 120)
    victim.send_signal(signal.SIGKILL)
    victim.wait(timeout=10)
    assert len(keys(client, "中断试验")) < 60
    both = [subprocess.Popen(argv, env=environment, cwd=root, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=300)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    found = keys(client, "中断试验")
    assert (len(found), set(found.values())) == (60, {1})


def test_duplicates_made_elsewhere_are_removed_unless_annotated(label_studio, command, client, tmp_path):
    documents = [Document(d.id, d.text, {"title": ""}) for d in small(3, "庚")]
    assert (
        command(
            "annotation.push", bare(documents[:2], tmp_path / "a.jsonl"), "--project", "重复试验", "--create", "--model", "none"
        )[0]
        == 0
    )
    number = client.project("重复试验")["id"]
    client.import_tasks(number, [{"data": task["data"]} for task in client.tasks(number)])
    last = max(client.tasks(number, whole=False), key=lambda task: task["id"])
    people(label_studio)[0].annotations.create(id=last["id"], result=[])
    said = command("annotation.push", bare(documents, tmp_path / "b.jsonl"), "--project", "重复试验", "--model", "none")[1]
    assert "2 duplicates removed" in said, said
    assert set(keys(client, "重复试验").values()) == {1}
    assert last["id"] in {task["id"] for task in client.tasks(number, whole=False)}


def test_a_server_that_dies_loses_nothing(label_studio, environment, command, client, root, tmp_path):
    from tests.conftest import PASSWORD

    reports = bare([Document(d.id, d.text, {"title": ""}) for d in small(80, "辛")], tmp_path / "r.jsonl")
    words = ["annotation.push", str(reports), "--project", "宕机试验", "--create", "--model", "none", "--batch", "2"]
    pushing = subprocess.Popen(
        [sys.executable, "-m", *words], env=environment, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    _until(lambda: any(row["title"] == "宕机试验" for row in client.projects()) and len(keys(client, "宕机试验")) >= 4, 120)
    os.killpg(label_studio.pid(), signal.SIGKILL)
    said = pushing.communicate(timeout=120)[0]
    label_studio.stop()
    try:
        assert pushing.returncode == 2
        assert "error: Label Studio" in said
        assert "Traceback" not in said
    finally:
        label_studio.start(ANNOTATORS[0], PASSWORD, TOKENS[0])
    assert command(*words)[0] == 0
    found = keys(client, "宕机试验")
    assert (len(found), set(found.values())) == (80, {1})
