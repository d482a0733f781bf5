"""The web service: the page, /extract, the ML backend's routes, and the takeover of a promoted model."""

import json
import re
import sys
import time

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from annotation.interface import interface
from annotation.retrain import promote, split, why_kept
from fazhi.cli import app as program
from fazhi.document import Document
from fazhi.errors import InputError
from fazhi.extractor import Extractor
from fazhi.ingest.limits import Limits
from fazhi.ingest.sniff import _FOREIGN
from fazhi.web.app import create_app
from fazhi.web.service import Service
from fazhi.web.training import Training
from fazhi.web.words import in_chinese

FILLER = "本区各单位坚持统筹推进有关工作" * 8
REPORT = f"清溪县2023年法治政府建设年度报告\n{FILLER}。\n甲甲甲甲，丙丁1😀。乙乙乙，<b>&{FILLER}。\n"


@pytest.fixture
def service(oracle, tmp_path):
    return Service(Extractor.from_pretrained(oracle), Training(tmp_path / "training"), Limits(megabytes=0.05))


@pytest.fixture
def client(service):
    return TestClient(create_app(service), raise_server_exceptions=False)


def test_the_page_needs_nothing_from_elsewhere(client):
    page = client.get("/")
    assert (page.status_code, 'lang="zh-CN"' in page.text, "http" in page.text.replace("http-equiv", "")) == (200, True, False)
    assert "default-src 'self'" in page.headers["content-security-policy"]
    for name in ("app.js", "style.css", "icon.svg"):
        body = client.get(f"/static/{name}")
        assert (body.status_code, "//cdn" in body.text) == (200, False)


def test_extract_text_and_the_same_as_a_file(client):
    as_text = client.post("/extract?view=true", json={"text": REPORT}).json()
    as_file = client.post("/extract?name=a/b/清溪.txt", content=REPORT.encode()).json()
    spans = [(s["label"], s["text"]) for s in as_text["spans"]]
    assert {"MEASURE", "PROBLEM", "METRIC"} == {label for label, _ in spans}
    assert [(s["label"], s["text"]) for s in as_file["spans"]] == spans
    assert (as_file["id"], as_file["meta"]["source"]) == ("清溪", "清溪.txt")
    at = next(f"{s['start']}-{s['end']}" for s in as_text["spans"] if s["text"] == "甲甲甲甲")
    assert f'<mark class="MEASURE" title="举措" data-at="{at}">甲甲甲甲</mark>' in as_text["html"]
    assert "&lt;b&gt;&amp;" in as_text["html"]
    assert "html" not in as_file
    assert Document.from_json(as_file).text == as_file["text"]


def test_extract_as_a_table(client):
    answer = client.post("/extract?format=csv", json={"text": REPORT})
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.content.decode("utf-8-sig").splitlines()[0].startswith("document,region,issuer")


@pytest.mark.parametrize(
    ("query", "body", "said"),
    [
        ("", {"content": b"", "headers": {"content-type": "application/json"}}, "no JSON object with a text"),
        ("", {"json": {"text": 3}}, "its text is no string"),
        ("", {"json": {"text": "短"}}, "no report in it"),
        ("?format=xml", {"json": {"text": REPORT}}, "no format 'xml'"),
        ("?name=x.txt", {"content": b"\x00\x01\x02" * 100}, "x.txt"),
        ("?name=x.txt", {"content": b"a" * 60_000}, "upload"),
    ],
)
def test_bad_input_is_one_clear_line(client, query, body, said):
    answer = client.post(f"/extract{query}", **body)
    assert answer.status_code == 422
    assert said in answer.json()["error"]
    assert "\n" not in answer.json()["error"]


