"""Divide the windows that see a change into blocks, so that work follows the hole's parts."""

from __future__ import annotations

import numba as nb
import numpy as np
from numpy.typing import NDArray

from inpaintbench.images.types import Mask
from inpaintbench.metrics.kernels.lanes import COUNT, word

MOST_ROWS = 128
MOST_COLUMNS = 64
"""Of a block, so that what is filtered for it stays in the cache."""

Blocks = NDArray[np.int64]
_Marks = NDArray[np.uint8]
_Block = tuple[int, int, int, int]
_Pending = tuple[int, int, int, int, bool, bool]


@nb.njit(cache=True, nogil=True)
def divide(changed: Mask, size: int) -> Blocks:
    """Cover the windows that see a change with blocks, by cutting along rows and columns.

    A block is cut wherever a whole row or column of its windows sees no change, again and again,
    as a page of print is cut into its words (Nagy and Seth's XY cut, ICPR 1984).

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
    flat = changed.ravel().view(np.uint8)
    found = [(0, 0, 0, 0)]
    # with the direction to cut in, and whether there is no cut in the other
    pending = [(0, height - size + 1, 0, width - size + 1, False, False)]
    sees = np.empty(max(height, width), np.uint8)
    runs = np.empty((max(height, width), 2), np.int64)
    while len(pending):
        top, bottom, left, right, across, whole = pending.pop()
        if across:
            count = right - left
            seen = sees[: count + size - 1]
            seen[:] = 0
            for y in range(top, bottom + size - 1):
                _mark(flat, y * width + left, seen)
        else:
            count = bottom - top
            for y in range(top, bottom + size - 1):
                start = y * width + left
                first, last = extent(flat, start, start + right - left + size - 1)
                sees[y - top] = first < last
        for run in range(_find_runs(sees, count, size, runs)):
            first, last = runs[run]
            if across:
                part = top, bottom, left + first, left + last
            else:
                part = top + first, top + last, left, right
            if whole and last - first == count:
                _split(part, pending, found)
            else:
                # a part is whole in the direction that it was cut in
                pending.append((*part, not across, True))
    blocks = np.empty((len(found) - 1, 4), np.int64)
    for i in range(len(blocks)):
        blocks[i] = found[i + 1]
    return blocks


@nb.njit(cache=True, nogil=True)
def _split(block: _Block, pending: list[_Pending], found: list[_Block]) -> None:
    """Keep a block, or cut what is too large into even parts, which may be cut further."""
    top, bottom, left, right = block
    height, width = bottom - top, right - left
    parts, pieces = -(-height // MOST_ROWS), -(-width // MOST_COLUMNS)
    if parts == pieces == 1:
        found.append(block)
        return
    for part in range(parts):
        first, last = top + part * height // parts, top + (part + 1) * height // parts
        for piece in range(pieces):
            start, stop = left + piece * width // pieces, left + (piece + 1) * width // pieces
            pending.append((first, last, start, stop, False, False))


@nb.njit(cache=True, nogil=True)
def extent(changed: _Marks, start: int, stop: int) -> tuple[int, int]:
    """Return the part, from and to, of a stretch of a line that holds its changes."""
    first, last = start, stop
    while first + COUNT <= stop and word(changed, nb.uintp(first)) == 0:
        first += COUNT
    while first < stop and not changed[first]:
        first += 1
    if first == stop:
        return start, start
    while last - COUNT >= first and word(changed, nb.uintp(last - COUNT)) == 0:
        last -= COUNT
    while not changed[last - 1]:
        last -= 1
    return first, last


@nb.njit(cache=True, nogil=True)
def _mark(changed: _Marks, start: int, seen: _Marks) -> None:
    """Mark where a stretch of a line holds a change."""
    base = nb.uintp(start)
    for x in range(nb.uintp(seen.size)):
        seen[x] |= changed[base + x]


@nb.njit(cache=True, nogil=True)
def _find_runs(sees: _Marks, count: int, size: int, runs: NDArray[np.int64]) -> int:
    """Write the runs of windows that see a change, first and last plus one; return how many."""
    found = start = stop = 0
    for place in range(count + size - 1):
        if sees[place]:
            first = max(0, place - size + 1)
            if first > stop:
                if stop > start:
                    runs[found] = start, stop
                    found += 1
                start = first
            stop = min(count, place + 1)
    if stop > start:
        runs[found] = start, stop
        found += 1
    return found
