"""The maps between clean text and source, and the builder that makes them: properties over random edits."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fazhi.offsets import OffsetMap, TextBuilder, merge_blocks

EDIT = st.tuples(
    st.sampled_from(["copy", "swap", "rewrite", "drop", "insert"]),
    st.integers(1, 5),
    st.text("甲乙丙ab12 \n", min_size=1, max_size=4),
)


def build(source: str, edits: list[tuple[str, int, str]]) -> tuple[TextBuilder, list[int | None]]:
    """Apply edits along a source; also return for every clean character the source place it copies, else ``None``."""
    builder, origin, at = TextBuilder(source), [], 0
    for kind, length, text in edits:
        end = min(len(source), at + length)
        if kind == "insert":
            builder.insert(text, at)
            origin += [None] * len(text)
        elif kind == "copy" and end > at:
            builder.copy(at, end)
            origin += range(at, end)
        elif kind == "swap" and end > at:
            builder.replace(at, end, text[:1] * (end - at))
            origin += range(at, end)
        elif kind == "rewrite" and end > at and len(text) != end - at:
            builder.replace(at, end, text)
            origin += [None] * len(text)
        at = at if kind == "insert" else end
    return builder, origin


@given(st.text("天地玄黄宇宙洪荒xyz89，。", max_size=40), st.lists(EDIT, max_size=12), st.data())
def test_a_span_maps_to_the_stretch_that_holds_all_its_characters(source, edits, data):
    builder, origin = build(source, edits)
    if not builder.text:
        return
    start = data.draw(st.integers(0, len(builder.text) - 1))
    end = data.draw(st.integers(start + 1, len(builder.text)))
    low, high = builder.offsets.to_source(start, end)
    places = [place for place in origin[start:end] if place is not None]
    assert 0 <= low <= high <= len(source)
    assert all(low <= place < high for place in places)
    if len(places) == end - start:
        assert (low, high) == (min(places), max(places) + 1)


@given(st.text("天地玄黄宇宙洪荒xyz89", max_size=40), st.lists(EDIT, max_size=12))
def test_copied_characters_are_those_of_the_source(source, edits):
    builder, _ = build(source, [edit for edit in edits if edit[0] in ("copy", "drop", "insert")])
    offsets = builder.offsets
    for at, char in enumerate(builder.text):
        low, high = offsets.to_source(at, at + 1)
        assert source[low:high] in ("", char)


@given(st.text("甲乙丙丁戊", min_size=1, max_size=30), st.lists(EDIT, max_size=8), st.lists(EDIT, max_size=8))
@example("丁丁", [("rewrite", 2, "111")], [("copy", 2, "1")])  # two of three rewritten characters, as many as their source
def test_composition_maps_like_one_map_after_the_other(source, first, second):
    inner, _ = build(source, first)
    outer, origin = build(inner.text, second)
    composed = outer.offsets.after(inner.offsets)
    for at in range(len(outer.text)):
        middle = outer.offsets.to_source(at, at + 1)
        if middle[0] < middle[1]:
            assert composed.to_source(at, at + 1) == inner.offsets.to_source(*middle)
        else:
            low, high = composed.to_source(at, at + 1)
            assert 0 <= low == high <= len(source)
    assert len(origin) == len(outer.text)


@given(st.text("甲乙丙丁戊", min_size=1, max_size=30), st.lists(EDIT, max_size=12), st.data())
def test_pieces_are_what_of_the_source_the_span_holds(source, edits, data):
    builder, origin = build(source, [edit for edit in edits if edit[0] != "rewrite"])
    if not builder.text:
        return
    start = data.draw(st.integers(0, len(builder.text) - 1))
    end = data.draw(st.integers(start + 1, len(builder.text)))
    found = [place for low, high in builder.offsets.pieces(start, end) for place in range(low, high)]
    assert found == [place for place in origin[start:end] if place is not None]


def test_an_empty_map_is_the_identity():
    assert OffsetMap().to_source(3, 7) == (3, 7)
    assert OffsetMap().pieces(3, 7) == [(3, 7)]
    inner = OffsetMap([(0, 2, 5, 7)])
    assert OffsetMap().after(inner) is inner
    assert inner.after(OffsetMap()) is inner


@pytest.mark.parametrize("span", [(2, 2), (-1, 1), (3, 2), (0, 4)])
def test_spans_outside_the_text_are_refused(span):
    with pytest.raises(IndexError):
        OffsetMap([(0, 3, 0, 3)]).to_source(*span)


@pytest.mark.parametrize("blocks", [[(1, 2, 0, 1)], [(0, 2, 0, 2), (3, 4, 2, 3)], [(0, 0, 0, 0)], [(0, 1, 3, 2)]])
def test_blocks_that_do_not_cover_the_clean_text_are_refused(blocks):
    with pytest.raises(ValueError, match="alignment block"):
        OffsetMap(blocks)


def test_neighbouring_blocks_are_joined_only_where_they_continue_each_other():
    assert merge_blocks([(0, 2, 0, 2), (2, 3, 2, 3), (3, 4, 5, 6)]) == [(0, 3, 0, 3), (3, 4, 5, 6)]
    assert merge_blocks([(0, 1, 0, 2), (1, 2, 2, 3)]) == [(0, 1, 0, 2), (1, 2, 2, 3)]
