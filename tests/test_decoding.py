"""Decoding: exact against brute force; the constraints hold whatever the logits say."""

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fazhi.clauses import clauses
from fazhi.decoding import ClauseTokens, best_segments, decode, decode_clauses, log_softmax
from fazhi.schema import Schema, default_schema

STATEMENT, METRIC = default_schema().layers


def characters(text: str) -> ClauseTokens:
    """One token a character, blanks left out."""
    offsets = np.array([(i, i + 1) for i, char in enumerate(text) if not char.isspace()], dtype=np.int64).reshape(-1, 2)
    return ClauseTokens.align(text, offsets, clauses(text))


def total(tags, log_probs):
    return sum(log_probs[i, tag] for i, tag in enumerate(tags))


def valid(tags):
    """Strict IOB2: an I-X only behind B-X or I-X."""
    return all(tag == 0 or tag % 2 == 1 or before in (tag - 1, tag) for before, tag in zip((0, *tags), tags, strict=False))


def segments(tags):
    starts = [i for i, tag in enumerate(tags) if tag % 2 == 1]
    out = []
    for start in starts:
        end = start + 1
        while end < len(tags) and tags[end] == tags[start] + 1:
            end += 1
        out.append((start, end, (tags[start] - 1) // 2))
    return out


@settings(max_examples=60)
@given(st.integers(1, 5), st.integers(0, 10_000), st.integers(1, 2), st.data())
def test_segments_equal_brute_force(length, seed, labels, data):
    log_probs = log_softmax(np.random.default_rng(seed).normal(size=(length, 1 + 2 * labels)).astype(np.float32) * 3)
    valued = np.array(data.draw(st.lists(st.booleans(), min_size=length, max_size=length)))
    found = list(best_segments(log_probs, valued))
    allowed = [
        tags
        for tags in product(range(1 + 2 * labels), repeat=length)
        if valid(tags) and all(valued[start:end].any() for start, end, _ in segments(tags))
    ]
    best = max(allowed, key=lambda tags: total(tags, log_probs))
    assert total(best, log_probs) == pytest.approx(total(as_tags(found, length), log_probs), abs=1e-4)
    assert all(valued[start:end].any() for start, end, _ in found)


def as_tags(found, length):
    tags = [0] * length
    for start, end, label in found:
        tags[start:end] = [1 + 2 * label, *[2 + 2 * label] * (end - start - 1)]
    return tags


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.integers(1, 6))
def test_clause_labels_equal_brute_force(seed, length):
    text = "件" * length
    log_probs = log_softmax(np.random.default_rng(seed).normal(size=(length, 5)).astype(np.float32) * 3)
    paths = {None: [0] * length, "MEASURE": [1, *[2] * (length - 1)], "PROBLEM": [3, *[4] * (length - 1)]}
    best = max(paths, key=lambda name: total(paths[name], log_probs))
    spans = decode_clauses(log_probs, characters(text), STATEMENT)
    assert [span.label for span in spans] == ([best] if best else [])


@given(st.text(alphabet="受理7件，。（）“”共的一是\n 两年", min_size=1, max_size=50), st.integers(0, 1000))
def test_constraints_hold_for_any_logits(text, seed):
    tokens = characters(text)
    logits = np.random.default_rng(seed).normal(size=(len(tokens.offsets), 8)).astype(np.float32) * 4
    found = clauses(text)
    borders = {(c.start, c.end) for c in found}
    spans = decode(logits, tokens, default_schema()) if len(tokens.offsets) else []
    for span in spans:
        assert span.text == text[span.start : span.end]
        assert 0 < span.score <= 1
        if span.layer == "statement":
            assert (span.start, span.end) in borders
        else:
            assert any(c.start <= span.start and span.end <= c.end for c in found)
            assert any(char in "7一两" for char in span.text)
    for layer in default_schema().layers:
        mine = [span for span in spans if span.layer == layer.name]
        assert all(a.end <= b.start for a, b in pairwise(mine))


def sharp(text: str, tags: dict[int, int], schema: Schema) -> np.ndarray:
    logits = np.full((len(text), schema.size), -5, np.float32)
    for layer in schema.layers:
        logits[:, layer.offset] = 5
    for at, tag in tags.items():
        layer = next(layer for layer in schema.layers if layer.slice.start <= tag < layer.slice.stop)
        logits[at, layer.slice] = -5
        logits[at, tag] = 5
    return logits


def test_a_metric_inside_a_measure():
    text = "举办培训3期，成效好"
    tags = {0: 1, **dict.fromkeys(range(1, 6), 2)}
    logits = sharp(text, tags, default_schema())
    logits[0:6, 5:] = [[-5, 5, -5], *[[-5, -5, 5]] * 5]
    spans = decode(logits, characters(text), default_schema())
    assert [(span.label, span.text) for span in spans] == [("MEASURE", "举办培训3期"), ("METRIC", "举办培训3期")]
    assert all(span.score > 0.99 for span in spans)


def test_a_fragment_without_a_value_is_no_metric():
    text = "开展活动20余场"
    logits = sharp(text, {0: 6, 1: 7, 4: 6, 5: 7, 6: 7, 7: 7}, default_schema())
    spans = decode(logits, characters(text), default_schema())
    assert [(span.label, span.text) for span in spans if span.layer == "metric"] == [("METRIC", "20余场")]


def test_temperature_moves_scores_and_not_labels():
    text = "开展检查"
    logits = sharp(text, {0: 1, 1: 2, 2: 2, 3: 2}, default_schema()) / 5
    cold = decode(logits, characters(text), default_schema())
    warm = decode(logits, characters(text), default_schema(), {"statement": 3.0})
    assert [s.label for s in cold] == [s.label for s in warm] == ["MEASURE"]
    assert warm[0].score < cold[0].score
