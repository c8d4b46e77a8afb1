"""Compiled poolings at chosen positions, and moments of changed maps.

Maps are ``H×W×C`` float32, contiguous, with their border included; positions are given as rows and
columns of the output map.
"""

from __future__ import annotations

import numba as nb
import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]
Double = NDArray[np.float64]
Mask = NDArray[np.bool_]
Positions = NDArray[np.int64]

# Weights of three neighbours, in rows and in columns.
_WEIGHTS = (np.float32(0.25), np.float32(0.5), np.float32(0.25))


@nb.njit(cache=True, nogil=True)
def root_mean_square(source: Float, rows: Positions, columns: Positions, values: Float) -> None:
    """Take the weighted root mean square of the 3×3 window at every second row and column."""
    channels = source.shape[2]
    for i in range(rows.size):
        total = values[i]
        total[:] = np.float32(1e-12)
        for k in range(3):
            for m in range(3):
                weight = _WEIGHTS[k] * _WEIGHTS[m]
                window = source[2 * rows[i] + k, 2 * columns[i] + m]
                for c in range(channels):
                    total[c] += weight * (window[c] * window[c])
        for c in range(channels):
            total[c] = np.sqrt(total[c])


@nb.njit(cache=True, nogil=True)
def blur(
    source: Float,
    sides: tuple[int, int],
    border: int,
    rows: Positions,
    columns: Positions,
    values: Float,
) -> None:
    """Take the weighted mean of the 3×3 window at every second row and column, and a ReLU.

    The map, of the given sides without its border, is continued by two pixels on each side as a
    mirror on its outermost pixels shows it.
    """
    channels = source.shape[2]
    last_row, last_column = sides[0] - 1, sides[1] - 1
    for i in range(rows.size):
        total = values[i]
        total[:] = np.float32(0)
        for k in range(3):
            y = abs(2 * rows[i] + k - 2)
            y = border + min(y, 2 * last_row - y)
            for m in range(3):
                x = abs(2 * columns[i] + m - 2)
                x = border + min(x, 2 * last_column - x)
                weight = _WEIGHTS[k] * _WEIGHTS[m]
                for c in range(channels):
                    total[c] += weight * source[y, x, c]
        for c in range(channels):
            total[c] = max(total[c], np.float32(0))


@nb.njit(cache=True, nogil=True)
def change_sums(source: Float, chosen: Mask, border: int, values: Float, means: Double) -> Double:
    """Sum what a change d of a map x does to its moments around their means m, channel by channel.

    Parameters
    ----------
    source : (H, W, C) array of float32
        x, with its border.
    chosen : (h, w) array of bool
        Positions that changed.
    values : (n, C) array of float32
        x + d, one row for each of them.
    means : (C,) array of float64

    Returns
    -------
    (3, C) array of float64
        The sums of d, of d² and of (x − m) d.
    """
    sums = np.zeros((3, means.size))
    i = 0
    for y in range(chosen.shape[0]):
        for x in range(chosen.shape[1]):
            if chosen[y, x]:
                before, after = source[y + border, x + border], values[i]
                i += 1
                for c in range(means.size):
                    held = np.float64(before[c])
                    change = np.float64(after[c]) - held
                    sums[0, c] += change
                    sums[1, c] += change * change
                    sums[2, c] += (held - means[c]) * change
    return sums
