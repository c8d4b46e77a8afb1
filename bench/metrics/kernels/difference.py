"""Compiled pass over an output and its reference: where they differ, and exact sums."""

from __future__ import annotations

import numba as nb
import numpy as np
from numpy.typing import NDArray

from inpaintbench.datasets.base import Image, Mask


@nb.njit(cache=True, nogil=True)
def compare(output: Image, reference: Image, mask: Mask) -> tuple[Mask, int, int, int, int]:
    """Compare an output with its reference, inside and outside the hole.

    Returns
    -------
    changed : (H, W) array of bool
        Where they differ inside the hole.
    squares, absolutes : int
        Sums over the hole's values of the squared and the absolute difference; exact.
    hole : int
        Pixels of the hole.
    known : int
        Largest difference outside the hole.
    """
    height, width, channels = output.shape
    changed = np.zeros((height, width), np.bool_)
    squares = np.int64(0)
    absolutes = np.int64(0)
    hole = 0
    known = np.int64(0)
    for y in range(height):
        for x in range(width):
            worst = np.int64(0)
            for c in range(channels):
                difference = abs(np.int64(output[y, x, c]) - np.int64(reference[y, x, c]))
                worst = max(worst, difference)
                if mask[y, x]:
                    squares += difference * difference
                    absolutes += difference
            if mask[y, x]:
                hole += 1
                changed[y, x] = worst > 0
            else:
                known = max(known, worst)
    return changed, int(squares), int(absolutes), hole, int(known)


@nb.njit(cache=True, nogil=True)
def band(mask: Mask, radius: int) -> NDArray[np.bool_]:
    """Mark the hole's pixels at most `radius` pixels (chessboard) from a known pixel."""
    height, width = mask.shape
    inner = np.empty((height, width), np.bool_)
    near = np.zeros((height, width), np.bool_)
    # along rows, then along columns: the distance to the last known pixel on either side
    for y in range(height):
        since = radius + 1
        for x in range(width):
            since = since + 1 if mask[y, x] else 0
            inner[y, x] = since <= radius
        since = radius + 1
        for x in range(width - 1, -1, -1):
            since = since + 1 if mask[y, x] else 0
            inner[y, x] |= since <= radius
    for x in range(width):
        since = radius + 1
        for y in range(height):
            since = 0 if inner[y, x] else since + 1
            near[y, x] = since <= radius
        since = radius + 1
        for y in range(height - 1, -1, -1):
            since = 0 if inner[y, x] else since + 1
            near[y, x] |= since <= radius
    return near & mask
