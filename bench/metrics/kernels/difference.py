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
    first = output.reshape(height, -1)
    second = reference.reshape(height, -1)
    holes = np.ascontiguousarray(mask)
    changed = np.zeros((height, width), np.bool_)
    gaps = np.empty(width * channels, output.dtype)
    squares = np.int64(0)
    absolutes = np.int64(0)
    hole = 0
    known = gaps.dtype.type(0)
    for y in range(height):
        one, two, inside = first[y], second[y], holes[y]
        for j in range(gaps.size):
            gaps[j] = max(one[j], two[j]) - min(one[j], two[j])
        # known pixels are passed over eight at a time
        words = inside[: width // 8 * 8].view(np.uint64)
        left = 0
        while left < width:
            if left % 8 == 0:
                while left // 8 < words.size and words[left // 8] == 0:
                    left += 8
                if left == width:
                    break
            if not inside[left]:
                left += 1
                continue
            right = left + 1
            while right < width and inside[right]:
                right += 1
            hole += right - left
            run = gaps[left * channels : right * channels]
            for j in range(run.size):
                squares += np.int64(run[j]) * np.int64(run[j])
                absolutes += np.int64(run[j])
            _nonzero(run, changed[y, left:right])
            run[:] = 0
            left = right
        # what is left in the row are gaps of known pixels
        for j in range(gaps.size):
            known = max(known, gaps[j])
    return changed, int(squares), int(absolutes), hole, int(known)


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
