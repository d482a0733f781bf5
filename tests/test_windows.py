"""Windows: nothing truncated, cuts at sentence ends, stitching faithful."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fazhi.windows import SHORTEST, plan_windows, stitch

texts = st.text(st.sampled_from("新增立法3项，。；\n"), max_size=400)


def tokens_of(text):
    """One token a character, blanks without."""
    return np.array([(at, at + 1) for at, char in enumerate(text) if not char.isspace() or char == "\n"], np.int64).reshape(
        -1, 2
    )


@given(texts, st.integers(1, 60), st.integers(0, 59))
def test_windows_cover_everything(text, size, overlap):
    offsets = tokens_of(text)
    if overlap >= size:
        with pytest.raises(ValueError, match="overlap"):
            plan_windows(text, offsets, size, overlap)
        return
    windows = plan_windows(text, offsets, size, overlap)
    assert {i for start, end in windows for i in range(start, end)} == set(range(len(offsets)))
    assert all(end - start <= size for start, end in windows)
    assert all(a[0] < b[0] and a[1] < b[1] for a, b in itertools.pairwise(windows))
    assert all(
        a[1] - b[0] == 2 * (overlap // 2) for a, b in itertools.pairwise(windows) if min(a[1] - a[0], b[1] - b[0]) > overlap
    )
    if len(offsets) <= size:
        assert windows == ([(0, len(offsets))] if len(offsets) else [])


@given(texts, st.integers(1, 60))
def test_a_sentence_is_cut_only_where_it_is_longer_than_a_piece(text, size):
    offsets = tokens_of(text)
    ends = {at + 1 for at, (start, _) in enumerate(offsets.tolist()) if text[start] in "。；\n"} | {0}
    windows = plan_windows(text, offsets, size, 0)
    for start, end in windows[:-1]:
        inside = [at for at in ends if start + size // SHORTEST < at <= start + size]
        assert end in inside if inside else end - start == size


def test_pieces_are_about_equal():
    text = "新增立法三项。" * 60
    assert [end - start for start, end in plan_windows(text, tokens_of(text), 254, 0)] == [210, 210]
    assert plan_windows(text, tokens_of(text), 254, 32) == [(0, 226), (194, 420)]


@given(texts, st.integers(2, 50), st.integers(0, 49))
def test_stitching_equals_one_window(text, size, overlap):
    offsets = tokens_of(text)
    whole = np.random.default_rng(len(text)).normal(size=(len(offsets), 3)).astype(np.float32)
    windows = plan_windows(text, offsets, size, min(overlap, size - 1))
    stitched = stitch(windows, [whole[a:b] for a, b in windows], len(offsets))
    np.testing.assert_allclose(stitched, whole if len(offsets) else np.zeros((0, 0)), rtol=1e-5, atol=1e-6)


def test_the_middle_of_a_window_counts_more_than_its_end():
    stitched = stitch([(0, 3), (1, 4)], [np.zeros((3, 1), np.float32), np.ones((3, 1), np.float32)], 4)
    assert stitched[:, 0].tolist() == pytest.approx([0, 1 / 3, 2 / 3, 1])


def test_no_tokens():
    assert plan_windows("", np.zeros((0, 2), np.int64), 10, 2) == []
    assert stitch([], [], 0).shape == (0, 0)
