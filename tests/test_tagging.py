"""Spans → BIO → spans is the identity; losses are told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fazhi.document import Span
from fazhi.schema import default_schema
from fazhi.tagging import decode, encode

STATEMENT, METRIC = default_schema().layers


@st.composite
def tagged(draw):
    lengths = draw(st.lists(st.integers(1, 4), min_size=1, max_size=30))
    gaps = draw(st.lists(st.integers(0, 2), min_size=len(lengths), max_size=len(lengths)))
    offsets, at = [], 0
    for gap, length in zip(gaps, lengths, strict=True):
        offsets.append((at + gap, at + gap + length))
        at += gap + length
    spans, token = [], 0
    while token < len(offsets):
        width = draw(st.integers(1, 5))
        last = min(token + width, len(offsets)) - 1
        label = draw(st.sampled_from(["MEASURE", "PROBLEM", None]))
        if label:
            spans.append(Span(offsets[token][0], offsets[last][1], label, "statement"))
        token = last + 1
    return offsets, spans


@given(tagged())
def test_round_trip(case):
    offsets, spans = case
    tags, inexact = encode(spans, offsets, STATEMENT)
    assert inexact == []
    assert decode(tags, offsets, STATEMENT) == spans


def test_spans_of_other_layers_are_left_out():
    tags, _ = encode([Span(0, 1, "METRIC")], [(0, 1), (1, 2)], STATEMENT)
    assert tags == [0, 0]


def test_borders_inside_tokens_are_told():
    span = Span(1, 3, "METRIC")
    tags, inexact = encode([span], [(0, 2), (2, 3), (3, 4)], METRIC)
    assert (tags, inexact) == ([1, 2, 0], [span])


def test_spans_that_no_token_carries_are_told():
    span = Span(2, 3, "METRIC")
    assert encode([span], [(0, 2), (3, 4)], METRIC) == ([0, 0], [span])


def test_overlap_is_refused():
    with pytest.raises(ValueError, match="overlaps"):
        encode([Span(0, 3, "METRIC"), Span(2, 4, "METRIC")], [(i, i + 1) for i in range(5)], METRIC)


@given(st.lists(st.integers(0, 4), max_size=12))
def test_decoding_is_strict_iob2(tags):
    offsets = [(i, i + 1) for i in range(len(tags))]
    for span in decode(tags, offsets, STATEMENT):
        begin = 1 + 2 * STATEMENT.labels.index(span.label)
        assert tags[span.start] == begin
        assert tags[span.start + 1 : span.end] == [begin + 1] * (span.end - span.start - 1)
        assert span.end == len(tags) or tags[span.end] != begin + 1
