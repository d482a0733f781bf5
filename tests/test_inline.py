"""Inline tags: parsing, rendering, and every rule with its line."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.inline import CorpusError, parse, parse_tags, render
from fazhi.clauses import clauses
from fazhi.document import Document, Span
from fazhi.errors import AnnotationError
from fazhi.schema import default_schema

HEADER = "---\ntitle: 清溪县报告\nyear: 2023\n---\n"
PATH = Path("清溪.txt")


def faults(body: str) -> list[tuple[int, str]]:
    with pytest.raises(CorpusError) as caught:
        parse(HEADER + body, PATH)
    return [(error.line, error.rule) for error in caught.value.errors]


def test_nested_tags():
    body = (
        "标题\n一是<MEASURE><METRIC>举办培训3期</METRIC></MEASURE>，<METRIC>办结5件</METRIC>。\n<PROBLEM>人员不足</PROBLEM>。\n"
    )
    document = parse(HEADER + body, PATH)
    assert document.text == "标题\n一是举办培训3期，办结5件。\n人员不足。"
    assert [(s.label, s.layer, s.text) for s in document.spans] == [
        ("MEASURE", "statement", "举办培训3期"),
        ("METRIC", "metric", "举办培训3期"),
        ("METRIC", "metric", "办结5件"),
        ("PROBLEM", "statement", "人员不足"),
    ]
    assert (document.id, document.meta["year"], document.meta["source"]) == ("清溪", 2023, "清溪.txt")


def test_entities():
    assert parse(HEADER + "甲&lt;乙&gt;&amp;丙&quot;", PATH).text == "甲<乙>&丙&quot;"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("甲\n<MEASURE>开展检查，印发通知</MEASURE>。", [(6, "§2")]),
        ("<MEASURE>一是开展检查</MEASURE>。", [(5, "§2")]),
        ("<MEASURE>开展检查。</MEASURE>", [(5, "§2")]),
        ("<PROBLEM>人员</PROBLEM>不足。", [(5, "§2")]),
        ("甲\n乙\n<METRIC>办结5件，立案6件</METRIC>。", [(7, "§1")]),
        ("<METRIC> 办结5件</METRIC>。", [(5, "§5")]),
        ("<METRIC>办结<METRIC>5件</METRIC></METRIC>。", [(5, "§1")]),
        ("<GOAL>甲</GOAL>\n<METRIC></METRIC>", [(5, "§1"), (6, "§1")]),
        ("甲<METRIC>办结5件\n乙", [(5, "§1")]),
        ("甲</METRIC>\n乙</PROBLEM>", [(5, "§1"), (6, "§1")]),
    ],
)
def test_every_broken_rule_is_named_with_its_line(body, expected):
    assert faults(body) == expected


@pytest.mark.parametrize("raw", ["no header", "---\ntitle: [\n---\n甲", "---\njust words\n---\n甲"])
def test_bad_headers(raw):
    with pytest.raises(AnnotationError, match=r"清溪\.txt:"):
        parse(raw, PATH)


@st.composite
def annotated(draw):
    text = draw(st.text(alphabet="受理5件，。（）<>&\n一是 ", min_size=1, max_size=40))
    spans = []
    for clause in clauses(text):
        if clause.start == clause.end or draw(st.booleans()):
            continue
        spans.append(Span(clause.start, clause.end, draw(st.sampled_from(["MEASURE", "PROBLEM"])), "statement"))
        start = draw(st.integers(clause.start, clause.end - 1))
        end = draw(st.integers(start + 1, clause.end))
        if text[start:end].strip() == text[start:end] and draw(st.booleans()):
            spans.append(Span(start, end, "METRIC", "metric"))
    return Document("a", text).with_spans(spans)


@given(annotated())
def test_render_and_parse_are_inverse(document):
    text, spans, found = parse_tags(render(document), default_schema())
    assert found == []
    assert text == document.text
    assert sorted(spans) == sorted(document.spans)
