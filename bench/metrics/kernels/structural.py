"""Compiled SSIM: the loss where an image differs from its reference.

With d = y − x, which is 0 outside the hole, SSIM is written so that nothing cancels and every
filtered quantity vanishes where d does::

    1 − SSIM = 1 − (1 − μd² / A) (1 − σd² / B),
    A = μx² + μy² + C₁,  B = σx² + σy² + C₂,
    μd = G(d),  σd² = G(d²) − μd²,  μy = μx + μd,  σy² = σx² + 2 (G(x d) − μx μd) + σd²

so only G(d), G(x d) and G(d²) are filtered, and only in blocks near the hole; elsewhere SSIM is 1
exactly. Images are flattened to ``H × (W·C)``: a step of C along a row stays in the channel.
"""

from __future__ import annotations

import numba as nb
import numpy as np
from numpy.typing import NDArray

from inpaintbench.images.types import Mask

Plane = NDArray[np.float64]
Flat = NDArray[np.uint8] | NDArray[np.uint16]
Blocks = NDArray[np.int64]
Taps = tuple[float, ...]

ROWS, COLUMNS = 128, 64
"""Windows of a block at most, so that what is filtered for it stays in the cache; columns in a
multiple of `_VECTORS`, or a filled up line would reach into the next."""

_CUTS = 4
"""How often blocks are cut, along rows and columns in turn."""

_MOST_TAPS = 11

_REACH = 3 * (COLUMNS + _MOST_TAPS)
"""Values of a line of pixels at most."""

_VECTORS = 16
"""Values that compiled loops take at once: lines are filled up to a multiple, or the rest of each
would be worked on value by value."""

