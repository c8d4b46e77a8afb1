"""Shapes are what their definitions say, to the pixel, anywhere."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from inpaintbench.images.types import Mask
from inpaintbench.masks.drawing import (
    direction,
    draw_line,
    draw_lines,
    fill_box,
    fill_disc,
    fill_polygon,
    smooth_noise,
)
from inpaintbench.masks.random import RandomStream

sides = st.integers(1, 70)
coordinates = st.one_of(st.integers(-30, 90).map(float), st.floats(-30, 90, width=32))
widths = st.one_of(st.integers(1, 25).map(float), st.floats(1, 25, width=32))
segments = st.tuples(coordinates, coordinates, coordinates, coordinates)


def empty(height: int, width: int) -> Mask:
    return np.zeros((height, width), np.bool_)


def distance_to_segment(
    shape: tuple[int, ...], y0: float, x0: float, y1: float, x1: float
) -> NDArray[np.float64]:
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float64)
    down, across = y1 - y0, x1 - x0
    square = down * down + across * across
    along = ((y - y0) * down + (x - x0) * across) / square if square > 0 else np.zeros_like(y)
    along = np.clip(along, 0, 1)
    return np.hypot(y - y0 - along * down, x - x0 - along * across)


def agree_but_on_the_edge(mask: Mask, distance: NDArray[np.float64], radius: float) -> bool:
    """Compare with the definition, except where rounding decides."""
    decided = np.abs(distance - radius) > 1e-6
    return bool(np.array_equal(mask[decided], (distance <= radius)[decided]))


@settings(deadline=None)
@given(sides, sides, segments, widths)
def test_a_line_is_the_pixels_within_half_its_width(
    height: int, width: int, ends: tuple[float, float, float, float], thickness: float
) -> None:
    mask = empty(height, width)
    draw_line(mask, *ends, thickness)
    assert agree_but_on_the_edge(mask, distance_to_segment(mask.shape, *ends), thickness / 2)


@settings(deadline=None)
@given(sides, sides, coordinates, coordinates, widths)
def test_a_disc_is_the_pixels_within_its_radius(
    height: int, width: int, y: float, x: float, radius: float
) -> None:
    mask = empty(height, width)
    fill_disc(mask, y, x, radius)
    assert agree_but_on_the_edge(mask, distance_to_segment(mask.shape, y, x, y, x), radius)


def test_pixels_exactly_on_the_edge_of_a_disc_belong_to_it() -> None:
    mask = empty(21, 21)
    fill_disc(mask, 10, 10, 5)
    on_the_edge = [(5, 0), (0, 5), (3, 4), (4, 3), (-3, -4), (-5, 0)]
    assert all(mask[10 + y, 10 + x] for y, x in on_the_edge)
    assert mask.sum() == 81  # lattice points within 5 of the origin (OEIS A000328)


@settings(deadline=None)
@given(
    sides,
    sides,
    st.lists(st.tuples(segments, widths), max_size=12),
)
def test_many_lines_at_once_are_the_lines_one_by_one(
    height: int, width: int, lines: list[tuple[tuple[float, float, float, float], float]]
) -> None:
    one_by_one, at_once = empty(height, width), empty(height, width)
    for ends, thickness in lines:
        draw_line(one_by_one, *ends, thickness)
    draw_lines(
        at_once,
        np.array([ends for ends, _ in lines], np.float64).reshape(-1, 4),
        np.array([thickness for _, thickness in lines], np.float64),
    )
    assert np.array_equal(one_by_one, at_once)


@settings(deadline=None)
@given(segments, widths, st.integers(-9, 9), st.integers(-9, 9))
def test_a_line_moves_with_its_ends(
    ends: tuple[float, float, float, float], thickness: float, down: int, across: int
) -> None:
    ends = tuple(float(round(end)) for end in ends)  # type: ignore[assignment]
    here, there = empty(150, 150), empty(150, 150)
    draw_line(here, *(end + 40 for end in ends), thickness)
    y0, x0, y1, x1 = (end + 40 for end in ends)
    draw_line(there, y0 + down, x0 + across, y1 + down, x1 + across, thickness)
    moved = there[20 + down : 130 + down, 20 + across : 130 + across]
    distance = distance_to_segment(here.shape, y0, x0, y1, x1)[20:-20, 20:-20]
    decided = np.abs(distance - thickness / 2) > 1e-6  # elsewhere rounding decides
    assert np.array_equal(here[20:-20, 20:-20][decided], moved[decided])


@settings(deadline=None)
@given(segments)
def test_a_line_one_pixel_wide_is_connected(ends: tuple[float, float, float, float]) -> None:
    from scipy.ndimage import label

    mask = empty(130, 130)
    y0, x0, y1, x1 = (round(end) + 35 for end in ends)
    draw_line(mask, y0, x0, y1, x1, 1)
    assert label(mask, np.ones((3, 3)))[1] == 1
    assert mask[y0, x0]
    assert mask[y1, x1]


@settings(deadline=None)
@given(st.integers(-30, 90), st.integers(-30, 90), st.integers(0, 60), st.integers(0, 60))
def test_a_box_is_cut_at_the_border(top: int, left: int, height: int, width: int) -> None:
    mask = empty(50, 60)
    fill_box(mask, top, left, height, width)
    y, x = np.mgrid[:50, :60]
    inside = (y >= top) & (y < top + height) & (x >= left) & (x < left + width)
    assert np.array_equal(mask, inside)


@settings(deadline=None)
@given(sides, sides, st.lists(st.tuples(coordinates, coordinates), min_size=3, max_size=12))
def test_a_polygon_is_filled_by_the_even_odd_rule(
    height: int, width: int, points: list[tuple[float, float]]
) -> None:
    mask = empty(height, width)
    fill_polygon(mask, points)
    y, x = np.mgrid[:height, :width].astype(np.float64)
    inside, near = empty(height, width), empty(height, width)
    for (y0, x0), (y1, x1) in zip(points, [*points[1:], points[0]], strict=True):
        crosses = (y0 <= y) != (y1 <= y)
        with np.errstate(divide="ignore", invalid="ignore"):
            at = x0 + (y - y0) * ((x1 - x0) / np.float64(y1 - y0))
        inside ^= crosses & (at <= x)
        near |= crosses & (np.abs(at - x) < 1e-6)
    assert np.array_equal(mask[~near], inside[~near])


@settings(deadline=None)
@given(sides, sides, st.lists(st.tuples(coordinates, coordinates), min_size=4, max_size=4))
def test_triangles_on_either_side_of_an_edge_do_not_overlap(
    height: int, width: int, points: list[tuple[float, float]]
) -> None:
    a, b, c, d = points

    def side(point: tuple[float, float]) -> float:
        return (b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0])

    assume(side(c) * side(d) < 0)
    left, right = empty(height, width), empty(height, width)
    fill_polygon(left, [a, b, c])
    fill_polygon(right, [d, b, a])
    assert not (left & right).any()


def test_polygons_that_share_an_edge_meet_without_gap_or_overlap() -> None:
    left, right = empty(30, 30), empty(30, 30)
    fill_polygon(left, [(2, 3), (2, 14), (25, 17), (25, 3)])
    fill_polygon(right, [(2, 14), (2, 28), (25, 28), (25, 17)])
    whole = empty(30, 30)
    fill_box(whole, 2, 3, 23, 25)
    assert not (left & right).any()
    assert np.array_equal(left | right, whole)


@settings(deadline=None)
@given(st.floats(-3, 3))
def test_direction_is_sine_and_cosine(turns: float) -> None:
    down, across = direction(turns)
    angle = 2 * math.pi * (turns - round(turns))
    assert math.isclose(down, math.sin(angle), abs_tol=4e-16)
    assert math.isclose(across, math.cos(angle), abs_tol=4e-16)


# Computed with this code on x86-64, CPython 3.11; the same bits are wanted everywhere.
@pytest.mark.parametrize(
    ("turns", "sine", "cosine"),
    [
        (0.0, "0x0.0p+0", "0x1.0000000000000p+0"),
        (0.1, "0x1.2cf2304755a5ep-1", "0x1.9e3779b97f4a8p-1"),
        (1 / 3, "0x1.bb67ae8584cabp-1", "-0x1.ffffffffffffdp-2"),
        (-0.77, "0x1.fbf675480d902p-1", "0x1.00aeb5da15be4p-3"),
    ],
)
def test_direction_is_the_same_everywhere(turns: float, sine: str, cosine: str) -> None:
    assert tuple(part.hex() for part in direction(turns)) == (sine, cosine)


@pytest.mark.parametrize("radius", [0, 1, 3, 12, 40])
def test_smooth_noise_is_blurred_noise(radius: int) -> None:
    from scipy.ndimage import uniform_filter

    height, width, margin = 31, 45, 3 * radius
    noise = smooth_noise(RandomStream("noise"), height, width, radius)
    assert noise.shape == (height, width)
    shape = (height + 2 * margin, width + 2 * margin)
    words = RandomStream("noise").words((shape[0] * shape[1] + 7) // 8).astype("<u8")
    blurred = words.view(np.uint8)[: shape[0] * shape[1]].reshape(shape).astype(np.float64)
    for _ in range(3):
        blurred = uniform_filter(blurred, 2 * radius + 1)
    blurred = blurred[margin : margin + height, margin : margin + width]
    assert np.corrcoef(noise.ravel(), blurred.ravel())[0, 1] > 0.99999


def test_random_numbers_are_the_same_everywhere() -> None:
    random = RandomStream("golden", 1)
    drawn = (
        random.integer(0, 1000),
        random.uniform(-1, 1).hex(),
        random.normal(5, 2).hex(),
        random.choice("abcdef"),
        random.chance(0.5),
        [int(word) for word in random.words(2)],
    )
    # Computed with this code on x86-64, NumPy 2.4.
    words = [15687001781902534845, 10368055169586184004]
    assert drawn == (811, "0x1.0ee833598e5ccp-1", "0x1.1faeab772cc32p+2", "f", False, words)


def test_normal_deviates_are_normal() -> None:
    from scipy.stats import kstest

    random = RandomStream("normal")
    drawn = [random.normal(3, 2) for _ in range(5000)]
    assert kstest(drawn, "norm", args=(3, 2)).pvalue > 0.01


def test_uniforms_at_once_are_those_one_by_one() -> None:
    at_once, one_by_one = RandomStream("uniform"), RandomStream("uniform")
    assert list(at_once.uniforms(9)) == [one_by_one.uniform() for _ in range(9)]
