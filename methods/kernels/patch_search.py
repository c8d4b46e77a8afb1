"""Exact nearest-patch search over all complete patches of an image, compiled.

Neighbouring source patches are compared with the target side by side: squared differences are added
up, from pixels scattered over the patch, until all of them exceed the best one so far.

Pixels are whole numbers in float32. The square of a difference below 4096 is exact, and so is
every sum below 2²⁴, so the order of addition and the width of the vector unit don't change a
result; beyond 2²⁴ the fixed order of addition keeps it the same on every machine.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from inpaintbench.methods.kernels.known import clear_windows

LANES = 128
"""Longest run of neighbouring patches that is measured together."""

GROUP = 6
"""Terms added to the distances between two looks at the best one."""


class Sources(NamedTuple):
    """The complete patches of an image, laid out for the search.

    Column ``x`` of row ``y`` of channel ``p`` is at
    ``p * plane + (x % stride) * phase + y * places + x // stride`` of `pixels`, so patches
    `stride` columns apart are neighbours in memory whatever the stride. A plane of zeros follows.
    """

    pixels: NDArray[np.float32]
    channels: int
    plane: int
    phase: int
    places: int
    size: int
    stride: int
    order: NDArray[np.int64]
    """Pixels of a patch in the order in which they are compared."""
    complete: NDArray[np.bool_]
    """(H, W): whether a patch with its top left pixel here is one of them."""
    ahead: NDArray[np.int64]
    """How many patches from here on are alike, complete or not, in every ``stride``th row."""


class Target(NamedTuple):
    """The known values of the patch to fill, in the order in which they are compared."""

    offsets: NDArray[np.int64]
    """Place of the source's value, relative to that of the patch's top left pixel."""
    values: NDArray[np.float32]


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
    clear = clear_windows(hole, size)
    complete = np.zeros(hole.shape, np.bool_)
    complete[: len(clear) : stride, : clear.shape[1] : stride] = clear[::stride, ::stride]
    if not complete.any():
        return None
    channels, height, width = planes.shape
    places = -(-width // stride)
    padded = np.pad(planes, ((0, 1), (0, 0), (0, places * stride - width)))
    return Sources(
        padded.reshape(channels + 1, height, places, stride).transpose(0, 3, 1, 2).ravel(),
        channels,
        stride * height * places,
        height * places,
        places,
        size,
        stride,
        # Scattered pixels tell patches apart sooner than neighbours do: a golden-ratio sequence.
        np.argsort(np.arange(size * size) * (5**0.5 - 1) / 2 % 1, kind="stable"),
        complete,
        _run_lengths(np.ascontiguousarray(complete[::stride, ::stride])),
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
def _run_lengths(complete: NDArray[np.bool_]) -> Any:
    height, width = complete.shape
    lengths = np.ones((height, width), np.int64)
    for y in range(height):
        for x in range(width - 2, -1, -1):
            if complete[y, x] == complete[y, x + 1]:
                lengths[y, x] += lengths[y, x + 1]
    return lengths


@njit(cache=True)
def _place(sources: Sources, y: int, x: int) -> Any:
    return (x % sources.stride) * sources.phase + y * sources.places + x // sources.stride


@njit(cache=True)
def _describe(sources: Sources, origin: NDArray[np.int64], top: int, left: int) -> Any:
    """List the known values of a target; the last group is filled up from the plane of zeros."""
    height, width = origin.shape
    room = sources.channels * sources.size**2 + GROUP
    offsets = np.full(room, sources.channels * sources.plane, np.int64)
    values = np.zeros(room, np.float32)
    count = 0
    for k in sources.order:
        i, j = k // sources.size, k % sources.size
        y, x = top + i, left + j
        if not (0 <= y < height and 0 <= x < width) or origin[y, x] < 0:
            continue
        shown = _place(sources, origin[y, x] // width, origin[y, x] % width)
        for p in range(sources.channels):
            offsets[count] = p * sources.plane + _place(sources, i, j)
            values[count] = sources.pixels[p * sources.plane + shown]
            count += 1
    count += -count % GROUP
    return Target(offsets[:count], values[:count])


@njit(cache=True, fastmath={"contract"})
def _add_group(
    distances: NDArray[np.float32],
    pixels: NDArray[np.float32],
    start: int,
    target: Target,
    g: int,
    limit: float,
) -> Any:
    """Add `GROUP` terms to the distances of neighbouring patches; count those within `limit`."""
    count = len(distances)
    offsets, values = target.offsets, target.values
    a = pixels[start + offsets[g] : start + offsets[g] + count]
    b = pixels[start + offsets[g + 1] : start + offsets[g + 1] + count]
    c = pixels[start + offsets[g + 2] : start + offsets[g + 2] + count]
    d = pixels[start + offsets[g + 3] : start + offsets[g + 3] + count]
    e = pixels[start + offsets[g + 4] : start + offsets[g + 4] + count]
    f = pixels[start + offsets[g + 5] : start + offsets[g + 5] + count]
    ta, tb, tc = values[g], values[g + 1], values[g + 2]
    td, te, tf = values[g + 3], values[g + 4], values[g + 5]
    within = 0
    for k in range(count):
        total = distances[k]
        total += (a[k] - ta) * (a[k] - ta)
        total += (b[k] - tb) * (b[k] - tb)
        total += (c[k] - tc) * (c[k] - tc)
        total += (d[k] - td) * (d[k] - td)
        total += (e[k] - te) * (e[k] - te)
        total += (f[k] - tf) * (f[k] - tf)
        distances[k] = total
        within += total <= limit
    return within


@njit(cache=True)
def _measure_run(
    distances: NDArray[np.float32],
    pixels: NDArray[np.float32],
    start: int,
    target: Target,
    limit: float,
) -> Any:
    """Measure neighbouring patches; count those within `limit`, giving up when none is."""
    distances[:] = 0
    within = len(distances)
    for g in range(0, len(target.offsets), GROUP):
        within = _add_group(distances, pixels, start, target, g, limit)
        if within == 0:
            break
    return within


@njit(cache=True)
def _measure_one(pixels: NDArray[np.float32], start: int, target: Target, limit: float) -> Any:
    """Measure one patch, giving up above `limit`."""
    total = np.float32(0)
    for k in range(len(target.offsets)):
        difference = pixels[start + target.offsets[k]] - target.values[k]
        total += difference * difference
        if total > limit:
            break
    return total


@njit(cache=True)
def _search(
    sources: Sources,
    target: Target,
    top: int,
    left: int,
    radius: int,
    best: tuple[float, int, int],
) -> Any:
    """Search all patches, nearest rows first, for one that beats `best`.

    `best` and the result are distance, squared displacement and place: the smallest wins.
    """
    nearest, apart, found = best
    stride = sources.stride
    scratch = np.empty(LANES, np.float32)
    rows, columns = sources.ahead.shape
    home = top // stride
    for i in range(2 * max(home, rows - 1 - home) + 1):
        row = home + (i + 1) // 2 if i % 2 else home - i // 2
        down = row * stride - top
        if row < 0 or row >= rows or abs(down) > radius:
            continue
        if nearest == 0 and down * down > apart:
            continue
        first = max(0, -((radius - left) // stride))
        end = min(columns, (radius + left) // stride + 1)
        while first < end:
            count = min(sources.ahead[row, first], end - first)
            if sources.complete[row * stride, first * stride]:
                count = min(count, LANES)
                start = row * stride * sources.places + first
                distances = scratch[:count]
                if _measure_run(distances, sources.pixels, start, target, nearest) > 0:
                    for k in range(count):
                        if distances[k] > nearest:
                            continue
                        across = (first + k) * stride - left
                        this = (distances[k], down * down + across * across, start + k)
                        if this < (nearest, apart, found):
                            nearest, apart, found = this
            first += count
    return nearest, apart, found


@njit(cache=True)
def _continue_neighbours(
    sources: Sources, target: Target, origin: NDArray[np.int64], top: int, left: int, radius: int
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
                distance = _measure_one(sources.pixels, start, target, nearest)
                this = (distance, down * down + across * across, start)
                if this < (nearest, apart, found):
                    nearest, apart, found = this
    return nearest, apart, found


@njit(cache=True)
def _nearest(sources: Sources, origin: NDArray[np.int64], top: int, left: int, radius: int) -> Any:
    target = _describe(sources, origin, top, left)
    best = _continue_neighbours(sources, target, origin, top, left, radius)
    while True:
        best = _search(sources, target, top, left, radius, best)
        if best[2] >= 0:
            v, u = best[2] // sources.places, best[2] % sources.places * sources.stride
            return v - top, u - left
        radius *= 2