_PITCH = 3 * 3 * COLUMNS + 8
"""Values from one filtered line to the next; no power of two, whose lines would share places of
the cache. The compiler knows it, and so where each tap's value lies."""


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
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
    """Compute 1 − SSIM, summed over the channels, of every window where something changed.

    Parameters
    ----------
    reference, output : (H, W·C) array of uint8 or uint16
    changed : (H, W) array of bool
        Where the composite differs from the reference; elsewhere the output isn't read.
    taps : tuple of float
        Of the separable and symmetric window, an odd number up to 11; they sum to 1.
    mean, variance : (H', W'·C) array of float64
        Of the reference, in every window that lies inside the image.
    c1, c2 : float
        The constants that keep the quotients finite.
    correction : float
        Factor of variances and covariance: 1, or n / (n − 1) for those of a sample.

    Returns
    -------
    lost : (n,) array of float64
        Block after block, row after row; elsewhere it is 0.
    blocks : (m, 4) array of int
        Of the map, from `divide`.
    """
    size = len(taps)
    channels = reference.shape[1] // changed.shape[1]
    lines = np.zeros((3, _REACH))
    across, down = np.empty((ROWS + size) * _PITCH), np.empty(_PITCH)
    losses = np.empty(3 * COLUMNS)
    blocks = divide(changed, size)
    lost = np.empty(((blocks[:, 1] - blocks[:, 0]) * (blocks[:, 3] - blocks[:, 2])).sum())
    done = 0
    for top, bottom, left, right in blocks:
        count = (right - left) * channels
        pitch = -(-count // _VECTORS) * _VECTORS
        first, last = left * channels, (right + size - 1) * channels
        for y in range(top, bottom + size - 1):
            place = (y - top) * _PITCH
            marks = changed[y, left : right + size - 1]
            if _subtract(reference[y, first:last], output[y, first:last], marks, lines):
                _filter_along(lines, taps, channels, across, place, pitch)
            else:
                across[place : place + 3 * pitch] = 0
        for y in range(top, bottom):
            first_line = nb.uintp((y - top) * _PITCH)
            _correlate(across, first_line, nb.uintp(_PITCH), taps, down, 0, 3 * pitch)
            means = mean[y, first : first + count]
            spreads = variance[y, first : first + count]
            _combine(down, pitch, means, spreads, c1, c2, correction, losses)
            _add_channels(losses, channels, lost[done : done + right - left])
            done += right - left
    return lost, blocks


@nb.njit(cache=True, nogil=True)
def divide(changed: Mask, size: int) -> Blocks:
    """Cover the windows that see a change with blocks, so that work follows the hole's parts.

    Blocks are cut wherever a whole row or column of windows sees no change, in turn, as a page of
    print is cut into its words (Nagy and Seth's XY cut, ICPR 1984).

    Parameters
    ----------
    changed : (H, W) array of bool
    size : int
        Side of a window, in pixels.

    Returns
    -------
    (n, 4) array of int
        First row and last row plus one, first column and last column plus one of each block, in
        windows, which are numbered by their first pixel. No two blocks overlap.
    """
    height, width = changed.shape
    blocks = np.array([[0, height - size + 1, 0, width - size + 1]])
    for cut in range(_CUTS):
        axis, most = (2, COLUMNS) if cut % 2 else (0, ROWS)
        parts = [blocks[0]]
        for block in blocks:
            top, bottom, left, right = block
            region = changed[top : bottom + size - 1, left : right + size - 1]
            for first, last in _runs(_lines_with(region)[cut % 2], size, most):
                part = block.copy()
                part[axis], part[axis + 1] = block[axis] + first, block[axis] + last
                parts.append(part)
        blocks = np.empty((len(parts) - 1, 4), np.int64)
        for i in range(len(blocks)):
            blocks[i] = parts[i + 1]
    return blocks


@nb.njit(cache=True, nogil=True)
def _lines_with(changed: Mask) -> tuple[Mask, Mask]:
    """Tell for each row and each column whether it holds a change."""
    rows = np.zeros(changed.shape[0], np.bool_)
    columns = np.zeros(changed.shape[1], np.bool_)
    for y in range(rows.size):
        row, some = changed[y], False
        for x in range(columns.size):
            some |= row[x]
            columns[x] |= row[x]
        rows[y] = some
    return rows, columns


@nb.njit(cache=True, nogil=True)
def _runs(seen: Mask, size: int, most: int) -> list[tuple[int, int]]:
    """List the runs of windows that see a change, first and last plus one, in parts."""
    runs = [(0, 0)]
    start = stop = 0
    for place in range(seen.size + 1):
        ends = place == seen.size
        if ends or (seen[place] and place - size + 1 > stop):
            pieces = -(-(stop - start) // most)
            for i in range(pieces):
                first = start + i * (stop - start) // pieces
                runs.append((first, start + (i + 1) * (stop - start) // pieces))
            start = place - size + 1
        if not ends and seen[place]:
            stop = min(seen.size - size + 1, place + 1)
    return runs[1:]


@nb.njit(cache=True, nogil=True)
def _subtract(reference: Flat, output: Flat, changed: Mask, lines: Plane) -> bool:
    """Write d, x d and d² of a line; 0 where nothing changed. Tell whether anything did."""
    if not changed.any():
        return False
    channels = reference.size // changed.size
    d, xd, dd = lines[0], lines[1], lines[2]
    for j in range(reference.size):
        d[j] = float(output[j]) - float(reference[j])
    for x in range(changed.size):
        if not changed[x]:
            for j in range(x * channels, (x + 1) * channels):
                d[j] = 0
    for j in range(reference.size):
        xd[j] = d[j] * float(reference[j])
        dd[j] = d[j] * d[j]
    return True


@nb.njit(cache=True, nogil=True, fastmath={"contract"})
def _filter_along(
    lines: Plane, taps: Taps, channels: int, across: Plane, place: int, count: int
) -> None:
    """Correlate lines with the taps, a pixel apart, and lay them side by side."""
    for k in range(len(lines)):
        if channels == 1:
            _correlate(lines[k], nb.uintp(0), nb.uintp(1), taps, across, place + k * count, count)
        else:
            _correlate(lines[k], nb.uintp(0), nb.uintp(3), taps, across, place + k * count, count)


@nb.njit(cache=True, nogil=True, fastmath={"contract"}, inline="always")
def _correlate(
    source: Plane, start: int, step: int, taps: Taps, target: Plane, place: int, count: int
) -> None:
    """Sum taps times the values a step apart, the two that share a tap at once."""
    # unsigned, because an index that could be negative keeps the loop from being vectorised
    there, half, end = nb.uintp(place), nb.uintp(len(taps) // 2), nb.uintp(len(taps) - 1)
    for j in range(nb.uintp(count)):
        total = taps[half] * source[start + half * step + j]
        for k in range(half):
            other = source[start + (end - nb.uintp(k)) * step + j]
            total += taps[k] * (source[start + nb.uintp(k) * step + j] + other)
        target[there + j] = total


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _combine(
    down: Plane,
    pitch: int,
    mean: Plane,
    variance: Plane,
    c1: float,
    c2: float,
    correction: float,
    lost: Plane,
) -> None:
    """Turn the filtered d, x d and d² of a row of windows into 1 − SSIM."""
    count = mean.size
    ds, xds, dds = down[:count], down[pitch : pitch + count], down[2 * pitch :]
    for j in range(count):
        square = ds[j] * ds[j]
        spread = correction * (dds[j] - square)
        other = mean[j] + ds[j]
        a = mean[j] * mean[j] + other * other + c1
        b = 2.0 * correction * (variance[j] + xds[j] - mean[j] * ds[j]) + spread + c2
        lost[j] = (square * b + spread * a - square * spread) / (a * b)


@nb.njit(cache=True, nogil=True)
def _add_channels(losses: Plane, channels: int, lost: Plane) -> None:
    """Sum the channels of each window."""
    for x in range(lost.size):
        if channels == 1:
            lost[x] = losses[x]
        else:
            lost[x] = losses[3 * x] + losses[3 * x + 1] + losses[3 * x + 2]
