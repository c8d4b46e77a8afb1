"""PatchMatch: approximate nearest patches by propagation and random search, compiled.

A window is named by its top left pixel. Targets are the windows that touch the hole; sources are
those that don't. All windows lie wholly in the image. Distances are sums of squares of whole
numbers and random numbers come from a counter, so the same input gives the same field on every
machine.

Barnes, Shechtman, Finkelstein, Goldman, "PatchMatch: a randomized correspondence algorithm for
structural image editing", ACM Trans. Graphics 2009.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

UNMATCHED = np.int32(2**31 - 1)
"""Distance of a target without a source."""


@njit(cache=True)
def _random(key: int, counter: int) -> Any:
    """Return 64 random bits (the output function of SplitMix64)."""
    z = np.uint64(key) + np.uint64(counter) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit(cache=True)
def _below(bits: int, count: int) -> Any:
    """Scale 32 random bits to a whole number below `count`."""
    return np.int64((bits * np.uint64(count)) >> np.uint64(32))


@njit(cache=True)
def _distance(
    features: NDArray[np.int32], y: int, x: int, v: int, u: int, size: int, depth: int, limit: int
) -> Any:
    """Sum the squared differences of two windows, giving up at `limit`."""
    total = np.int32(0)
    for i in range(size):
        target = features[y + i, x * depth : (x + size) * depth]
        source = features[v + i, u * depth : (u + size) * depth]
        row = np.int32(0)
        for k in range(size * depth):
            difference = target[k] - source[k]
            row += difference * difference
        total += row
        if total >= limit:
            break
    return total


@njit(cache=True)
def scatter(sources: NDArray[np.int32], field: NDArray[np.int32], key: int) -> None:
    """Match every window of a field ``(H, W, 2)`` with one of the sources ``(N, 2)`` at random."""
    height, width, _ = field.shape
    for y in range(height):
        for x in range(width):
            bits = _random(key, y * width + x)
            field[y, x] = sources[_below(bits & np.uint64(0xFFFFFFFF), len(sources))]


@njit(cache=True)
def search(
    features: NDArray[np.int32],
    size: int,
    targets: NDArray[np.int32],
    usable: NDArray[np.bool_],
    field: NDArray[np.int32],
    distances: NDArray[np.int32],
    sweeps: int,
    key: int,
) -> None:
    """Improve the matches of all targets.

    Sweeps alternate between raster order and its reverse. Each target tries the matches of the
    neighbours just visited, shifted along, then random windows around the best so far, from the
    whole image down to one pixel.

    Parameters
    ----------
    features : (H, W * D) array of int32
        D whole numbers for each pixel; squared differences of two windows add up below 2³¹.
    size : int
        Side of a window.
    targets : (N, 2) array of int32
        Row and column of each target, in raster order.
    usable : (H - size + 1, W - size + 1) array of bool
        Windows that are sources.
    field : (H - size + 1, W - size + 1, 2) array of int32
        The match of every target; changed in place. One that isn't usable counts as none, but
        random search begins around it.
    distances : (H - size + 1, W - size + 1) array of int32
        Distances of the matches, `UNMATCHED` where there is none; -1 for windows that are no
        targets. Computed anew, changed in place.
    sweeps : int
    key : int
        Key of the random numbers.
    """
    height, width = usable.shape
    depth = features.shape[1] // (width + size - 1)
    for y, x in targets:
        v, u = field[y, x]
        distances[y, x] = UNMATCHED
        if usable[v, u]:
            distances[y, x] = _distance(features, y, x, v, u, size, depth, UNMATCHED)
    for sweep in range(sweeps):
        back = -1 if sweep % 2 == 0 else 1
        for t in range(len(targets)):
            y, x = targets[t if back < 0 else len(targets) - 1 - t]
            best_v, best_u = field[y, x]
            best = distances[y, x]
            for i, j in ((back, 0), (0, back)):
                if not (0 <= y + i < height and 0 <= x + j < width) or distances[y + i, x + j] < 0:
                    continue
                v, u = field[y + i, x + j, 0] - i, field[y + i, x + j, 1] - j
                if not (0 <= v < height and 0 <= u < width) or not usable[v, u]:
                    continue
                distance = _distance(features, y, x, v, u, size, depth, best)
                if distance < best:
                    best, best_v, best_u = distance, v, u
            reach = max(height, width)
            counter = (sweep * height * width + y * width + x) * 64
            while reach >= 1:
                bits = _random(key, counter)
                counter += 1
                top, left = max(best_v - reach, 0), max(best_u - reach, 0)
                bottom = min(best_v + reach, height - 1)
                right = min(best_u + reach, width - 1)
                v = top + _below(bits & np.uint64(0xFFFFFFFF), bottom - top + 1)
                u = left + _below(bits >> np.uint64(32), right - left + 1)
                reach //= 2
                if not usable[v, u]:
                    continue
                distance = _distance(features, y, x, v, u, size, depth, best)
                if distance < best:
                    best, best_v, best_u = distance, v, u
            field[y, x, 0], field[y, x, 1] = best_v, best_u
            distances[y, x] = best


@njit(cache=True)
def vote(
    values: NDArray[np.float32],
    hole: NDArray[np.bool_],
    size: int,
    targets: NDArray[np.int32],
    usable: NDArray[np.bool_],
    field: NDArray[np.int32],
    weights: NDArray[np.float32],
) -> None:
    """Set each pixel of the hole to the weighted mean of what the targets over it show there.

    Parameters
    ----------
    values : (H, W, D) array of float32
        Changed in place, in the hole; a pixel without a vote keeps its value.
    hole : (H, W) array of bool
    size, targets, usable, field
        As in `search`.
    weights : (H - size + 1, W - size + 1) array of float32
        Weight of each target, above 0.
    """
    height, width, depth = values.shape
    totals = np.zeros((height, width, depth), np.float32)
    shares = np.zeros((height, width), np.float32)
    for y, x in targets:
        v, u = field[y, x]
        if not usable[v, u]:
            continue
        weight = weights[y, x]
        for i in range(size):
            for j in range(size):
                if hole[y + i, x + j]:
                    shares[y + i, x + j] += weight
                    for d in range(depth):
                        totals[y + i, x + j, d] += weight * values[v + i, u + j, d]
    for y in range(height):
        for x in range(width):
            if shares[y, x] > 0:
                for d in range(depth):
                    values[y, x, d] = totals[y, x, d] / shares[y, x]
