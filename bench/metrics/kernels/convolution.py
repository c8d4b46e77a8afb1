"""Compiled parts of a convolutional network that is evaluated at chosen positions only.

Maps are ``H×W×C`` float32, contiguous, with their zero border included; positions are given as
rows and columns of the output map.
"""

from __future__ import annotations

import numba as nb
import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]
Mask = NDArray[np.bool_]
Positions = NDArray[np.int64]


@nb.njit(cache=True, nogil=True)
def reach(changed: Mask, kernel: int, stride: int, padding: int, height: int, width: int) -> Mask:
    """Mark the outputs, `height` × `width`, whose window holds a changed input (no border)."""
    rows, columns = changed.shape
    across = np.zeros((rows, width), np.bool_)
    for y in range(rows):
        done = 0
        for x in range(columns):
            if changed[y, x]:
                first = max(done, (x + padding - kernel + stride) // stride)
                done = min(width, (x + padding) // stride + 1)
                for i in range(first, done):
                    across[y, i] = True
    reached = np.zeros((height, width), np.bool_)
    for y in range(rows):
        first = max(0, (y + padding - kernel + stride) // stride)
        last = min(height, (y + padding) // stride + 1)
        for i in range(first, last):
            for x in range(width):
                reached[i, x] |= across[y, x]
    return reached


@nb.njit(cache=True, nogil=True)
def gather(
    source: Float, rows: Positions, columns: Positions, kernel: int, stride: int, windows: Float
) -> None:
    """Copy the input window of each position into a row of `windows` (``n × kernel·kernel·C``)."""
    run = kernel * source.shape[2]
    step = stride * source.shape[2]
    flat = source.reshape(source.shape[0], -1)
    for i in range(rows.size):
        for k in range(kernel):
            window = windows[i, k * run : (k + 1) * run]
            start = columns[i] * step
            line = flat[rows[i] * stride + k, start : start + run]
            for j in range(run):
                window[j] = line[j]


@nb.njit(cache=True, nogil=True)
def pool(
    source: Float, rows: Positions, columns: Positions, kernel: int, stride: int, maxima: Float
) -> None:
    """Take the largest value of each channel in the window of each position."""
    channels = source.shape[2]
    for i in range(rows.size):
        top = rows[i] * stride
        left = columns[i] * stride
        best = maxima[i]
        for c in range(channels):
            best[c] = source[top, left, c]
        for k in range(kernel):
            for m in range(kernel):
                values = source[top + k, left + m]
                for c in range(channels):
                    best[c] = max(best[c], values[c])


@nb.njit(cache=True, nogil=True)
def exchange(target: Float, chosen: Mask, border: int, values: Float) -> None:
    """Swap the values at chosen positions of a map with those in `values` (``n × C``)."""
    i = 0
    for y in range(chosen.shape[0]):
        for x in range(chosen.shape[1]):
            if chosen[y, x]:
                for c in range(values.shape[1]):
                    held = target[y + border, x + border, c]
                    target[y + border, x + border, c] = values[i, c]
                    values[i, c] = held
                i += 1


@nb.njit(cache=True, nogil=True, fastmath={"reassoc", "contract"}, inline="always")
def _scale(vector: Float) -> np.float32:
    """Return what makes a vector one of length 1."""
    squares = np.float32(0)
    for c in range(vector.size):
        squares += vector[c] * vector[c]
    scale: np.float32 = np.float32(1) / (np.sqrt(squares) + np.float32(1e-10))
    return scale


@nb.njit(cache=True, nogil=True)
def scales(values: Float) -> Float:
    """Return the factor that makes each channel vector, a row, one of length 1."""
    factors = np.empty(len(values), np.float32)
    for i in range(len(values)):
        factors[i] = _scale(values[i])
    return factors


@nb.njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def distance(
    source: Float,
    factors: Float,
    chosen: Mask,
    border: int,
    values: Float,
    weights: Float,
    parts: Float,
) -> float:
    """Sum the weighted squared differences of unit-normalised channel vectors.

    Parameters
    ----------
    source : (H, W, C) array of float32
        A map with its border.
    factors : (h·w,) array of float32
        From `scales`, for every position of the map.
    chosen : (h, w) array of bool
        Positions to compare.
    values : (n, C) array of float32
        What to compare with, one row for each chosen position.
    weights : (C,) array of float32
    parts : (n,) array of float32
        Gets what each chosen position adds to the sum.
    """
    total = 0.0
    i = 0
    for y in range(chosen.shape[0]):
        for x in range(chosen.shape[1]):
            if chosen[y, x]:
                first = source[y + border, x + border]
                second = values[i]
                first_scale = factors[y * chosen.shape[1] + x]
                second_scale = _scale(second)
                part = np.float32(0)
                for c in range(weights.size):
                    difference = first[c] * first_scale - second[c] * second_scale
                    part += weights[c] * difference * difference
                total += float(part)
                parts[i] = part
                i += 1
    return total
