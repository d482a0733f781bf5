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


def test_paste_read_and_download(page, root, tmp_path):
    report = (root / "data" / "samples" / "yunxiu-justice-2024.txt").read_text(encoding="utf-8")
    page.get_by_label("报告正文").fill(report)
    page.get_by_role("button", name="抽取").click()
    page.wait_for_selector("#status:has-text('抽取完成')")
    assert "云岫" in page.locator("#headline").inner_text()
    for label in ("MEASURE", "PROBLEM", "METRIC"):
        assert page.locator(f"#marked mark.{label}").count() > 0
    assert page.locator("#tables table").count() == 3
    assert page.evaluate("document.activeElement.id") == "result"
    page.screenshot(path=Path(os.environ.get("FAZHI_SCREENSHOTS", tmp_path)) / "web-page.png")
    with page.expect_download() as lines:
        page.get_by_role("button", name="下载 JSONL").click()
    document = json.loads(Path(lines.value.path()).read_text(encoding="utf-8"))
    assert {span["label"] for span in document["spans"]} == {"MEASURE", "PROBLEM", "METRIC"}
    assert "html" not in document
    with page.expect_download() as table:
        page.get_by_role("button", name="下载 CSV").click()
    assert Path(table.value.path()).read_bytes().startswith(b"\xef\xbb\xbfdocument,")
    page.locator("#tables a").first.click()
    assert page.locator("mark.here").count() == 1
    page.get_by_role("checkbox", name="举措").uncheck()
    assert page.locator("mark.MEASURE:not(.off)").count() == page.locator("#legend mark.MEASURE:not(.off)").count() == 0
    assert (page.elsewhere, page.errors) == ([], [])


def test_a_file_and_what_is_no_report(page, root):
    page.get_by_label("或选择文件").set_input_files(root / "data" / "samples" / "chengling-district-2023.html")
    page.get_by_role("button", name="抽取").click()
    page.wait_for_selector("#status:has-text('抽取完成')")
    assert "2023" in page.locator("#headline").inner_text()
    page.get_by_label("报告正文").fill("不是报告")
    page.get_by_role("button", name="抽取").click()
    page.wait_for_selector("#status.error")
    assert "no report in it" in page.locator("#status").inner_text()
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
