"""Compiled SSIM: the reference's moments, and the loss where another image differs.

With d = y − x, which is 0 outside the hole, SSIM is written so that nothing cancels and every
filtered quantity vanishes where d does::

    1 − SSIM = 1 − (1 − μd² / A) (1 − σd² / B),
    A = μx² + μy² + C₁,  B = σx² + σy² + C₂,
    μd = G(d),  σd² = G(d²) − μd²,  μy = μx + μd,  σy² = σx² + 2 (G(x d) − μx μd) + σd²

so only G(d), G(x d) and G(d²) are filtered, and only in blocks near the hole; elsewhere SSIM is 1
exactly. Images are flattened to ``H × (W·C)``: a step of C along a row stays in the channel. Rows
are worked on in whole vectors, so every line has room for a vector's rest after its end.
"""

from __future__ import annotations

import numba as nb
import numpy as np
from numpy.typing import NDArray

from inpaintbench.images.types import Mask
from inpaintbench.metrics.kernels.blocks import MOST_COLUMNS, MOST_ROWS, Blocks, divide, extent
from inpaintbench.metrics.kernels.lanes import (
    COUNT,
    add_thirds,
    convert,
    correlate_along,
    correlate_down,
    correlate_down_twice,
    load,
    splat,
    store,
)

Plane = NDArray[np.float64]
Flat = NDArray[np.uint8] | NDArray[np.uint16]
Taps = tuple[float, ...]

_STRIP = 64
"""Rows of the reference worked on at once, so that what is filtered stays in the cache."""


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
def _filter_along(
    source: Plane, start: int, target: Plane, place: int, taps: Taps, channels: int, count: int
) -> None:
    """Correlate a line with the taps, a pixel apart."""
    first, there = nb.uintp(start), nb.uintp(place)
    if channels == 1:
        for i in range(nb.uintp(0), nb.uintp(count), nb.uintp(COUNT)):
            store(target, there + i, correlate_along(taps, source, first + i, 1))
    else:
        for i in range(nb.uintp(0), nb.uintp(count), nb.uintp(COUNT)):
            store(target, there + i, correlate_along(taps, source, first + i, 3))


@nb.njit(cache=True, nogil=True)
def _filter_down(
    source: Plane, start: int, target: Plane, taps: Taps, pitch: int, rows: int
) -> None:
    """Correlate one row or two, `pitch` long, with the taps, a row apart."""
    first, step = nb.uintp(start), nb.uintp(pitch)
    if rows == 1:
        for i in range(nb.uintp(0), step, nb.uintp(COUNT)):
            store(target, i, correlate_down(taps, source, first + i, step))
    else:
        for i in range(nb.uintp(0), step, nb.uintp(COUNT)):
            one, other = correlate_down_twice(taps, source, first + i, step)
            store(target, i, one)
            store(target, step + i, other)


