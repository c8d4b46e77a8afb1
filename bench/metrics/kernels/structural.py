"""Compiled SSIM: the reference's moments, and the loss where another image differs.

With d = y − x, which is 0 outside the hole, SSIM is written so that nothing cancels and every
filtered quantity vanishes where d does::

    1 − SSIM = 1 − (1 − μd² / A) (1 − σd² / B),
    A = μx² + μy² + C₁,  B = σx² + σy² + C₂,
    μd = G(d),  σd² = G(d²) − μd²,  μy = μx + μd,  σy² = σx² + 2 (G(x d) − μx μd) + σd²

so only G(d), G(x d) and G(d²) are filtered, and only near the hole; elsewhere SSIM is 1 exactly.
Images are flattened to ``H × (W·C)``: a step of C along a row stays in the channel. Rows are worked
on in whole vectors, so every line has room for a vector's rest after its end.
"""

from __future__ import annotations

import numba as nb
import numpy as np
from numpy.typing import NDArray

from inpaintbench.datasets.base import Mask
from inpaintbench.metrics.kernels.lanes import (
    COUNT,
    correlate,
    correlate_twice,
    load,
    splat,
    store,
)

Plane = NDArray[np.float64]
Flat = NDArray[np.uint8] | NDArray[np.uint16]
Taps = tuple[float, ...]
Segments = NDArray[np.int64]

_STRIP = 64
_WIDTH = 96
"""Rows and columns of the map worked on at once, so that what is filtered stays in the cache."""


