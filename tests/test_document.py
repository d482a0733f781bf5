"""The data model: JSON round trip, short span form, refusals."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fazhi.document import Document, Span


@st.composite
def documents(draw):
    text = draw(st.text(min_size=1, max_size=40))
    pairs = st.tuples(st.integers(0, len(text) - 1), st.integers(1, len(text))).filter(lambda p: p[0] < p[1])
    spans = [Span(a, b, "METRIC", "metric", text[a:b], 0.5, a + 3, b + 3) for a, b in draw(st.lists(pairs, max_size=5))]
    meta = draw(st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5) | st.none(), max_size=3))
    alignment = ((0, len(text), 3, len(text) + 3),)
    return Document("名", text, meta, alignment=alignment).with_spans(spans)


@given(documents())
def test_json_round_trip(document):
    assert Document.from_json(json.loads(document.dumps())) == document
    assert "\n" not in document.dumps()


def test_short_span_form():
    document = Document.from_json({"id": "a", "text": "受理57件", "spans": [[0, 5, "METRIC"]]})
    assert document.spans == (Span(0, 5, "METRIC", text="受理57件"),)


@pytest.mark.parametrize("span", [[0, 9, "METRIC"], [3, 3, "METRIC"], [4, 2, "METRIC"], [-1, 2, "METRIC"]])
def test_impossible_spans_are_refused(span):
    with pytest.raises(ValueError, match="span METRIC"):
        Document.from_json({"id": "a", "text": "受理57件", "spans": [span]})


def test_a_span_whose_text_differs_is_refused():
    span = {"start": 0, "end": 2, "label": "METRIC", "text": "办结"}
    with pytest.raises(ValueError, match="says '办结'"):
        Document.from_json({"id": "a", "text": "受理57件", "spans": [span]})
