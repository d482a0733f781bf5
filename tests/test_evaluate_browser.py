"""The report in a real browser: no message on the console, no request, axe-core finds nothing, tables sort, languages switch.

Needs Chromium, playwright and axe-core (``tests/conftest.py`` says how to get it).
"""

from dataclasses import replace

import pytest

from evaluate import run
from evaluate.pairs import read_documents
from evaluate.run import Request
from fazhi import records
from fazhi.document import Document, Span
from fazhi.writers import write_jsonl

pytestmark = pytest.mark.slow
TEXT = "一、主要举措\n组织开展宪法宣讲，受理复议申请{}件，办结{}件。\n二、存在问题\n一是执法力量薄弱。\n"


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A report on invented texts with every kind of part."""
    folder = tmp_path_factory.mktemp("report")
    documents = []
    for number in range(4):
        text = TEXT.format(50 + number, 40 + number)
        phrases = (("组织开展宪法宣讲", "MEASURE"), (f"受理复议申请{50 + number}件", "METRIC"), ("执法力量薄弱", "PROBLEM"))
        spans = [Span(text.index(p), text.index(p) + len(p), label) for p, label in phrases]
        documents.append(Document(f"清溪-{number}", text, {"year": 2020 + number}).with_spans(spans))
    documents = [replace(document, records=records.build(document)) for document in documents]
    write_jsonl(documents, folder / "gold.jsonl")
    gold = folder / "gold.jsonl"
    run.run(Request(gold=gold, out=folder / "model", model="rules", robust=True, dev_gold=gold))
    found = [replace(d, records=records.build(d)) for d in read_documents(folder / "model" / "predictions.jsonl")]
    write_jsonl(found, folder / "found.jsonl")
    run.run(Request(gold=gold, out=folder, pred=folder / "found.jsonl", dev_gold=gold, dev_pred=folder / "found.jsonl"))
    return folder / "report.html"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["zh-CN", "en-US"])
def test_axe_finds_nothing(report, browser, axe, scheme, locale):
    context = browser.new_context(color_scheme=scheme, locale=locale, bypass_csp=True)
    page = context.new_page()
    page.goto(report.as_uri())
    page.evaluate(axe)
    violations = page.evaluate("axe.run()")["violations"]
    context.close()
    assert [(v["id"], v["nodes"][0]["html"]) for v in violations] == []


def test_page_works_offline(report, browser):
    context = browser.new_context(locale="zh-CN", viewport={"width": 390, "height": 800})
    page = context.new_page()
    messages, requests = [], []
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(report.as_uri())
    assert page.inner_text("h1") == "抽取评测报告"
    page.click("text=English")
    assert page.inner_text("h1") == "Extraction evaluation report"
    assert page.get_attribute("html", "lang") == "en"
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.click("#strict ~ .wide table thead th:nth-child(4) button")
    values = page.eval_on_selector_all(
        "#strict ~ .wide table tbody td:nth-child(4)", "cells => cells.map(cell => cell.dataset.v)"
    )
    numbers = [float(value) for value in values if value]
    assert len(numbers) > 3
    assert numbers == sorted(numbers, reverse=True)
    page.select_option("select[data-filter]", "boundary")
    kinds = page.eval_on_selector_all(".mistakes li[data-tags]:not([hidden])", "items => items.map(item => item.dataset.tags)")
    assert all("boundary" in kind for kind in kinds)
    assert messages == []
    assert requests == [report.as_uri()]
    context.close()
