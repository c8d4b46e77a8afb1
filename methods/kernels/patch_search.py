"""Exact nearest-patch search over all complete patches of an image, compiled.

Neighbouring source patches are compared with the target side by side. Tiles of 3×3 pixels that lie
wholly in the target's known part give a lower bound on the distances (Bessel's inequality: the sum
and the slopes of a tile are three of nine orthogonal components), which settles nearly all of
them; the rest add up squared differences until they exceed the best.

Pixels are whole numbers in float32. The square of a difference below 4096 is exact, and so is
every sum below 2²⁴, so the order of addition and the width of the vector unit don't change a
result; beyond 2²⁴ the fixed order of addition keeps it the same on every machine.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

LANES = 128
"""Longest run of neighbouring patches that is measured together."""

GROUP = 6
"""Terms added to the distances between two looks at the best one."""

FEW = 4
"""Up to so many patches of a run that pass the bound are finished one by one."""

TILE = 3

# A bound in float32 is off by rounding; a patch is rejected only when it exceeds this much more.
_CAUTION = np.float32(1 + 1e-5)


class Sources(NamedTuple):
    """The complete patches of an image, laid out for the search.

    There are planes for the image's own `channels`, for the sums of each over tiles, for the
    slopes of the first over tiles (down, across), and one of zeros; a tile is named by its top
    left pixel. Column ``x`` of row ``y`` of plane ``p`` is at
    ``p * plane + (x % stride) * phase + y * places + x // stride`` of `features`, so patches
    `stride` columns apart are neighbours in memory whatever the stride.
    """

    features: NDArray[np.float32]
    channels: int
    plane: int
    phase: int
    places: int
    size: int
    stride: int
    order: NDArray[np.int64]
    """Pixels of a patch in the order in which they are compared."""
    runs: NDArray[np.int64]
    """(N, 2): start (``x // stride``) of a run of neighbouring patches, and their number."""
    first_run: NDArray[np.int64]
    """Runs ``first_run[i]`` to ``first_run[i + 1] - 1`` start in row ``i * stride``."""
    complete: NDArray[np.bool_]
    """(H, W): whether a patch with its top left pixel here is one of them."""


class Terms(NamedTuple):
    """Weighted squared differences between a target and any source patch, to be added up."""

    offsets: NDArray[np.int64]
    """Place of the source's feature, relative to that of the patch's top left pixel."""
    values: NDArray[np.float32]
    """The target's feature."""
    weights: NDArray[np.float32]


def sources(
    planes: NDArray[np.float32], hole: NDArray[np.bool_], size: int, stride: int
) -> Sources | None:
    """Lay out every complete patch of an image, or return None when there is none.

    Parameters
    ----------
    planes : (C, H, W) array of float32
        Whole numbers below 4096 in magnitude.
    hole : (H, W) array of bool
        Pixels that a complete patch is clear of.
    size : int
        Side of a patch.
    stride : int
        Patches start in rows and columns that are multiples of it.
    """
    runs, first_run, complete = _complete_runs(hole.copy(), size, stride)
    if len(runs) == 0:
        return None
    features = _features(planes, stride)
    _, phases, height, places = features.shape
    return Sources(
        features.ravel(),
        len(planes),
        phases * height * places,
        height * places,
        places,
        size,
        stride,
        # Scattered pixels tell patches apart sooner than neighbours do: a golden-ratio sequence.
        np.argsort(np.arange(size * size) * (5**0.5 - 1) / 2 % 1, kind="stable"),
        runs,
        first_run,
        complete,
    )


def nearest_patch(
    sources: Sources, origin: NDArray[np.int64], centre: tuple[int, int], radius: int
) -> tuple[int, int]:
    """Find the source patch most like the known part of a target patch.

    Of equally similar patches the nearest wins, then the first in raster order.

    Parameters
    ----------
    sources : Sources
    origin : (H, W) array of int64
        Flat index of the known pixel that is shown here, or -1 where nothing is yet.
    centre : tuple of int
        Row and column of the target's centre; it may stick out of the image.
    radius : int
        Largest displacement along either axis, doubled until it reaches a patch.

    Returns
    -------
    tuple of int
        Displacement, down and across, from the target to the patch found.
    """
    half = sources.size // 2
    found: tuple[int, int] = _nearest(sources, origin, centre[0] - half, centre[1] - half, radius)
    return found


@njit(cache=True)
def _tile(values: NDArray[np.float32]) -> Any:
    """Sum and slopes (down, across) of a tile."""
    total = np.float32(0)
    down = np.float32(0)
    across = np.float32(0)
    for i in range(TILE):
        for j in range(TILE):
            total += values[i, j]
            down += (i - 1) * values[i, j]
            across += (j - 1) * values[i, j]
    return total, down, across


@njit(cache=True)
def _features(planes: NDArray[np.float32], stride: int) -> Any:
    channels, height, width = planes.shape
    places = (width + stride - 1) // stride
    result = np.zeros((2 * channels + 3, stride, height, places), np.float32)
    for y in range(height):
        for x in range(width):
            for p in range(channels):
                result[p, x % stride, y, x // stride] = planes[p, y, x]
    for y in range(height - TILE + 1):
        for x in range(width - TILE + 1):
            for p in range(channels):
                total, down, across = _tile(planes[p, y : y + TILE, x : x + TILE])
                result[channels + p, x % stride, y, x // stride] = total
                if p == 0:
                    result[2 * channels, x % stride, y, x // stride] = down
                    result[2 * channels + 1, x % stride, y, x // stride] = across
    return result


@njit(cache=True)
def _complete_runs(hole: NDArray[np.bool_], size: int, stride: int) -> Any:
    height, width = hole.shape
    rows = max(0, (height - size) // stride + 1)
    last_hole = np.full(width, -1, np.int64)
    runs = np.empty((rows * (width // 2 + 2), 2), np.int64)
    first_run = np.zeros(rows + 1, np.int64)
    complete = np.zeros((height, width), np.bool_)
    count = 0
    seen = 0
    for i in range(rows):
        top = i * stride
        for y in range(seen, top + size):
            for x in range(width):
                if hole[y, x]:
                    last_hole[x] = y
        seen = top + size
        clear = 0  # columns up to x without a hole in these rows
        length = 0
        for x in range(width):
            clear = clear + 1 if last_hole[x] < top else 0
            left = x - size + 1
            if left < 0 or left % stride:
                continue
            if clear < size:
                length = 0
                continue
            complete[top, left] = True
            if length in (0, LANES):
                runs[count, 0] = left // stride
                count += 1
                length = 0
            length += 1
            runs[count - 1, 1] = length
        first_run[i + 1] = count
    return runs[:count].copy(), first_run, complete


@njit(cache=True)
def _place(sources: Sources, y: int, x: int) -> Any:
    return (x % sources.stride) * sources.phase + y * sources.places + x // sources.stride


@njit(cache=True)
def _target(sources: Sources, origin: NDArray[np.int64], top: int, left: int) -> Any:
    """Pixels of a target patch, and which of them are known."""
    height, width = origin.shape
    size = sources.size
    pixels = np.zeros((sources.channels, size, size), np.float32)
    known = np.zeros((size, size), np.bool_)
    for i in range(max(-top, 0), min(size, height - top)):
        for j in range(max(-left, 0), min(size, width - left)):
            index = origin[top + i, left + j]
            if index >= 0:
                known[i, j] = True
                place = _place(sources, index // width, index % width)
                for p in range(sources.channels):
                    pixels[p, i, j] = sources.features[p * sources.plane + place]
    return pixels, known


@njit(cache=True)
def _add(terms: Terms, count: int, offset: int, value: float, weight: float) -> Any:
    terms.offsets[count] = offset
    terms.values[count] = value
    terms.weights[count] = weight
    return count + 1


@njit(cache=True)
def _full_groups(sources: Sources, terms: Terms, count: int) -> Any:
    """Fill up the last group from the plane of zeros."""
    while count % GROUP:
        count = _add(terms, count, (2 * sources.channels + 2) * sources.plane, 0, 0)
    return Terms(terms.offsets[:count], terms.values[:count], terms.weights[:count])


@njit(cache=True)
def _room(count: int) -> Any:
    return Terms(
        np.empty(count, np.int64), np.empty(count, np.float32), np.empty(count, np.float32)
    )


@njit(cache=True)
def _describe(sources: Sources, pixels: NDArray[np.float32], known: NDArray[np.bool_]) -> Any:
    """List the terms of a target: those of the bound, and those of the exact distance."""
    size, channels, plane = sources.size, sources.channels, sources.plane
    bound = _room((channels + 2) * size * size + GROUP)
    exact = _room(channels * size * size + GROUP)
    bounds = 0
    loose = known.copy()
    for slopes in (False, True):
        for i in range(0, size - TILE + 1, TILE):
            for j in range(0, size - TILE + 1, TILE):
                if not known[i : i + TILE, j : j + TILE].all():
                    continue
                loose[i : i + TILE, j : j + TILE] = False
                place = _place(sources, i, j)
                for p in range(channels):
                    total, down, across = _tile(pixels[p, i : i + TILE, j : j + TILE])
                    if not slopes:
                        bounds = _add(bound, bounds, (channels + p) * plane + place, total, 1 / 9)
                    elif p == 0:
                        down_at = 2 * channels * plane + place
                        bounds = _add(bound, bounds, down_at, down, 1 / 6)
                        bounds = _add(bound, bounds, down_at + plane, across, 1 / 6)
    exacts = 0
    for k in sources.order:
        i, j = k // size, k % size
        if known[i, j]:
            for p in range(channels):
                place = p * plane + _place(sources, i, j)
                exacts = _add(exact, exacts, place, pixels[p, i, j], 1)
                if loose[i, j]:
                    bounds = _add(bound, bounds, place, pixels[p, i, j], 1)
    return _full_groups(sources, bound, bounds), _full_groups(sources, exact, exacts)


@njit(cache=True, fastmath={"contract"})
def _add_group(
    distances: NDArray[np.float32],
    features: NDArray[np.float32],
    start: int,
    terms: Terms,
    g: int,
    limit: float,
) -> Any:
    """Add `GROUP` terms to the distances of neighbouring patches; count those within `limit`."""
    count = len(distances)
    offsets, values, weights = terms.offsets, terms.values, terms.weights
    a = features[start + offsets[g] : start + offsets[g] + count]
    b = features[start + offsets[g + 1] : start + offsets[g + 1] + count]
    c = features[start + offsets[g + 2] : start + offsets[g + 2] + count]
    d = features[start + offsets[g + 3] : start + offsets[g + 3] + count]
    e = features[start + offsets[g + 4] : start + offsets[g + 4] + count]
    f = features[start + offsets[g + 5] : start + offsets[g + 5] + count]
    ta, tb, tc = values[g], values[g + 1], values[g + 2]
    td, te, tf = values[g + 3], values[g + 4], values[g + 5]
    wa, wb, wc = weights[g], weights[g + 1], weights[g + 2]
    wd, we, wf = weights[g + 3], weights[g + 4], weights[g + 5]
    within = 0
    for k in range(count):
        total = distances[k]
        total += (a[k] - ta) * (a[k] - ta) * wa
        total += (b[k] - tb) * (b[k] - tb) * wb
        total += (c[k] - tc) * (c[k] - tc) * wc
        total += (d[k] - td) * (d[k] - td) * wd
        total += (e[k] - te) * (e[k] - te) * we
        total += (f[k] - tf) * (f[k] - tf) * wf
        distances[k] = total
        within += total <= limit
    return within


@njit(cache=True)
def _measure_run(
    distances: NDArray[np.float32],
    features: NDArray[np.float32],
    start: int,
    terms: Terms,
    limit: float,
) -> Any:
    """Measure neighbouring patches; count those within `limit`, giving up when none is."""
    distances[:] = 0
    within = len(distances)
    for g in range(0, len(terms.offsets), GROUP):
        within = _add_group(distances, features, start, terms, g, limit)
        if within == 0:
            break
    return within


@njit(cache=True)
def _measure_one(features: NDArray[np.float32], start: int, terms: Terms, limit: float) -> Any:
    """Measure one patch, giving up above `limit`."""
    total = np.float32(0)
    for g in range(0, len(terms.offsets), GROUP):
        for k in range(g, g + GROUP):
            difference = features[start + terms.offsets[k]] - terms.values[k]
            total += difference * difference
        if total > limit:
            break
    return total


@njit(cache=True)
def _search(
    sources: Sources,
    bound: Terms,
    exact: Terms,
    top: int,
    left: int,
    radius: int,
    best: tuple[float, int, int],
) -> Any:
    """Search all patches, nearest rows first, for one that beats `best`.

    `best` and the result are distance, squared displacement and place: the smallest wins.
    """
    nearest, apart, found = best
    features, stride = sources.features, sources.stride
    scratch = np.empty(LANES, np.float32)
    rows = len(sources.first_run) - 1
    home = top // stride
    for i in range(2 * max(home, rows - 1 - home) + 1):
        row = home + (i + 1) // 2 if i % 2 else home - i // 2
        down = row * stride - top
        if row < 0 or row >= rows or abs(down) > radius:
            continue
        if nearest == 0 and down * down > apart:
            continue
        for r in range(sources.first_run[row], sources.first_run[row + 1]):
            first = max(sources.runs[r, 0], -((radius - left) // stride))
            end = min(sources.runs[r, 0] + sources.runs[r, 1], (radius + left) // stride + 1)
            if end <= first:
                continue
            start = row * stride * sources.places + first
            distances = scratch[: end - first]
            within = _measure_run(distances, features, start, bound, nearest * _CAUTION)
            one_by_one = within <= FEW
            if not one_by_one:
                within = _measure_run(distances, features, start, exact, nearest)
            if within == 0:
                continue
            for k in range(end - first):
                if distances[k] > nearest * _CAUTION:
                    continue
                distance = distances[k]
                if one_by_one:
                    distance = _measure_one(features, start + k, exact, nearest)
                across = (first + k) * stride - left
                this = (distance, down * down + across * across, start + k)
                if this < (nearest, apart, found):
                    nearest, apart, found = this
    return nearest, apart, found


@njit(cache=True)
def _continue_neighbours(
    sources: Sources, exact: Terms, origin: NDArray[np.int64], top: int, left: int, radius: int
) -> Any:
    """Measure the patches that continue where filled neighbours were copied from.

    One of them is often nearly as good as the best, so that the search rejects others early.
    """
    height, width = origin.shape
    nearest, apart, found = np.float32(np.inf), np.int64(0), np.int64(-1)
    for y in range(max(top, 0), min(top + sources.size, height)):
        for x in range(max(left, 0), min(left + sources.size, width)):
            down = origin[y, x] // width - y
            across = origin[y, x] % width - x
            v, u = top + down, left + across
            if origin[y, x] in (-1, y * width + x) or max(abs(down), abs(across)) > radius:
                continue
            if v < 0 or u < 0 or not sources.complete[v, u]:
                continue
            start = v * sources.places + u // sources.stride
            if start != found:
                distance = _measure_one(sources.features, start, exact, nearest)
                this = (distance, down * down + across * across, start)
                if this < (nearest, apart, found):
                    nearest, apart, found = this
    return nearest, apart, found


@njit(cache=True)
def _nearest(sources: Sources, origin: NDArray[np.int64], top: int, left: int, radius: int) -> Any:
    pixels, known = _target(sources, origin, top, left)
    bound, exact = _describe(sources, pixels, known)
    best = _continue_neighbours(sources, exact, origin, top, left, radius)
    while True:
        best = _search(sources, bound, exact, top, left, radius, best)
        if best[2] >= 0:
            v, u = best[2] // sources.places, best[2] % sources.places * sources.stride
            return v - top, u - left
        radius *= 2
