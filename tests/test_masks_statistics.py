"""Coverage, thickness and border contact, and the bins that results are grouped by."""

from __future__ import annotations

from itertools import pairwise
from math import inf

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.ndimage import distance_transform_edt

from inpaintbench.images.types import Mask
from inpaintbench.masks.drawing import fill_box, fill_disc
from inpaintbench.masks.statistics import (
    COVERAGE_EDGES,
    THICKNESS_EDGES,
    bin_labels,
    coverage_bin,
    mask_statistics,
    thickness_bin,
)


@settings(deadline=None)
@given(arrays.arrays(np.bool_, st.tuples(st.integers(1, 40), st.integers(1, 40))))
def test_thickness_is_the_largest_distance_to_a_known_pixel(mask: Mask) -> None:
    measured = mask_statistics(mask)
    assert measured.coverage == mask.sum() / mask.size
    if mask.all():
        assert measured.thickness == inf
    else:
        assert measured.thickness == pytest.approx(distance_transform_edt(mask).max(), abs=1e-12)


@pytest.mark.parametrize("shape", [(256, 256), (300, 1900)])
def test_thickness_of_large_holes_is_exact(shape: tuple[int, int]) -> None:
    mask = np.ones(shape, np.bool_)
    mask[0, 0] = mask[shape[0] // 2, shape[1] // 3] = False
    assert mask_statistics(mask).thickness == distance_transform_edt(mask).max()


def test_what_lies_outside_the_image_is_not_known() -> None:
    mask = np.zeros((64, 64), np.bool_)
    fill_box(mask, 0, 0, 64, 32)
    assert mask_statistics(mask).thickness == 32, "half the image: as far as its known half"
    fill_disc(mask, 32, 48, 3)
    assert mask_statistics(mask).thickness == 32


def test_a_single_pixel_is_one_thick_and_no_hole_is_nothing() -> None:
    mask = np.zeros((9, 9), np.bool_)
    assert mask_statistics(mask).thickness == 0
    mask[4, 4] = True
    assert mask_statistics(mask).thickness == 1


@pytest.mark.parametrize("place", [(0, 3), (8, 3), (3, 0), (3, 8), (0, 0)])
def test_border_contact(place: tuple[int, int]) -> None:
    mask = np.zeros((9, 9), np.bool_)
    fill_box(mask, 1, 1, 7, 7)
    assert not mask_statistics(mask).border_contact
    mask[place] = True
    assert mask_statistics(mask).border_contact


@pytest.mark.parametrize(
    ("coverage", "label"),
    [
        (0.1, "(0.01, 0.1]"),
        (0.1 + 1e-9, "(0.1, 0.2]"),
        (0.01, "(0, 0.01]"),
        (0.6, "(0.5, 0.6]"),
        (1.0, "(0.6, 1]"),
        (1000 / 10_000, "(0.01, 0.1]"),
    ],
)
def test_a_bin_holds_its_right_end_and_not_its_left(coverage: float, label: str) -> None:
    assert coverage_bin(coverage) == label


def test_thickness_bins() -> None:
    assert [thickness_bin(t) for t in (1.0, 1.5, 2.0, 64.0, 65.0)] == [
        "(0, 1]",
        "(1, 2]",
        "(1, 2]",
        "(32, 64]",
        "(64, inf]",
    ]


def test_a_column_is_binned_in_order() -> None:
    column = pd.Series([0.55, 0.005, 0.1, 0.2])
    bins = coverage_bin(column)
    assert list(bins) == [coverage_bin(value) for value in column]
    assert list(bins.categories) == bin_labels(COVERAGE_EDGES)
    assert bins.ordered
    frame = pd.DataFrame({"bin": bins, "score": [1.0, 2.0, 3.0, 4.0]})
    assert list(frame.groupby("bin", observed=True)["score"].mean()) == [2.0, 3.0, 4.0, 1.0]


@given(st.floats(0, 1, exclude_min=True))
def test_every_coverage_has_exactly_one_bin(coverage: float) -> None:
    low, high = (float(end) for end in coverage_bin(coverage).strip("(]").split(","))
    assert low < coverage <= high
    assert (low, high) in set(pairwise(COVERAGE_EDGES))


@pytest.mark.parametrize("value", [0.0, -0.1, 1.5, float("nan")])
def test_what_is_no_coverage_has_no_bin(value: float) -> None:
    with pytest.raises(ValueError, match="has no bin"):
        coverage_bin(value)
    with pytest.raises(ValueError, match="has no bin"):
        coverage_bin(np.array([0.5, value]))


def test_thickness_bins_double() -> None:
    assert all(high == 2 * low for low, high in pairwise(THICKNESS_EDGES[1:-1]))
