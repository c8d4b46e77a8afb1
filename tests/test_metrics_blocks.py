"""The blocks of windows that SSIM is computed on cover just what a change can reach."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter

from inpaintbench.metrics.kernels.structural import COLUMNS, ROWS, divide

# Compiling takes seconds; everything after is fast.
exactly = settings(deadline=None, max_examples=100)


def cover(changed: NDArray[np.bool_], size: int) -> NDArray[np.int64]:
    """Count how many blocks hold each window."""
    counts = np.zeros(np.subtract(changed.shape, size - 1), np.int64)
    for top, bottom, left, right in divide(changed, size):
        assert 0 < bottom - top <= ROWS
        assert 0 < right - left <= COLUMNS
        counts[top:bottom, left:right] += 1
    return counts


def seeing(changed: NDArray[np.bool_], size: int) -> NDArray[np.bool_]:
    """Mark the windows that see a change, numbered by their first pixel."""
    margin = size // 2
    seen: NDArray[np.bool_] = maximum_filter(changed, size)
    return seen[margin:-margin, margin:-margin]


@given(
    st.integers(11, 200),
    st.integers(11, 200),
    st.sampled_from([7, 11]),
    st.sampled_from([0.0, 0.0003, 0.002, 0.02, 1.0]),
    st.integers(0, 2**32 - 1),
)
@exactly
def test_every_window_that_sees_a_change_is_in_one_block(
    height: int, width: int, size: int, density: float, seed: int
) -> None:
    changed = np.random.default_rng(seed).random((height, width)) < density
    counts = cover(changed, size)
    assert counts.max() <= 1
    assert (counts == 1)[seeing(changed, size)].all()


def test_parts_that_no_window_sees_together_are_blocks_of_their_own() -> None:
    changed = np.zeros((100, 120), bool)
    changed[0, 0] = True  # a corner: seen by one window
    changed[30:33, 40:45] = True
    changed[30:33, 60:62] = True  # to the right of it, out of sight
    changed[60:70, 40:42] = True  # below it
    blocks = sorted(divide(changed, 11).tolist())
    assert blocks == [[0, 1, 0, 1], [20, 33, 30, 45], [20, 33, 50, 62], [50, 70, 30, 42]]


@pytest.mark.parametrize("shape", [(11, 11), (300, 500)])
def test_a_whole_image_is_cut_into_even_blocks(shape: tuple[int, int]) -> None:
    changed = np.ones(shape, bool)
    assert (cover(changed, 11) == 1).all()
    heights = {bottom - top for top, bottom, *_ in divide(changed, 11).tolist()}
    assert max(heights) - min(heights) <= 1


def test_nothing_changed_is_no_block() -> None:
    assert divide(np.zeros((50, 60), bool), 11).shape == (0, 4)
