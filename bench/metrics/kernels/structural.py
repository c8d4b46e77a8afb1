"""Compiled SSIM: the reference's moments, and the loss where another image differs.

With d = y − x, which is 0 outside the hole, SSIM is written so that nothing cancels and every
filtered quantity vanishes where d does::

    1 − SSIM = 1 − (1 − μd² / A) (1 − σd² / B),
    A = μx² + μy² + C₁,  B = σx² + σy² + C₂,
    μd = G(d),  σd² = G(d²) − μd²,  μy = μx + μd,  σy² = σx² + 2 (G(x d) − μx μd) + σd²

so only G(d), G(x d) and G(d²) are filtered, and only near the hole; elsewhere SSIM is 1 exactly.
Images are flattened to ``H × (W·C)``: a step of C along a row stays in the channel.
"""

from __future__ import annotations

import numba as nb
import numpy as np
from numpy.typing import NDArray

from inpaintbench.datasets.base import Mask

Plane = NDArray[np.float64]
Flat = NDArray[np.uint8] | NDArray[np.uint16]
Taps = tuple[float, ...]

_STRIP = 32
_WIDTH = 96
"""Rows and columns of the map worked on at once, so that what is filtered stays in the cache."""

_LINE = 8
"""Values in a line of the cache."""


@nb.njit(cache=True, nogil=True, fastmath={"contract"})
def _filter(source: Plane, target: Plane, taps: Taps, step: int, count: int) -> None:
    """Correlate a line with the taps, `step` apart: along a row, or down a block of rows."""
    # unsigned, because an index that could be negative keeps the loop from being vectorised
    stride = nb.uintp(step)
    for i in range(nb.uintp(count)):
        total = 0.0
        for t in range(len(taps)):
            total += taps[t] * source[i + nb.uintp(t) * stride]
        target[i] = total