@nb.njit(cache=True, nogil=True)
def moments(image: Flat, channels: int, taps: Taps) -> tuple[Plane, Plane]:
    """Return the mean and the variance of every window that lies inside the image.

    Parameters
    ----------
    image : (H, W·C) array of uint8 or uint16
    channels : int
        1 or 3.
    taps : tuple of float
        Of the separable window, the same from either end; they sum to 1.

    Returns
    -------
    mean, variance : (H', at least W'·C + 8) array of float64
        H' = H − len(taps) + 1, W' likewise; of no meaning after the end of each row.
    """
    size = len(taps)
    height, width = image.shape
    rows = height - size + 1
    pitch = _padded(width - (size - 1) * channels)
    reach = pitch + _padded(size * channels) + COUNT
    line, squares = _aligned(reach), _aligned(reach)
    line[:] = 0
    squares[:] = 0
    across = _aligned((_STRIP + size - 1) * 2 * pitch)
    down = _aligned(4 * pitch)
    mean = np.zeros((rows, pitch + COUNT))
    variance = np.zeros((rows, pitch + COUNT))
    for top in range(0, rows, _STRIP):
        bottom = min(top + _STRIP, rows)
        for y in range(top, bottom + size - 1):
            row = image[y]
            for j in range(width):
                value = float(row[j])
                line[j] = value
                squares[j] = value * value
            place = (y - top) * 2 * pitch
            _filter_along(line, 0, across, place, taps, channels, pitch)
            _filter_along(squares, 0, across, place + pitch, taps, channels, pitch)
        for y in range(top, bottom, 2):
            together = min(2, bottom - y)
            _filter_down(across, (y - top) * 2 * pitch, down, taps, 2 * pitch, together)
            for k in range(together):
                means, spreads = mean[y + k], variance[y + k]
                first = nb.uintp(k * 2 * pitch)
                for j in range(nb.uintp(0), nb.uintp(pitch), nb.uintp(COUNT)):
                    middle = load(down, first + j)
                    square = load(down, first + nb.uintp(pitch) + j)
                    store(means, j, middle)
                    store(spreads, j, square - middle * middle)
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
) -> tuple[Plane, Blocks]:
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
        Block after block, row after row; elsewhere it is 0.
    blocks : (m, 4) array of int
        First and last row plus one, first and last column plus one of each block of the map.
    """
    size = len(taps)
    width = changed.shape[1]
    channels = reference.shape[1] // width
    blocks = divide(changed, size)
    windows = 0
    for top, bottom, left, right in blocks:
        windows += (bottom - top) * (right - left)
    # room for the rest of the last vector
    lost = np.empty(windows + COUNT)
    most = _padded(MOST_COLUMNS * channels)
    margin = _padded(size * channels) + COUNT
    lines = _aligned(3 * (most + margin))
    across = _aligned((MOST_ROWS + size - 1) * 3 * most)
    down = _aligned(6 * most)
    combined = _aligned(most + 3 * COUNT)
    known, filled, holds = reference.ravel(), output.ravel(), changed.ravel().view(np.uint8)
    means, spreads = mean.ravel(), variance.ravel()
    place = 0
    for top, bottom, left, right in blocks:
        count = right - left
        pitch = _padded(count * channels)
        reach = pitch + margin
        made = 0
        for y in range(top, bottom + size - 1):
            start = y * width + left
            first, last = extent(holds, start, start + count + size - 1)
            if first == last:
                continue
            here = (y - top) * 3 * pitch
            _clear(across, made, here - made)
            _differences(known, filled, holds, start, first, last, channels, reach, lines)
            for k in range(3):
                _filter_along(lines, k * reach, across, here + k * pitch, taps, channels, pitch)
            made = here + 3 * pitch
        _clear(across, made, (bottom - top + size - 1) * 3 * pitch - made)
        for y in range(top, bottom, 2):
            together = min(2, bottom - y)
            _filter_down(across, (y - top) * 3 * pitch, down, taps, 3 * pitch, together)
            for k in range(together):
                there = (y + k) * mean.shape[1] + left * channels
                first = k * 3 * pitch
                _combine(down, first, means, spreads, there, pitch, c1, c2, correction, combined)
                _add_channels(combined, lost, place, count, channels)
                place += count
    return lost[:windows], blocks


@nb.njit(cache=True, nogil=True)
def inside(lost: Plane, blocks: Blocks, region: Mask) -> float:
    """Sum the loss over a region ``(H', W')`` of the map."""
    total = 0.0
    place = 0
    for top, bottom, left, right in blocks:
        for y in range(top, bottom):
            for x in range(left, right):
                if region[y, x]:
                    total += lost[place]
                place += 1
    return total


@nb.njit(cache=True, nogil=True)
def _clear(line: Plane, start: int, count: int) -> None:
    """Set whole vectors to 0."""
    first = nb.uintp(start)
    for i in range(nb.uintp(0), nb.uintp(count), nb.uintp(COUNT)):
        store(line, first + i, splat(0.0))


@nb.njit(cache=True, nogil=True)
def _differences(
    reference: NDArray[np.unsignedinteger],
    output: NDArray[np.unsignedinteger],
    changed: NDArray[np.uint8],
    start: int,
    first: int,
    last: int,
    channels: int,
    reach: int,
    lines: Plane,
) -> None:
    """Write d, x d and d² of the pixels first to last of flat images, and 0 around them.

    Each is `reach` values long and begins with pixel `start`. Nothing is read past `last`.
    """
    _clear(lines, 0, 3 * reach)
    there, d = nb.uintp(first * channels), nb.uintp((first - start) * channels)
    xd, dd = d + nb.uintp(reach), d + nb.uintp(2 * reach)
    count = nb.uintp((last - first) * channels)
    whole = count // nb.uintp(COUNT) * nb.uintp(COUNT)
    for j in range(nb.uintp(0), whole, nb.uintp(COUNT)):
        store(lines, d + j, convert(output, there + j) - convert(reference, there + j))
    for j in range(whole, count):
        lines[d + j] = float(output[there + j]) - float(reference[there + j])
    for pixel in range(first, last):
        if not changed[pixel]:
            for k in range(channels):
                lines[(pixel - start) * channels + k] = 0
    for j in range(nb.uintp(0), whole, nb.uintp(COUNT)):
        value = load(lines, d + j)
        store(lines, xd + j, value * convert(reference, there + j))
        store(lines, dd + j, value * value)
    for j in range(whole, count):
        lines[xd + j] = lines[d + j] * float(reference[there + j])
        lines[dd + j] = lines[d + j] * lines[d + j]


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _combine(
    down: Plane,
    start: int,
    mean: Plane,
    variance: Plane,
    place: int,
    pitch: int,
    c1: float,
    c2: float,
    correction: float,
    lost: Plane,
) -> None:
    """Turn the filtered d, x d and d² of a row of windows into 1 − SSIM."""
    first, there, length = nb.uintp(start), nb.uintp(place), nb.uintp(pitch)
    for j in range(nb.uintp(0), length, nb.uintp(COUNT)):
        d = load(down, first + j)
        xd = load(down, first + length + j)
        dd = load(down, first + length + length + j)
        middle = load(mean, there + j)
        square = d * d
        spread = correction * (dd - square)
        other = middle + d
        a = middle * middle + other * other + c1
        b = 2.0 * correction * (load(variance, there + j) + xd - middle * d) + spread + c2
        store(lost, j, (square * b + spread * a - square * spread) / (a * b))


@nb.njit(cache=True, nogil=True)
def _add_channels(line: Plane, lost: Plane, place: int, count: int, channels: int) -> None:
    """Sum the channels of each window, in whole vectors."""
    there = nb.uintp(place)
    for x in range(nb.uintp(0), nb.uintp(count), nb.uintp(COUNT)):
        if channels == 1:
            store(lost, there + x, load(line, x))
        else:
            store(lost, there + x, add_thirds(line, nb.uintp(3) * x))
