"""Windows: nothing truncated, stitching faithful."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fazhi.windows import spans_of_windows, stitch


@given(st.integers(0, 500), st.integers(1, 60), st.integers(0, 59))
def test_windows_cover_everything(tokens, size, overlap):
    if overlap >= size:
        with pytest.raises(ValueError, match="overlap"):
            spans_of_windows(tokens, size, overlap)
        return
    windows = spans_of_windows(tokens, size, overlap)
    assert {i for start, end in windows for i in range(start, end)} == set(range(tokens))
    assert all(end - start == min(size, tokens) for start, end in windows)
    assert all(a[1] - b[0] >= overlap for a, b in itertools.pairwise(windows))


@given(st.integers(1, 200), st.integers(2, 50), st.integers(0, 49))
def test_stitching_equals_one_window(tokens, size, overlap):
    whole = np.random.default_rng(tokens).normal(size=(tokens, 3)).astype(np.float32)
    windows = spans_of_windows(tokens, size, min(overlap, size - 1))
    stitched = stitch(windows, [whole[a:b] for a, b in windows], tokens)
    np.testing.assert_allclose(stitched, whole, rtol=1e-5, atol=1e-6)


def test_the_middle_of_a_window_counts_more_than_its_end():
    stitched = stitch([(0, 3), (1, 4)], [np.zeros((3, 1), np.float32), np.ones((3, 1), np.float32)], 4)
    assert stitched[:, 0].tolist() == pytest.approx([0, 1 / 3, 2 / 3, 1])


def test_no_tokens():
    assert spans_of_windows(0, 10, 2) == []
    assert stitch([], [], 0).shape == (0, 0)
