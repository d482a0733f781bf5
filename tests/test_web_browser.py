"""The page in a real browser: paste, read, download; nothing is fetched from elsewhere."""

import json
import os
import threading
import time
from pathlib import Path

import pytest
import uvicorn

from fazhi.extractor import Extractor
from fazhi.web.app import create_app
from fazhi.web.service import Service
from fazhi.web.training import Training
from tests.conftest import free_port

pytestmark = pytest.mark.slow


@pytest.fixture
def served(tmp_path):
    app = create_app(Service(Extractor.from_pretrained("small"), Training(tmp_path)))
    server = uvicorn.Server(uvicorn.Config(app, port=free_port(), log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{server.config.port}"
    server.should_exit = True
    thread.join(timeout=30)


@pytest.fixture
def page(browser, served):
    page = browser.new_page(viewport={"width": 1180, "height": 1250}, accept_downloads=True)
    page.set_default_timeout(120_000)
    page.elsewhere, page.errors = [], []
    page.on(
        "request", lambda request: page.elsewhere.append(request.url) if not request.url.startswith((served, "blob:")) else None
    )
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.goto(served)
    yield page
    page.close()


@pytest.fixture
def report(root):
    return (root / "data" / "samples" / "yunxiu-justice-2024.txt").read_text(encoding="utf-8")


@pytest.fixture
def planted(report):
    """The report with two contradictions: in one sentence, and at the two ends of the text."""
    return report.replace("受理121件", "受理143件").replace("带头讲授法治专题课2场", "办理法律援助案件278件")


FLOW, RESTATED = ["收到行政复议申请136件", "受理143件"], ["办理法律援助案件287件", "办理法律援助案件278件"]


def extract(page, text):
    page.get_by_label("报告正文").fill(text)
    page.get_by_role("button", name="抽取").click()
    page.wait_for_selector("#status:has-text('抽取完成')")


def in_sight(locator):
    """Tell whether an element lies within the window and within the box that scrolls it."""
    return locator.evaluate(
        """(node) => {
             const { top, bottom } = node.getBoundingClientRect();
             const box = (node.closest("#marked, #findings ol") ?? document.body).getBoundingClientRect();
             return top >= Math.max(0, box.top - 1) && bottom <= Math.min(innerHeight, box.bottom + 1);
           }"""
    )


def test_paste_read_and_download(page, report, tmp_path):
    extract(page, report)
    assert not page.locator("#findings").is_visible()
    assert "云岫" in page.locator("#headline").inner_text()
    for label in ("MEASURE", "PROBLEM", "METRIC"):
        assert page.locator(f"#marked mark.{label}").count() > 0
    assert page.locator("#tables table").count() == 3
    assert page.evaluate("document.activeElement.id") == "result"
    with page.expect_download() as lines:
        page.get_by_role("button", name="下载 JSONL").click()
    document = json.loads(Path(lines.value.path()).read_text(encoding="utf-8"))
    assert {span["label"] for span in document["spans"]} == {"MEASURE", "PROBLEM", "METRIC"}
    assert "html" not in document
    with page.expect_download() as table:
        page.get_by_role("button", name="下载 CSV").click()
    assert Path(table.value.path()).read_bytes().startswith(b"\xef\xbb\xbfdocument,")
    link = page.locator("#tables a").first
    link.click()
    assert page.locator("mark.here").all_inner_texts() == [link.inner_text()]
    assert in_sight(page.locator("mark.here"))
    page.get_by_role("checkbox", name="举措").uncheck()
    assert page.locator("mark.MEASURE:not(.off)").count() == page.locator("#legend mark.MEASURE:not(.off)").count() == 0
    assert (page.elsewhere, page.errors) == ([], [])


def test_a_finding_leads_to_its_places(page, planted, tmp_path):
    extract(page, planted)
    flow, restated = page.get_by_role("region", name="核对发现（2）").get_by_role("listitem").all()
    assert page.locator("#status").inner_text() == "抽取完成，2 处需核对。"
    assert "环节：受理 143 > 收到行政复议申请 136" in flow.inner_text()
    here = page.locator("mark.here")
    for finding, words in ((flow, FLOW), (restated, RESTATED)):
        assert finding.get_by_role("link").all_inner_texts() == words
        finding.get_by_role("button").click()
        assert here.all_inner_texts() == words
        assert in_sight(here.first)
        assert page.locator("[aria-current=true]").all_inner_texts() == [finding.get_by_role("button").inner_text()]
    page.screenshot(path=Path(os.environ.get("FAZHI_SCREENSHOTS", tmp_path)) / "web-page.png")
    restated.get_by_role("link").last.click()
    assert here.all_inner_texts() == RESTATED
    assert in_sight(here.last)
    assert (page.elsewhere, page.errors) == ([], [])


@pytest.mark.parametrize("size", [(1180, 900), (390, 800)], ids=["desktop", "phone"])
def test_the_keyboard_alone_reaches_the_places_and_stays_in_sight(page, planted, size):
    page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
    extract(page, planted)
    assert page.evaluate("document.documentElement.scrollWidth") == size[0]
    assert page.locator("mark.here").count() == 0
    seen = []
    while page.evaluate("document.activeElement.id") != "marked":
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('#findings') !== null"):
            seen.append(page.locator("mark.here").all_inner_texts())
            assert in_sight(page.locator(":focus"))
            assert in_sight(page.locator("mark.here").nth((0, 0, 1)[(len(seen) - 1) % 3]))
    assert seen == [FLOW] * 3 + [RESTATED] * 3


def test_one_of_several_equal_phrases_is_found_by_its_place(page, report):
    extract(page, report.replace("同类问题反复出现", "普法方式不够新颖"))
    page.locator("#tables a", has_text="普法方式不够新颖").last.click()
    marks = page.locator("#marked mark", has_text="普法方式不够新颖")
    assert marks.evaluate_all("marks => marks.map(mark => mark.classList.contains('here'))") == [False, True]


def test_what_a_finding_says_is_shown_as_it_is(page, planted):
    hostile = "<img src=x onerror=alert(1)>"

    def spoil(route):
        answer = route.fetch()
        document = answer.json()
        for finding in document["audit"]:
            finding["computation"] = finding["kind_zh"] = finding["first"]["text"] = hostile
        route.fulfill(response=answer, json=document)

    page.route("**/extract?*", spoil)
    extract(page, planted)
    assert page.locator("#findings img").count() == 0
    assert page.locator("#findings button").first.inner_text() == f"{hostile}：{hostile}"
    assert page.locator("#findings a").first.inner_text() == hostile


def test_a_phone_shows_tables_with_whole_words_and_scrolls_them_sideways(page, report):
    page.set_viewport_size({"width": 390, "height": 800})
    extract(page, report)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    lines = page.locator("#tables td:not(.text), #tables th").evaluate_all(
        """(cells) => cells.map((cell) => {
             const range = document.createRange();
             range.selectNodeContents(cell);
             return new Set([...range.getClientRects()].map((box) => Math.round(box.top))).size;
           })"""
    )
    assert set(lines) <= {0, 1}
    narrow = page.locator("#tables td.text").evaluate_all("(cells) => Math.min(...cells.map((cell) => cell.clientWidth))")
    assert narrow >= 8 * 16
    first = page.locator("#tables .scroll").first
    assert first.evaluate("(box) => { box.scrollLeft = 999; return box.scrollLeft; }") > 0


def test_the_controls_of_the_browser_are_dark_in_the_dark(page):
    page.emulate_media(color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light dark"


def test_the_heading_of_a_table_counts_what_the_headline_counts(page, report):
    extract(page, report)
    titles = page.locator("#tables caption").all_inner_texts()
    headline = page.locator("#headline").inner_text()
    assert [title.rstrip("）").replace("（", " ") for title in titles] == headline.split(" · ")[-3:]


def test_a_ratio_is_shown_as_it_is_written(page, report):
    def spoil(route):
        answer = route.fetch()
        document = answer.json()
        document["records"]["metrics"][0]["quantities"] = [
            {"text": text, "value": 1 / 1.2, "unit": "比", "kind": "ratio", "bound": "exact"}
            for text in ("1：1.2", "5比1", "三分之二")
        ]
        route.fulfill(response=answer, json=document)

    page.route("**/extract?*", spoil)
    extract(page, report)
    assert page.locator("#tables td.number").all_inner_texts()[:6:2] == ["1:1.2", "5:1", "三分之二"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1180, 390])
def test_axe_finds_nothing(page, planted, axe, scheme, width):
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)
    extract(page, planted)
    page.locator("#findings button").first.click()
    page.evaluate(axe)
    violations = page.evaluate("axe.run()")["violations"]
    assert [(v["id"], v["nodes"][0]["html"]) for v in violations] == []


def test_a_file_and_what_is_no_report(page, root):
    page.get_by_label("或选择文件").set_input_files(root / "data" / "samples" / "chengling-district-2023.html")
    page.get_by_role("button", name="抽取").click()
    page.wait_for_selector("#status:has-text('抽取完成')")
    assert "2023" in page.locator("#headline").inner_text()
    page.get_by_label("报告正文").fill("不是报告")
    page.get_by_role("button", name="抽取").click()
    page.wait_for_selector("#status.error")
    assert "其中只有4个汉字，不像一份报告" in page.locator("#status").inner_text()
    assert not page.locator("#result").is_visible()


def test_every_control_has_a_name_and_the_keyboard_reaches_it(page):
    nameless = page.evaluate(
        """() => [...document.querySelectorAll("button, input, textarea, a")]
             .filter((node) => !(node.labels?.length || node.textContent.trim())).map((node) => node.outerHTML)"""
    )
    assert nameless == []
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "text"
