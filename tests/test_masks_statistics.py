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
    mask_statistics,
)
from inpaintbench.statistics.strata import Measure, strata


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


def bins_of(measure: Measure, *sizes: float) -> list[str]:
    """Name the bins that hold cases with such holes, from the smallest holes to the largest."""
    return [stratum.bin for stratum in strata(pd.DataFrame({measure: sizes}), measure)]


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
    assert bins_of("coverage", coverage) == [label]


def test_thickness_bins() -> None:
    assert [bins_of("thickness", size)[0] for size in (1.0, 1.5, 2.0, 64.0, 65.0, inf)] == [
        "(0, 1]",
        "(1, 2]",
        "(1, 2]",
        "(32, 64]",
        "(64, inf]",
        "(64, inf]",
    ]


def test_bins_come_in_order_and_know_their_cases() -> None:
    cases = pd.DataFrame({"coverage": [0.55, 0.005, 0.1, 0.2, 0.11]}, index=list("abcde"))
    found = strata(cases, "coverage")
    assert [list(stratum.of(cases)) for stratum in found] == [["b"], ["c"], ["d", "e"], ["a"]]
    labels = bin_labels(COVERAGE_EDGES)
    assert [stratum.bin for stratum in found] == [labels[0], labels[1], labels[2], labels[6]]


@given(st.floats(0, 1, exclude_min=True))
def test_every_coverage_has_exactly_one_bin(coverage: float) -> None:
    (name,) = bins_of("coverage", coverage)
    low, high = (float(end) for end in name.strip("(]").split(","))
    assert low < coverage <= high
    assert (low, high) in set(pairwise(COVERAGE_EDGES))


@pytest.mark.parametrize("value", [0.0, -0.1, 1.5, float("nan")])
def test_what_is_no_coverage_has_no_bin(value: float) -> None:
    assert bins_of("coverage", value, 0.5) == ["(0.4, 0.5]"]


def test_thickness_bins_double() -> None:
    assert all(high == 2 * low for low, high in pairwise(THICKNESS_EDGES[1:-1]))