@pytest.mark.parametrize(
    ("query", "body", "said"),
    [
        ("", {"json": {"text": "短"}}, "其中只有1个汉字，不像一份报告，请提供报告全文"),
        ("?name=x.doc", {"content": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" * 9}, "这种格式（doc、xls、rtf）不能读，请另存为 docx"),
        ("?name=x.txt", {"content": b"a" * 60_000}, "内容有0.058 MB，超过上限0.05 MB（启动服务时可用 --max-megabytes 调高）"),
        ("?name=x.pdf", {"content": b"%PDF-1.4"}, "文件已损坏或不完整，请重新下载或另存后再试"),
    ],
)
def test_people_read_in_chinese_why_a_report_cannot_be_read(client, query, body, said):
    assert client.post(f"/extract{query}", **body).json()["error_zh"] == said


def test_all_that_reading_can_refuse_has_a_chinese_sentence(root):
    told = re.compile(r"InputError\(\s*[\w.]+,\s*f?\"([^\"]*)\"")
    refused = {
        what for path in (root / "fazhi" / "ingest").glob("*.py") for what in told.findall(path.read_text(encoding="utf-8"))
    }
    refused |= {what for _, what, _ in _FOREIGN if what}
    files = {"there is no such file or folder", "there is no such file", "this is a folder", "no report in this folder"}
    named = {
        what for what in refused if not what.startswith(("the file cannot be opened", "this is {what}")) and what not in files
    }
    assert len(named) > 20
    numbers = {what: re.sub(r"\{[^}]*\}", "7", what) for what in named}
    assert [what for what, filled in numbers.items() if in_chinese(InputError("x", filled, "y")) is None] == []


def test_the_page_gets_chinese_names_of_themes(client):
    answer = client.post("/extract?view=true", json={"text": REPORT}).json()
    assert {record["theme"] for record in answer["records"]["measures"]} <= set(answer["themes"])
    assert answer["themes"]["enforcement"] == "行政执法"
    assert "themes" not in client.post("/extract", json={"text": REPORT}).json()


def test_predictions_come_in_order_one_a_task(client, service):
    tasks = [{"id": 1, "data": {"text": "甲甲甲甲，好。"}}, {"id": 2, "data": {}}, {"id": 3, "data": {"text": "乙乙"}}]
    answer = client.post("/predict", json={"tasks": tasks, "project": "1.5", "label_config": "", "params": {}}).json()
    labels = [[r["value"]["labels"] for r in one["result"] if r["type"] == "labels"] for one in answer["results"]]
    assert labels == [[["MEASURE"]], [], [["PROBLEM"]]]
    assert {one["model_version"] for one in answer["results"]} == {service.version}
    assert [one["score"] > 0.5 for one in answer["results"]] == [True, False, True]


def test_what_time_does_not_suffice_for_is_empty(service):
    answers = service.predict([{"data": {"text": "甲甲甲甲"}}] * 3, seconds=0)
    assert [one["result"] for one in answers] == [[], [], []]


def test_setup_takes_our_interface_and_refuses_another(client, service):
    setup = {"project": "1", "schema": interface(), "hostname": "", "access_token": "geheim"}
    assert client.post("/setup", json=setup).json() == {"model_version": service.version}
    changed = interface().replace('alias="PROBLEM"', 'alias="TROUBLE"')
    refused = client.post("/setup", json={**setup, "schema": changed})
    assert (refused.status_code, "lacks statement: PROBLEM" in refused.json()["error"]) == (409, True)
    assert client.post("/setup", json={**setup, "schema": "<View"}).status_code == 409


def test_health_versions_and_other_events(client, service):
    assert client.get("/health").json()["status"] == "UP"
    assert client.get("/versions").json() == {"versions": [service.version]}
    assert client.post("/webhook", json={"action": "ANNOTATION_CREATED"}).json() == {"status": "ignored"}
    refused = client.post("/webhook", json={"action": "START_TRAINING"})
    assert (refused.status_code, "fazhi serve --train" in refused.json()["error"]) == (409, True)


def wait(client, state):
    deadline = time.monotonic() + 60
    while (told := client.get("/training").json())["state"] == "running" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert told["state"] == state, told
    return told


def test_training_runs_in_the_background_and_its_model_is_taken_over(client, service, oracle, tmp_path):
    better = tmp_path / "training" / "new" / "better"
    better.parent.mkdir(parents=True)
    code = (
        "import json,os,shutil,sys,time,pathlib;f=pathlib.Path(os.environ['FAZHI_TRAINING']);time.sleep(1);"
        f"shutil.copytree({str(oracle)!r},f/'new'/'better');(f/'current').symlink_to('new/better');"
        "(f/'state.json').write_text(json.dumps({'state':'promoted','message':sys.argv[1]}))"
    )
    service.training.command = [sys.executable, "-c", code, "project {project}"]
    before = service.version
    start = {"action": "START_TRAINING", "project": {"id": 7}}
    assert client.post("/webhook", json=start).json()["status"] == "started"
    assert client.post("/webhook", json=start).json()["status"] == "already running"
    assert client.post("/predict", json={"tasks": []}).json()["model_version"] == before
    assert wait(client, "promoted")["message"] == "project 7"
    assert client.get("/versions").json()["versions"] == [before, before.replace("oracle", "better")]
    assert service.extractor.model.path == better


def test_a_training_that_dies_is_told(client, service):
    service.training.command = [sys.executable, "-c", "raise SystemExit(3)"]
    client.post("/webhook", json={"action": "START_TRAINING"})
    assert "training.log" in wait(client, "failed")["message"]


def test_promotion_is_one_step_and_can_be_repeated(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name / "model").mkdir(parents=True)
        promote(tmp_path, tmp_path / name / "model")
        assert Training(tmp_path).promoted() == tmp_path / name / "model"


def test_a_model_wins_only_without_losing_a_label():
    old = {"METRIC": 0.8, "MEASURE": 0.7, "mean": 0.75}
    assert why_kept({"METRIC": 0.795, "MEASURE": 0.73, "mean": 0.7625}, old) == ""
    assert why_kept({"METRIC": 0.70, "MEASURE": 0.9, "mean": 0.8}, old) == "it loses 0.1000 on METRIC"
    assert why_kept(old, old) == "it is not better"


def test_a_document_never_changes_sides():
    few, many = ([Document(f"d{i}", "甲") for i in range(n)] for n in (40, 80))
    dev = {d.id for d in split(few)[1]}
    assert 2 < len(dev) < 20
    assert dev == {d.id for d in split(many)[1]} & {d.id for d in few}
    assert [len(side) for side in split([Document("d0", "甲"), Document("d1", "乙")])] == [1, 1]


def test_serve_says_what_is_wrong_with_a_model(tmp_path):
    outcome = CliRunner().invoke(program, ["serve", "--model", str(tmp_path), "--training", str(tmp_path / "t")])
    assert outcome.exit_code == 2
    assert json.dumps(str(tmp_path))[1:-1] in outcome.output.replace("\n", "")