@nb.njit(cache=True, nogil=True)
def _aligned(planes: int, rows: int, columns: int) -> Plane:
    """Allocate planes whose rows start at the cache's lines, so that no load straddles two."""
    held = np.empty(planes * rows * columns + _LINE)
    first = (-held.ctypes.data // held.itemsize) % _LINE
    return held[first : first + planes * rows * columns].reshape(planes, rows * columns)


@nb.njit(cache=True, nogil=True)
def moments(image: Flat, channels: int, taps: Taps) -> tuple[Plane, Plane]:
    """Return the mean and the variance of every window that lies inside the image.

    Parameters
    ----------
    image : (H, W·C) array of uint8 or uint16
    channels : int
    taps : tuple of float
        Of the separable window; they sum to 1.

    Returns
    -------
    mean, variance : (H', W'·C) array of float64
        H' = H − len(taps) + 1, W' likewise.
    """
    size = len(taps)
    height, width = image.shape
    rows = height - size + 1
    columns = width - (size - 1) * channels
    line = np.empty(width)
    squares = np.empty(width)
    first = np.empty((_STRIP + size - 1) * columns)
    second = np.empty((_STRIP + size - 1) * columns)
    mean = np.empty(rows * columns)
    variance = np.empty(rows * columns)
    for top in range(0, rows, _STRIP):
        count = min(_STRIP, rows - top)
        for y in range(count + size - 1):
            for j in range(width):
                value = float(image[top + y, j])
                line[j] = value
                squares[j] = value * value
            _filter(line, first[y * columns :], taps, channels, columns)
            _filter(squares, second[y * columns :], taps, channels, columns)
        part = slice(top * columns, (top + count) * columns)
        _filter(first, mean[part], taps, columns, count * columns)
        _filter(second, variance[part], taps, columns, count * columns)
    for j in range(mean.size):
        variance[j] -= mean[j] * mean[j]
    return mean.reshape(rows, columns), variance.reshape(rows, columns)


@nb.njit(cache=True, nogil=True, error_model="numpy")
def loss(
    reference: Flat,
    output: Flat,
    changed: Mask,
    taps: Taps,
    mean: Plane,
    variance: Plane,
    c1: float,
    c2: float,
    correction: float,
) -> Plane:
    """Return 1 − SSIM of every window, summed over the channels.

    Parameters
    ----------
    reference, output : (H, W·C) array of uint8 or uint16
    changed : (H, W) array of bool
        Where the composite differs from the reference; elsewhere the output isn't read.
    taps : tuple of float
    mean, variance : (H', W'·C) array of float64
        Of the reference, from `moments`.
    c1, c2 : float
        The constants that keep the quotients finite.
    correction : float
        Factor of variances and covariance: 1, or n / (n − 1) for those of a sample.

    Returns
    -------
    (H', W') array of float64
        At each window's centre; 0 where nothing in the window changed.
    """
    size = len(taps)
    height, width = changed.shape
    channels = reference.shape[1] // width
    rows = height - size + 1
    columns = width - size + 1
    lost = np.zeros((rows, columns))
    line = np.empty((3, width * channels))
    across = _aligned(3, _STRIP + size - 1, _WIDTH * channels)
    down = _aligned(3, _STRIP, _WIDTH * channels)
    held = np.empty(width, np.bool_)
    seen = np.zeros(width + 1, np.int64)
    for strip in range(0, rows, _STRIP):
        end = min(strip + _STRIP, rows)
        # how many columns up to each hold a change within the strip's windows
        held[:] = False
        for y in range(strip, end + size - 1):
            row = changed[y]
            for x in range(width):
                held[x] |= row[x]
        for x in range(width):
            seen[x + 1] = seen[x] + held[x]
        left = 0
        while left < columns:
            if seen[left + size] == seen[left]:
                left += 1
                continue
            right = left + 1
            most = min(columns, left + _WIDTH)
            while right < most and seen[right + size] > seen[right]:
                right += 1
            top, bottom = _extent(changed, strip, end + size - 1, left, right + size - 1)
            top = max(strip, top - size + 1)
            bottom = min(end, bottom)
            # a block of windows: rows top..bottom, columns left..right
            length = (right - left) * channels
            reach = (right - left + size - 1) * channels
            start = left * channels
            pitch = -(-length // _LINE) * _LINE
            for y in range(top, bottom + size - 1):
                if not changed[y, left : right + size - 1].any():
                    across[:, (y - top) * pitch : (y - top) * pitch + length] = 0
                    continue
                _differences(
                    reference[y, start : start + reach],
                    output[y, start : start + reach],
                    changed[y, left : right + size - 1],
                    line,
                )
                for k in range(3):
                    _filter(line[k], across[k, (y - top) * pitch :], taps, channels, length)
            for k in range(3):
                _filter(across[k], down[k], taps, pitch, (bottom - top) * pitch)
            for y in range(top, bottom):
                here = slice((y - top) * pitch, (y - top) * pitch + length)
                there = slice(start, start + length)
                _combine(
                    mean[y, there],
                    variance[y, there],
                    down[0, here],
                    down[1, here],
                    down[2, here],
                    c1,
                    c2,
                    correction,
                )
                _add_channels(down[2, here], lost[y, left:right])
            left = right
    return lost


@nb.njit(cache=True, nogil=True)
def _add_channels(line: Plane, total: Plane) -> None:
    channels = line.size // total.size
    if channels == 1:
        for x in range(total.size):
            total[x] = line[x]
    else:
        for x in range(total.size):
            total[x] = line[3 * x] + line[3 * x + 1] + line[3 * x + 2]


@nb.njit(cache=True, nogil=True)
def _extent(changed: Mask, top: int, bottom: int, left: int, right: int) -> tuple[int, int]:
    """Return the rows, from and to, that hold a change within a rectangle."""
    first = bottom
    last = top
    for y in range(top, bottom):
        for x in range(left, right):
            if changed[y, x]:
                first = min(first, y)
                last = y + 1
                break
    return first, last


@nb.njit(cache=True, nogil=True)
def _differences(reference: Flat, output: Flat, changed: Mask, line: Plane) -> None:
    """Fill three rows: d, x d and d²."""
    channels = reference.size // changed.size
    d, xd, dd = line[0], line[1], line[2]
    for j in range(reference.size):
        d[j] = float(output[j]) - float(reference[j])
    for x in range(changed.size):
        if not changed[x]:
            for j in range(x * channels, (x + 1) * channels):
                d[j] = 0
    for j in range(reference.size):
        xd[j] = d[j] * float(reference[j])
        dd[j] = d[j] * d[j]


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _combine(
    mean: Plane,
    variance: Plane,
    d: Plane,
    xd: Plane,
    dd: Plane,
    c1: float,
    c2: float,
    correction: float,
) -> None:
    """Turn the filtered d, x d and d² of a row of windows into 1 − SSIM, left in ``dd``."""
    for j in range(d.size):
        square = d[j] * d[j]
        spread = correction * (dd[j] - square)
        other = mean[j] + d[j]
        a = mean[j] * mean[j] + other * other + c1
        b = 2 * correction * (variance[j] + xd[j] - mean[j] * d[j]) + spread + c2
        dd[j] = (square * b + spread * a - square * spread) / (a * b)
