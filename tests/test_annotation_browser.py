"""Label Studio as annotators see it: the regions in Chinese, a new one by hand, its attribute, submitted and pulled."""

import os
from pathlib import Path

import pytest

from annotation.client import Client
from annotation.gold import make
from annotation.interface import interface
from annotation.pull import pull
from annotation.push import push
from annotation.tasks import parts
from fazhi.document import Document, Span
from tests.conftest import ANNOTATORS, PASSWORD, TOKENS

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("label-studio")]

TEXT = (
    "清溪县2023年法治政府建设年度报告😀\n\n一、举措成效\n一是印发年度工作要点𠮷，组织学法考试，受理行政复议申请57件，其中网上受理20件。\n"
    "二、存在问题\n执法人员不足😀。\n"
)
PLACE = """words => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode()); ) {
    const at = node.data.indexOf(words);
    if (at < 0 || !node.parentElement.className.includes("richtext")) continue;
    const range = document.createRange();
    range.setStart(node, at);
    range.setEnd(node, at + words.length);
    const box = range.getBoundingClientRect();
    return [box.left, box.top + box.height / 2, box.right];
  }
  return null;
}"""


def span(words, label):
    at = TEXT.index(words)
    return Span(at, at + len(words), label, score=0.9)


def test_an_annotator_adds_a_region_and_the_pull_brings_it(label_studio, browser, tmp_path):
    client = Client(label_studio.url, TOKENS[0])
    client.log_in()
    given = [span("印发年度工作要点𠮷", "MEASURE"), span("受理行政复议申请57件", "METRIC"), span("网上受理20件", "METRIC")]
    project = client.create_project("浏览器试验", interface(), "标注规范")["id"]
    push(client, project, list(parts(Document("清溪", TEXT).with_spans(given))))
    (task,) = client.tasks(project, whole=False)

    page = browser.new_page(viewport={"width": 1280, "height": 860})
    page.set_default_timeout(120_000)
    elsewhere = []
    page.on("request", lambda request: elsewhere.append(request.url) if not request.url.startswith(label_studio.url) else None)
    page.goto(f"{label_studio.url}/user/login/")
    page.fill("input[name=email]", ANNOTATORS[0])
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_load_state("load")
    page.goto(f"{label_studio.url}/projects/{project}/data?task={task['id']}")
    page.wait_for_selector("text=Submit")
    regions = page.locator(".lsf-outliner-item, [class*=outliner-item]")
    regions.first.wait_for()
    page.wait_for_function("() => document.body.innerText.includes('印发年度工作要点')")
    seen = page.locator("body").inner_text()
    assert all(name in seen for name in ("举措", "问题", "指标", "陈述（整个小句）"))
    assert "MEASURE" not in seen

    page.keyboard.press("2")
    left, middle, right = page.evaluate(PLACE, "执法人员不足😀")
    page.mouse.move(left + 1, middle)
    page.mouse.down()
    page.mouse.move((left + right) / 2, middle, steps=4)
    page.mouse.move(right - 1, middle, steps=4)
    page.mouse.up()
    page.wait_for_timeout(500)
    page.mouse.click((left + right) / 2, middle)
    page.locator("text=原因").first.click()
    page.wait_for_timeout(500)
    shot = Path(os.environ.get("FAZHI_SCREENSHOTS", tmp_path)) / "label-studio.png"
    page.screenshot(path=shot)
    assert shot.stat().st_size > 10_000
    with page.expect_response(lambda answer: "/annotations" in answer.url and answer.request.method == "POST") as submitted:
        page.locator("button:has-text('Submit')").first.click()
    assert submitted.value.ok
    page.close()

    store, outcome = pull(client, project, tmp_path / "pulled")
    assert outcome.statuses["submitted"] == 1
    (document,) = make(store).documents
    wanted = {(s.start, s.end, s.label) for s in [*given, span("执法人员不足😀", "PROBLEM")]}
    assert {(s.start, s.end, s.label) for s in document.spans} == wanted
    attributes = {tuple(a["span"]): a for a in document.meta["annotation"]["attributes"]}
    (problem,) = [s for s in document.spans if s.label == "PROBLEM"]
    assert attributes[problem.start, problem.end, "PROBLEM"]["role"] == ["cause"]
    assert elsewhere == []
