"""Windows: nothing truncated, cuts at clause ends, stitching faithful."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fazhi.windows import plan_windows, stitch

texts = st.text(st.sampled_from("新增立法3项，。；\n"), max_size=400)


def tokens_of(text):
    """One token a character, blanks without."""
    return np.array([(at, at + 1) for at, char in enumerate(text) if not char.isspace() or char == "\n"], np.int64).reshape(
        -1, 2
    )


@settings(deadline=None)
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
    assert all(a[0] <= b[0] and a[1] <= b[1] for a, b in itertools.pairwise(windows))
    assert all(
        a[1] - b[0] == 2 * (overlap // 2) for a, b in itertools.pairwise(windows) if min(a[1] - a[0], b[1] - b[0]) > overlap
    )
    if len(offsets) <= size:
        assert windows == ([(0, len(offsets))] if len(offsets) else [])


@settings(deadline=None)
@given(texts, st.integers(1, 60))
def test_a_piece_ends_with_a_clause_unless_one_is_longer_than_a_window(text, size):
    offsets = tokens_of(text)
    ends = {at + 1 for at, (start, _) in enumerate(offsets.tolist()) if text[start] in "，。；\n"}
    for start, end in plan_windows(text, offsets, size, 0)[:-1]:
        assert end in ends or not ends & set(range(start + 1, start + size + 1))


def test_a_sentence_is_cut_before_a_clause_is():
    sentence, long = "新增立法三项。", "新增立法，" * 8
    ends = [end for _, end in plan_windows(sentence * 6 + long, tokens_of(sentence * 6 + long), 30, 0)]
    assert ends == [28, 42, 62, 82]
    quoted = "新增（" + "立。" * 10 + "）三项，" + sentence * 3
    assert [end for _, end in plan_windows(quoted, tokens_of(quoted), 30, 0)] == [27, 48]


def test_pieces_are_about_equal():
    text = "新增立法三项。" * 60
    assert [end - start for start, end in plan_windows(text, tokens_of(text), 254, 0)] == [210, 210]
    assert plan_windows(text, tokens_of(text), 254, 16) == [(0, 218), (202, 420)]


@settings(deadline=None)
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
