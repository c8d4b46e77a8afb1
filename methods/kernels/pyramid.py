"""Pyramids of images with a hole: halving, and texture."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True)
def halve(values: NDArray[np.float32], hole: NDArray[np.bool_]) -> Any:
    """Halve an image, rounding odd sides up, and its hole.

    A pixel is the mean of the known among the 4×4 pixels around it, weighted 1-3-3-1 along both
    axes; it belongs to the hole when none is known. So the hole shrinks by about a pixel each
    time, and vanishes in the end.

    Parameters
    ----------
    values : (H, W, D) array of float32
    hole : (H, W) array of bool

    Returns
    -------
    values : (ceil(H / 2), ceil(W / 2), D) array of float32
        0 in the hole.
    hole : (ceil(H / 2), ceil(W / 2)) array of bool
    """
    height, width, depth = values.shape
    halved = np.zeros(((height + 1) // 2, (width + 1) // 2, depth), np.float32)
    unknown = np.zeros(halved.shape[:2], np.bool_)
    for y in range(halved.shape[0]):
        for x in range(halved.shape[1]):
            total = np.float32(0)
            for i in range(max(2 * y - 1, 0), min(2 * y + 3, height)):
                for j in range(max(2 * x - 1, 0), min(2 * x + 3, width)):
                    if hole[i, j]:
                        continue
                    weight = np.float32((3 if i // 2 == y else 1) * (3 if j // 2 == x else 1))
                    total += weight
                    for d in range(depth):
                        halved[y, x, d] += weight * values[i, j, d]
            if total == 0:
                unknown[y, x] = True
            else:
                for d in range(depth):
                    halved[y, x, d] /= total
    return halved, unknown


def texture(values: NDArray[np.float32], hole: NDArray[np.bool_], reach: int) -> Any:
    """Measure how busy the surroundings of each pixel are, across and down.

    Parameters
    ----------
    values : (H, W, C) array of float32
    hole : (H, W) array of bool
    reach : int
        Surroundings are ``(2 * reach + 1)²`` pixels.

    Returns
    -------
    (H, W, 2) array of float32
        Mean absolute difference of neighbouring known pixels along rows and along columns; 0 where
        there are none.
    """
    grey = values.mean(axis=2, dtype=np.float64)
    known = ~hole
    measured = []
    for axis in (1, 0):
        ahead = np.roll(grey, -1, axis)
        pairs = known & np.roll(known, -1, axis)
        if axis:
            pairs[:, -1] = False
        else:
            pairs[-1] = False
        count = _box_sum(pairs.astype(np.float64), reach)
        total = _box_sum(np.where(pairs, np.abs(ahead - grey), 0.0), reach)
        measured.append(total / np.maximum(count, 1))
    return np.stack(measured, axis=2).astype(np.float32)


def _box_sum(values: NDArray[np.float64], reach: int) -> NDArray[np.float64]:
    """Sum over the square around each pixel, cut off at the borders."""
    for axis in (0, 1):
        padding = [(reach + 1, reach) if a == axis else (0, 0) for a in (0, 1)]
        sums = np.cumsum(np.pad(values, padding), axis=axis)
        side = 2 * reach + 1
        values = sums[side:] - sums[:-side] if axis == 0 else sums[:, side:] - sums[:, :-side]
    return values