@nb.njit(cache=True, nogil=True)
def _padded(count: int) -> int:
    """Round up to whole vectors."""
    return -(-count // COUNT) * COUNT


@nb.njit(cache=True, nogil=True)
def _aligned(count: int) -> Plane:
    """Allocate values that start at a line of the cache, so that whole vectors straddle none."""
    held = np.empty(count + COUNT)
    first = (-held.ctypes.data // held.itemsize) % COUNT
    return held[first : first + count]


@nb.njit(cache=True, nogil=True)
def _filter(
    source: Plane, start: int, target: Plane, place: int, taps: Taps, step: int, count: int
) -> None:
    """Correlate a line with the taps, `step` apart: along a row, or down a block of rows."""
    first, there, stride = nb.uintp(start), nb.uintp(place), nb.uintp(step)
    for i in range(nb.uintp(0), nb.uintp(count), nb.uintp(COUNT)):
        store(target, there + i, correlate(taps, source, first + i, stride))


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
    mean, variance : (H', at least W'·C + 8) array of float64
        H' = H − len(taps) + 1, W' likewise; 0 after the end of each row.
    """
    size = len(taps)
    height, width = image.shape
    rows = height - size + 1
    columns = width - (size - 1) * channels
    pitch = _padded(columns)
    line = np.zeros(width + COUNT)
    squares = np.zeros(width + COUNT)
    across = np.empty((2, (_STRIP + size - 1) * pitch))
    down = np.empty((2, _STRIP * pitch))
    mean = np.zeros((rows, pitch + COUNT))
    variance = np.zeros((rows, pitch + COUNT))
    for top in range(0, rows, _STRIP):
        count = min(_STRIP, rows - top)
        for y in range(count + size - 1):
            for j in range(width):
                value = float(image[top + y, j])
                line[j] = value
                squares[j] = value * value
            _filter(line, 0, across[0], y * pitch, taps, channels, pitch)
            _filter(squares, 0, across[1], y * pitch, taps, channels, pitch)
        for k in range(2):
            _filter(across[k], 0, down[k], 0, taps, pitch, count * pitch)
        for y in range(count):
            here = slice(y * pitch, y * pitch + columns)
            middle, square = down[0, here], down[1, here]
            for j in range(columns):
                mean[top + y, j] = middle[j]
                variance[top + y, j] = square[j] - middle[j] * middle[j]
    return mean, variance


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
) -> tuple[Plane, Segments]:
    """Return 1 − SSIM, summed over the channels, of every window where something changed.

    Parameters
    ----------
    reference, output : (H, W·C) array of uint8 or uint16
    changed : (H, W) array of bool
        Where the composite differs from the reference; elsewhere the output isn't read.
    taps : tuple of float
    mean, variance : (H', W'·C and more) array of float64
        Of the reference, from `moments`.
    c1, c2 : float
        The constants that keep the quotients finite.
    correction : float
        Factor of variances and covariance: 1, or n / (n − 1) for those of a sample.

    Returns
    -------
    lost : (n,) array of float64
        Segment after segment; elsewhere it is 0.
    segments : (m, 3) array of int
        Row, and first and last column plus one, of each segment of the map.
    """
    size = len(taps)
    height, width = changed.shape
    channels = reference.shape[1] // width
    rows = height - size + 1
    columns = width - size + 1
    lost = np.empty(rows * columns)
    segments = np.empty((rows * (columns // size + columns // _WIDTH + 2), 3), np.int64)
    windows = found = 0
    margin = (size - 1) * channels + COUNT
    reach = (_WIDTH + size) * channels + 2 * margin
    d, xd, dd = np.zeros(reach), np.zeros(reach), np.zeros(reach)
    across = _aligned((_STRIP + size - 1) * 3 * _padded((_WIDTH + COUNT) * channels))
    down = _aligned(6 * _padded(_WIDTH * channels))
    combined = _aligned(_padded(_WIDTH * channels))
    lows = np.empty(_STRIP, np.int64)
    highs = np.empty(_STRIP, np.int64)
    held = np.empty(width, np.bool_)
    seen = np.zeros(width + 1, np.int64)
    for top in range(0, rows, _STRIP):
        bottom = min(top + _STRIP, rows)
        # how many columns up to each hold a change within the strip's windows
        held[:] = False
        for y in range(top, bottom + size - 1):
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
            # a block of windows, in which each row has its own reach, from lows to highs
            pitch = _padded((right - left) * channels)
            lows[:] = right
            highs[:] = left
            for y in range(top, bottom + size - 1):
                base = (y - top) * 3 * pitch
                first, last = _extent(changed[y], left, right + size - 1)
                if first == last:
                    _clear(across, base, 3 * pitch)
                    continue
                _differences(reference, output, changed, y, first, last, d, xd, dd, margin)
                low, high = max(left, first - size + 1), min(right, last)
                for window in range(max(top, y - size + 1), min(bottom, y + 1)):
                    lows[window - top] = min(lows[window - top], low)
                    highs[window - top] = max(highs[window - top], high)
                start, count = _vectors(left, low, high, channels)
                for plane in range(base, base + 3 * pitch, pitch):
                    _clear(across, plane, start)
                    _clear(across, plane + start + count, pitch - start - count)
                place = base + start
                shift = margin + start - (first - left) * channels
                _filter(d, shift, across, place, taps, channels, count)
                _filter(xd, shift, across, place + pitch, taps, channels, count)
                _filter(dd, shift, across, place + 2 * pitch, taps, channels, count)
            y = top
            while y < bottom:
                low, high = lows[y - top], highs[y - top]
                if low >= high:
                    y += 1
                    continue
                start, count = _vectors(left, low, high, channels)
                here, there = (y - top) * 3 * pitch + start, left * channels + start
                # two rows with the same reach are worked on together
                last = y + 1
                if last < bottom and lows[last - top] == low and highs[last - top] == high:
                    last += 1
                _filter_down(across, here, pitch, taps, down, count, last - y)
                for row in range(y, last):
                    _combine(
                        down,
                        (row - y) * 3 * count,
                        mean[row, there : there + count],
                        variance[row, there : there + count],
                        c1,
                        c2,
                        correction,
                        combined,
                    )
                    total = lost[windows : windows + high - low]
                    _add_channels(combined, (low - left) * channels - start, total, channels)
                    segments[found] = row, low, high
                    windows += total.size
                    found += 1
                y = last
            left = right
    return lost[:windows], segments[:found]


@nb.njit(cache=True, nogil=True)
def inside(lost: Plane, segments: Segments, region: Mask) -> float:
    """Sum the loss over a region ``(H', W')`` of the map."""
    total = 0.0
    first = 0
    for row, start, stop in segments:
        for x in range(start, stop):
            if region[row, x]:
                total += lost[first + x - start]
        first += stop - start
    return total


@nb.njit(cache=True, nogil=True)
def _extent(changed: NDArray[np.bool_], left: int, right: int) -> tuple[int, int]:
    """Return the part, from and to, of a row between two columns that holds its changes."""
    any_changed = False
    for x in range(left, right):
        any_changed |= changed[x]
    if not any_changed:
        return left, left
    first, last = left, right
    while not changed[first]:
        first += 1
    while not changed[last - 1]:
        last -= 1
    return first, last


@nb.njit(cache=True, nogil=True)
def _vectors(left: int, low: int, high: int, channels: int) -> tuple[int, int]:
    """Return start and length, in whole vectors, of what covers a block's columns low to high."""
    start = (low - left) * channels // COUNT * COUNT
    return start, _padded((high - left) * channels - start)


@nb.njit(cache=True, nogil=True)
def _clear(line: Plane, start: int, count: int) -> None:
    """Set whole vectors to 0."""
    first = nb.uintp(start)
    for i in range(nb.uintp(0), nb.uintp(count), nb.uintp(COUNT)):
        store(line, first + i, splat(0.0))


@nb.njit(cache=True, nogil=True)
def _differences(
    reference: Flat,
    output: Flat,
    changed: Mask,
    row: int,
    first: int,
    last: int,
    d: Plane,
    xd: Plane,
    dd: Plane,
    margin: int,
) -> None:
    """Fill three lines, from `margin` on, with a row's columns; and 0 in a margin after them."""
    channels = reference.shape[1] // changed.shape[1]
    # unsigned, because an index that could be negative keeps a loop from being vectorised
    start, place = nb.uintp(first * channels), nb.uintp(margin)
    count = nb.uintp((last - first) * channels)
    for j in range(count):
        d[place + j] = float(output[row, start + j]) - float(reference[row, start + j])
    for column in range(first, last):
        if not changed[row, column]:
            for k in range(channels):
                d[margin + (column - first) * channels + k] = 0
    for j in range(count):
        xd[place + j] = d[place + j] * float(reference[row, start + j])
        dd[place + j] = d[place + j] * d[place + j]
    for j in range(place + count, place + count + place):
        d[j] = 0
        xd[j] = 0
        dd[j] = 0


@nb.njit(cache=True, nogil=True)
def _filter_down(
    across: Plane, start: int, pitch: int, taps: Taps, down: Plane, count: int, rows: int
) -> None:
    """Filter d, x d and d² of one row or two down the rows."""
    step, length = nb.uintp(3 * pitch), nb.uintp(count)
    for k in range(3):
        first, place = nb.uintp(start + k * pitch), nb.uintp(k) * length
        if rows == 1:
            for j in range(nb.uintp(0), length, nb.uintp(COUNT)):
                store(down, place + j, correlate(taps, across, first + j, step))
        else:
            for j in range(nb.uintp(0), length, nb.uintp(COUNT)):
                one, other = correlate_twice(taps, across, first + j, step)
                store(down, place + j, one)
                store(down, nb.uintp(3) * length + place + j, other)


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _combine(
    down: Plane,
    start: int,
    mean: Plane,
    variance: Plane,
    c1: float,
    c2: float,
    correction: float,
    lost: Plane,
) -> None:
    """Turn the filtered d, x d and d² of a row of windows into 1 − SSIM."""
    first, length = nb.uintp(start), nb.uintp(mean.size)
    for j in range(nb.uintp(0), length, nb.uintp(COUNT)):
        d = load(down, first + j)
        xd = load(down, first + length + j)
        dd = load(down, first + length + length + j)
        middle = load(mean, j)
        square = d * d
        spread = correction * (dd - square)
        other = middle + d
        a = middle * middle + other * other + c1
        b = 2.0 * correction * (load(variance, j) + xd - middle * d) + spread + c2
        store(lost, j, (square * b + spread * a - square * spread) / (a * b))


@nb.njit(cache=True, nogil=True)
def _add_channels(line: Plane, start: int, total: Plane, channels: int) -> None:
    """Sum the channels of each window."""
    values = line[start:]
    if channels == 1:
        for x in range(total.size):
            total[x] = values[x]
    else:
        for x in range(total.size):
            total[x] = values[3 * x] + values[3 * x + 1] + values[3 * x + 2]
