"""Compiled passes over an output and its reference: where they differ, and exact sums."""

from __future__ import annotations

import numba as nb
import numpy as np
from numpy.typing import NDArray

from inpaintbench.images.types import Image, Mask

_CHUNK = 1024
"""Pixels compared at once, so that their differences stay in the cache."""

_STRIDE = 64
"""Pixels looked at together in search of a hole: a number known to the compiler takes no loop."""


@nb.njit(cache=True, nogil=True)
def compare(output: Image, reference: Image, mask: Mask) -> tuple[Mask, int, int, int]:
    """Compare an output with its reference inside the hole.

    Returns
    -------
    changed : (H, W) array of bool
        Where they differ inside the hole.
    squares, absolutes : int
        Sums over the hole's values of the squared and the absolute difference; exact.
    hole : int
        Pixels of the hole.
    """
    channels = output.shape[2]
    first, second = output.ravel(), reference.ravel()
    inside = np.ascontiguousarray(mask).ravel()
    changed = np.zeros(mask.shape, np.bool_)
    marks = changed.ravel()
    gaps = np.empty(_CHUNK * channels, output.dtype)
    squares = np.int64(0)
    absolutes = np.int64(0)
    hole = 0
    start = _next_hole(inside, 0, inside.size)
    while start < inside.size:
        stop = _next_known(inside, start, min(inside.size, start + _CHUNK))
        run = gaps[: (stop - start) * channels]
        _subtract(first, second, start * channels, run)
        for j in range(run.size):
            squares += np.int64(run[j]) * np.int64(run[j])
            absolutes += np.int64(run[j])
        _nonzero(run, marks[start:stop])
        hole += stop - start
        start = _next_hole(inside, stop, inside.size)
    return changed, int(squares), int(absolutes), hole


@nb.njit(cache=True, nogil=True)
def largest_outside(output: Image, reference: Image, mask: Mask) -> int:
    """Return the largest difference outside the hole."""
    channels = output.shape[2]
    first, second = output.ravel(), reference.ravel()
    inside = np.ascontiguousarray(mask).ravel()
    gaps = np.empty(_CHUNK * channels, output.dtype)
    largest = gaps.dtype.type(0)
    stop = 0
    while stop < inside.size:
        start = _next_known(inside, stop, inside.size)
        stop = _next_hole(inside, start, min(inside.size, start + _CHUNK))
        run = gaps[: (stop - start) * channels]
        _subtract(first, second, start * channels, run)
        for j in range(run.size):
            largest = max(largest, run[j])
    return int(largest)


@nb.njit(cache=True, nogil=True)
def _next_hole(inside: NDArray[np.bool_], start: int, stop: int) -> int:
    """Return the first place of the hole from a place on, or `stop`."""
    place = start
    while place + _STRIDE <= stop:
        some = False
        for i in range(nb.uintp(_STRIDE)):
            some |= inside[nb.uintp(place) + i]
        if some:
            break
        place += _STRIDE
    while place < stop and not inside[place]:
        place += 1
    return place


@nb.njit(cache=True, nogil=True)
def _next_known(inside: NDArray[np.bool_], start: int, stop: int) -> int:
    """Return the first place outside the hole from a place on, or `stop`."""
    place = start
    while place < stop and inside[place]:
        place += 1
    return place


@nb.njit(cache=True, nogil=True)
def _subtract(
    first: NDArray[np.unsignedinteger],
    second: NDArray[np.unsignedinteger],
    start: int,
    gaps: NDArray[np.unsignedinteger],
) -> None:
    """Write the absolute differences of two lines from a place on."""
    base = nb.uintp(start)
    for j in range(nb.uintp(gaps.size)):
        one, two = first[base + j], second[base + j]
        gaps[j] = max(one, two) - min(one, two)


@nb.njit(cache=True, nogil=True)
def _nonzero(values: NDArray[np.unsignedinteger], pixels: NDArray[np.bool_]) -> None:
    """Mark the pixels with a channel that isn't 0."""
    if values.size == 3 * pixels.size:
        for x in range(pixels.size):
            pixels[x] = (values[3 * x] | values[3 * x + 1] | values[3 * x + 2]) != 0
    else:
        for x in range(pixels.size):
            pixels[x] = values[x] != 0


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
