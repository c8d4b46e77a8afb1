"""Shapes drawn into masks with arithmetic that gives the same pixels on every machine.

Only integers and the operations that IEEE 754 rounds exactly (``+ - * /`` and the square root, one
operation at a time) are used: no sine, cosine or power of the platform's mathematics library, and
no drawing routine of an image library, since those change between versions.

Every function draws in place on an ``H×W`` bool array, sets pixels to True, and clips what lies
outside. A pixel is the point at its integer coordinates ``(y, x)``; coordinates may be fractional.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, factorial, floor, sqrt
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from inpaintbench.images.types import Mask
from inpaintbench.masks.random import RandomStream

Point: TypeAlias = tuple[float, float]
"""``(y, x)`` in pixels, y downwards."""


def fill_box(mask: Mask, top: int, left: int, height: int, width: int) -> None:
    """Fill the rows ``top <= y < top + height`` and columns ``left <= x < left + width``."""
    bottom, right = max(top + height, 0), max(left + width, 0)
    mask[max(top, 0) : bottom, max(left, 0) : right] = True


def fill_side(mask: Mask, side: str, depth: int) -> None:
    """Fill as many rows or columns at the ``top``, ``bottom``, ``left`` or ``right``."""
    lines = mask if side in ("top", "bottom") else mask.T
    lines[slice(depth) if side in ("top", "left") else slice(len(lines) - depth, None)] = True


def fill_disc(mask: Mask, y: float, x: float, radius: float) -> None:
    """Fill the pixels whose distance from ``(y, x)`` is at most `radius`."""
    rows = _rows(mask, y - radius, y + radius)
    half = _half_chord(rows - y, radius)
    _fill_rows(mask, rows, x - half, x + half, (x - radius, x + radius))


def draw_line(mask: Mask, y0: float, x0: float, y1: float, x1: float, width: float) -> None:
    """Draw a segment with round caps: the pixels within ``width / 2`` of it.

    A segment of width 1 is thin and connected (8-neighbourhood).
    """
    if y0 > y1:
        y0, x0, y1, x1 = y1, x1, y0, x0
    radius = width / 2
    down, across = y1 - y0, x1 - x0
    rows = _rows(mask, y0 - radius, y1 + radius)
    bounds = min(x0, x1) - radius, max(x0, x1) + radius
    if down <= _LEVEL:
        half = _half_chord(rows - y0, radius)
        _fill_rows(mask, rows, min(x0, x1) - half, max(x0, x1) + half, bounds)
        return
    # The shape is swept by a disc. On each row, the disc that reaches furthest to the left (right)
    # has its centre one normal of the segment above or below, or at an end of the segment.
    normal = radius * across / sqrt(down * down + across * across)
    centres = np.minimum(np.maximum(rows + np.array([[-normal], [normal]]), y0), y1)
    left, right = x0 + (centres - y0) * (across / down)
    half_left, half_right = _half_chord(rows - centres, radius)
    _fill_rows(mask, rows, left - half_left, right + half_right, bounds)


def draw_lines(
    mask: Mask, segments: NDArray[np.float64], width: float | NDArray[np.float64]
) -> None:
    """Draw many segments at once: the pixels that `draw_line` gives, many times faster.

    Worth it from about ten segments on.

    Parameters
    ----------
    mask : (H, W) array of bool
        Drawn into.
    segments : (N, 4) array of float64
        ``(y0, x0, y1, x1)`` of each.
    width : float or (N,) array of float64
        Width of all, or of each.
    """
    if len(segments) == 0:
        return
    upwards = segments[:, :1] > segments[:, 2:3]
    y0, x0, y1, x1 = np.where(upwards, segments[:, [2, 3, 0, 1]], segments).T
    radius = np.broadcast_to(np.asarray(width, np.float64) / 2, y0.shape)
    above, below = _span(y0 - radius, y1 + radius, mask.shape[0])
    before, after = _span(np.minimum(x0, x1) - radius, np.maximum(x0, x1) + radius, mask.shape[1])
    if below <= above or after <= before:
        return
    top = np.maximum(np.ceil(y0 - radius), above).astype(np.intp)
    end = np.minimum(np.floor(y1 + radius) + 1, below).astype(np.intp)
    down, across = y1 - y0, x1 - x0
    level = down <= _LEVEL
    y1 = np.where(level, y0, y1)
    normal = radius * across / np.where(level, 1.0, np.sqrt(down * down + across * across))
    slope = across / np.where(level, 1.0, down)
    start = np.where(level, (np.minimum(x0, x1), np.maximum(x0, x1)), x0)
    # From here on, one entry for each row of each segment, computed as draw_line does.
    counts = np.maximum(end - top, 0)
    each = np.repeat(np.arange(len(counts)), counts)
    rows = np.arange(each.size) - (np.cumsum(counts) - counts - top)[each]
    side = np.array([[-1.0], [1.0]])
    centres = np.minimum(np.maximum(rows + side * normal[each], y0[each]), y1[each])
    half = _half_chord(rows - centres, radius[each])
    edges = start[:, each] + (centres - y0[each]) * slope[each] + side * half
    left = np.minimum(np.maximum(np.ceil(edges[0]), before), after).astype(np.intp)
    right = np.minimum(np.maximum(np.floor(edges[1]) + 1, left), after).astype(np.intp)
    # Running sums of the starts and ends in a row say how many segments cover a pixel.
    depth = np.zeros((below - above, after - before + 1), np.int32)
    first = (rows - above) * depth.shape[1] - before
    # A number of depth's own type: with any other, NumPy adds fifty times slower.
    np.add.at(depth.reshape(-1), first + left, np.int32(1))
    np.add.at(depth.reshape(-1), first + right, np.int32(-1))
    np.cumsum(depth, axis=1, out=depth)
    mask[above:below, before:after] |= depth[:, :-1] > 0


def draw_path(
    mask: Mask, points: Sequence[Point] | NDArray[np.float64], width: float | NDArray[np.float64]
) -> None:
    """Draw the segments from each of some points to the next, as `draw_lines` does."""
    path = np.asarray(points, dtype=np.float64)
    draw_lines(mask, np.concatenate([path[:-1], path[1:]], axis=1), width)


def fill_polygon(mask: Mask, points: Sequence[Point] | NDArray[np.float64]) -> None:
    """Fill a closed polygon by the even-odd rule.

    A pixel on a left or top edge is inside, one on a right or bottom edge is outside, so polygons
    that share an edge neither overlap nor leave a gap.
    """
    y0, x0 = np.asarray(points, dtype=np.float64).T
    rows = _rows(mask, float(y0.min()), float(y0.max()))
    first, end = max(ceil(x0.min()), 0), min(floor(x0.max()) + 1, mask.shape[1])
    if rows.size == 0 or end <= first:
        return
    y1, x1 = np.roll(y0, -1), np.roll(x0, -1)
    above = y0 <= rows[:, None]
    row, edge = np.nonzero(above != np.roll(above, -1, axis=1))
    # Every edge from its upper end, so that it is rounded alike from either of its sides.
    downwards = (y0[edge], x0[edge], y1[edge], x1[edge])
    upwards = (y1[edge], x1[edge], y0[edge], x0[edge])
    y0, x0, y1, x1 = np.where(y0[edge] < y1[edge], downwards, upwards)
    crossings = np.ceil(x0 + (rows[row] - y0) * (x1 - x0) / (y1 - y0))
    column = np.minimum(np.maximum(crossings - first, 0), end - first).astype(np.intp)
    # The parity of the crossings up to a pixel says whether it is inside.
    columns = end - first + 1
    counts = np.bincount(row * columns + column, minlength=rows.size * columns).astype(np.uint8)
    parity = np.bitwise_xor.accumulate(counts.reshape(rows.size, columns)[:, :-1], axis=1) & 1
    top = int(rows[0])
    mask[top : top + rows.size, first:end] |= parity.view(np.bool_)


def direction(turns: float) -> Point:
    """Return the unit vector ``(dy, dx)`` at an angle, the same on every machine.

    Parameters
    ----------
    turns : float
        Angle in whole turns: 0 points along +x, 0.25 along +y (downwards).

    Returns
    -------
    tuple of float
        Sine and cosine, within 2e-16 of the true values: a power series on an eighth of a turn.
    """
    quarters = turns * 4
    nearest = floor(quarters + 0.5)
    angle = (quarters - nearest) * _HALF_PI
    square = angle * angle
    sine, cosine = angle * _series(_SINE, square), _series(_COSINE, square)
    return ((sine, cosine), (cosine, -sine), (-sine, -cosine), (-cosine, sine))[nearest % 4]


def step(start: Point, turns: float, length: float) -> Point:
    """Return the point at a distance from another, at an angle as in `direction`."""
    down, across = direction(turns)
    return start[0] + length * down, start[1] + length * across


def smooth_noise(random: RandomStream, height: int, width: int, radius: int) -> NDArray[np.uint32]:
    """Draw stationary smooth noise: random bytes, box-blurred three times along each axis.

    Parameters
    ----------
    random : RandomStream
        Source of the bytes.
    height, width : int
        Size in pixels.
    radius : int
        Radius of the box in pixels, 0–127; features are about twice as wide.

    Returns
    -------
    (height, width) array of uint32
        Scaled sums of bytes: only their order means anything.
    """
    margin = 3 * radius
    shape = (height + 2 * margin, width + 2 * margin)
    size = shape[0] * shape[1]
    # Bytes in the order of significance, whatever the machine's own byte order.
    octets = random.words((size + 7) // 8).astype("<u8").view(np.uint8)
    noise = _blur_rows(octets[:size].reshape(shape).astype(np.uint32), radius)
    # Drop the lowest bits where the next sums would not fit into 32.
    noise -= noise.min()
    room = 32 - ((2 * radius + 1) ** 3).bit_length()
    noise >>= np.uint32(max(int(noise.max()).bit_length() - room, 0))
    # Columns are summed as the rows of the transpose: along contiguous memory, many times faster.
    return np.ascontiguousarray(_blur_rows(np.ascontiguousarray(noise.T), radius).T)


_LEVEL = 1e-9  # a drop in pixels below which a segment is level: its slope would overflow
_HALF_PI = 1.5707963267948966
_SINE = [(-1) ** n / factorial(2 * n + 1) for n in range(9)]
_COSINE = [(-1) ** n / factorial(2 * n) for n in range(9)]


def _series(coefficients: Sequence[float], x: float) -> float:
    value = 0.0
    for coefficient in reversed(coefficients):
        value = value * x + coefficient
    return value


def _blur_rows(values: NDArray[np.uint32], radius: int) -> NDArray[np.uint32]:
    """Sum windows of ``2 radius + 1`` pixels along each row three times, without cut windows.

    Overwrites `values`; running sums may wrap around, their differences are exact all the same.
    """
    side = 2 * radius + 1
    sums = np.empty_like(values)
    for _ in range(3):
        width = values.shape[1]
        running = np.cumsum(values, axis=1, dtype=np.uint32, out=sums[:, :width])
        values = values[:, : width - side + 1]
        values[:, 0] = running[:, side - 1]
        np.subtract(running[:, side:], running[:, :-side], out=values[:, 1:])
    return values


def _span(low: NDArray[np.float64], high: NDArray[np.float64], size: int) -> tuple[int, int]:
    """Return the first pixel between all lows and highs and the one past the last, clipped."""
    return max(ceil(low.min()), 0), min(floor(high.max()) + 1, size)


def _rows(mask: Mask, top: float, bottom: float) -> NDArray[np.float64]:
    """Return the rows of the mask between two heights, both included."""
    return np.arange(max(ceil(top), 0), min(floor(bottom), mask.shape[0] - 1) + 1, dtype=np.float64)


def _half_chord(
    offset: NDArray[np.float64], radius: float | NDArray[np.float64]
) -> NDArray[np.float64]:
    """Half the width of a disc at a distance from its centre; 0 where it doesn't reach."""
    return np.sqrt(np.maximum(radius * radius - offset * offset, 0.0))


def _fill_rows(
    mask: Mask,
    rows: NDArray[np.float64],
    left: NDArray[np.float64],
    right: NDArray[np.float64],
    bounds: tuple[float, float],
) -> None:
    """Fill each row between two columns, both included, all of them within `bounds`."""
    first, end = max(ceil(bounds[0]), 0), min(floor(bounds[1]) + 1, mask.shape[1])
    if rows.size == 0 or end <= first:
        return
    columns = np.arange(first, end, dtype=np.float64)
    inside = columns >= left[:, None]
    inside &= columns <= right[:, None]
    top = int(rows[0])
    mask[top : top + rows.size, first:end] |= inside
