"""The fill front of exemplar-based inpainting (Criminisi, Pérez and Toyama 2004), compiled."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

MISSING = -1
"""Origin of a pixel that is yet to be filled."""

LIGHTNESS_RANGE = 100.0

_REACH = 2
_GAUSSIAN = np.exp(
    -(np.arange(-_REACH, _REACH + 1)[:, None] ** 2 + np.arange(-_REACH, _REACH + 1) ** 2) / 2
)


class Front(NamedTuple):
    """What is known about every pixel (H×W arrays)."""

    origin: NDArray[np.int64]
    """Flat index of the known pixel that is shown here, or `MISSING`."""
    lightness: NDArray[np.float64]
    gradient: NDArray[np.float64]
    """(H, W, 3): derivatives of the lightness down and across, and their squared length."""
    confidence: NDArray[np.float64]
    """C: of a pixel on the front, what it would get if it were filled now."""
    priority: NDArray[np.float64]
    """P on the front, -1 elsewhere."""
    row_best: NDArray[np.int64]
    """(H,): column of the pixel to fill first in each row."""


@njit(cache=True)
def _measure_gradient(front: Front, top: int, left: int, bottom: int, right: int) -> None:
    """Take central differences where all four neighbours are shown."""
    origin, lightness = front.origin, front.lightness
    height, width = origin.shape
    for y in range(max(top, 0), min(bottom, height)):
        for x in range(max(left, 0), min(right, width)):
            up, down = max(y - 1, 0), min(y + 1, height - 1)
            before, after = max(x - 1, 0), min(x + 1, width - 1)
            lowest = min(origin[up, x], origin[down, x], origin[y, before], origin[y, after])
            if min(origin[y, x], lowest) == MISSING:
                continue
            vertical = (lightness[down, x] - lightness[up, x]) / 2
            horizontal = (lightness[y, after] - lightness[y, before]) / 2
            front.gradient[y, x, 0] = vertical
            front.gradient[y, x, 1] = horizontal
            front.gradient[y, x, 2] = vertical * vertical + horizontal * horizontal


@njit(cache=True)
def _is_front(origin: NDArray[np.int64], y: int, x: int) -> Any:
    height, width = origin.shape
    return origin[y, x] == MISSING and (
        (y > 0 and origin[y - 1, x] != MISSING)
        or (x > 0 and origin[y, x - 1] != MISSING)
        or (y + 1 < height and origin[y + 1, x] != MISSING)
        or (x + 1 < width and origin[y, x + 1] != MISSING)
    )


@njit(cache=True)
def _normal(origin: NDArray[np.int64], y: int, x: int) -> Any:
    """Return the unit normal of the smoothed front, or zero where the hole is symmetric."""
    height, width = origin.shape
    down = 0.0
    across = 0.0
    for i in range(-_REACH, _REACH + 1):
        for j in range(-_REACH, _REACH + 1):
            v, u = min(max(y + i, 0), height - 1), min(max(x + j, 0), width - 1)
            if origin[v, u] == MISSING:
                down += i * _GAUSSIAN[i + _REACH, j + _REACH]
                across += j * _GAUSSIAN[i + _REACH, j + _REACH]
    length = np.sqrt(down * down + across * across)
    if length < 1e-9:
        return 0.0, 0.0
    return down / length, across / length


@njit(cache=True)
def _prioritise(front: Front, half: int, y: int, x: int) -> None:
    """Set the confidence and the priority of a pixel of the front."""
    height, width = front.origin.shape
    total = 0.0
    area = 0
    steepest = 0.0
    down = 0.0
    across = 0.0
    for i in range(max(y - half, 0), min(y + half + 1, height)):
        for j in range(max(x - half, 0), min(x + half + 1, width)):
            area += 1
            if front.origin[i, j] == MISSING:
                continue
            total += front.confidence[i, j]
            if front.gradient[i, j, 2] > steepest:
                steepest = front.gradient[i, j, 2]
                down = front.gradient[i, j, 0]
                across = front.gradient[i, j, 1]
    normal_down, normal_across = _normal(front.origin, y, x)
    # The isophote is the gradient turned by 90°.
    data = abs(across * normal_down - down * normal_across) / LIGHTNESS_RANGE
    front.confidence[y, x] = total / area
    front.priority[y, x] = data * total / area


@njit(cache=True)
def _precedes(front: Front, y: int, x: int, other_y: int, other_x: int) -> Any:
    """Whether a pixel is filled before another: by priority, then by confidence."""
    priority, other = front.priority[y, x], front.priority[other_y, other_x]
    if priority != other or priority < 0:
        return priority > other
    return front.confidence[y, x] > front.confidence[other_y, other_x]


@njit(cache=True)
def _update(front: Front, half: int, top: int, left: int, bottom: int, right: int) -> None:
    height, width = front.origin.shape
    for y in range(max(top, 0), min(bottom, height)):
        for x in range(max(left, 0), min(right, width)):
            if _is_front(front.origin, y, x):
                _prioritise(front, half, y, x)
            else:
                front.priority[y, x] = -1
        best = 0
        for x in range(1, width):
            if _precedes(front, y, x, y, best):
                best = x
        front.row_best[y] = best


@njit(cache=True)
def _first_in_line(front: Front) -> Any:
    """Return the pixel to fill next, equals in raster order, or (-1, -1) when all is filled."""
    y = 0
    for row in range(1, len(front.row_best)):
        if _precedes(front, row, front.row_best[row], y, front.row_best[y]):
            y = row
    x = front.row_best[y]
    if front.priority[y, x] < 0:
        return -1, -1
    return y, x


@njit(cache=True)
def complete_patch(front: Front, half: int, y: int, x: int, down: int, across: int) -> Any:
    """Complete a patch by pixels from elsewhere in the image, and move the front.

    Parameters
    ----------
    front : Front
        Changed in place.
    half : int
        Half the side of a patch, rounded down.
    y, x : int
        Centre of the patch, on the front.
    down, across : int
        From where the missing pixels are to where they are copied from.

    Returns
    -------
    tuple of int
        The centre of the next patch, or (-1, -1) when nothing is missing any more.
    """
    height, width = front.origin.shape
    confidence = front.confidence[y, x]
    for i in range(max(y - half, 0), min(y + half + 1, height)):
        for j in range(max(x - half, 0), min(x + half + 1, width)):
            if front.origin[i, j] == MISSING:
                front.origin[i, j] = (i + down) * width + j + across
                front.lightness[i, j] = front.lightness[i + down, j + across]
                front.confidence[i, j] = confidence
    # Gradients change up to one pixel around the patch; patches that see them, half a patch more.
    reach = half + 1
    _measure_gradient(front, y - reach, x - reach, y + reach + 1, x + reach + 1)
    reach = max(2 * half + 1, half + _REACH)
    _update(front, half, y - reach, x - reach, y + reach + 1, x + reach + 1)
    return _first_in_line(front)


def start(
    lightness: NDArray[np.float64], hole: NDArray[np.bool_], half: int
) -> tuple[Front, tuple[int, int]]:
    """Find the fill front of a hole, and the centre of the patch to complete first.

    Parameters
    ----------
    lightness : (H, W) array of float64
        What isophotes are measured in, 0 to `LIGHTNESS_RANGE`.
    hole : (H, W) array of bool
        With at least one hole pixel and one known.
    half : int
        Half the side of a patch, rounded down.
    """
    front = Front(
        np.where(hole, MISSING, np.arange(hole.size).reshape(hole.shape)),
        lightness.copy(),
        np.zeros((*hole.shape, 3)),
        np.where(hole, 0.0, 1.0),
        np.full(hole.shape, -1.0),
        np.zeros(len(hole), np.int64),
    )
    _measure_gradient(front, 0, 0, *hole.shape)
    _update(front, half, 0, 0, *hole.shape)
    return front, _first_in_line(front)
