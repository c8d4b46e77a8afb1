"""Completion from coarse to fine: PatchMatch finds what each window resembles, windows vote.

At each level of a pyramid, the windows that touch the hole are matched with windows that don't,
and each pixel of the hole becomes the mean of what the windows over it show there; and again, until
both agree. A finer level begins with the matches of the coarser one, twice as far apart.

Y. Wexler, E. Shechtman, M. Irani, "Space-time completion of video", IEEE Trans. Pattern Analysis
and Machine Intelligence 2007, for the votes; A. Newson, A. Almansa, M. Fradet, Y. Gousseau,
P. Pérez, "Video inpainting of complex scenes", SIAM J. Imaging Sciences 2014, for the texture
features, without which a blurred fill finds smooth windows only.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_cdt

from inpaintbench.methods.base import Mask
from inpaintbench.methods.kernels.known import clear_windows
from inpaintbench.methods.kernels.patchmatch import scatter, search, vote
from inpaintbench.methods.kernels.pyramid import halve, texture

SHORTEST_SIDE = 16
"""Shortest side in pixels of a level on which windows are matched."""

FEWEST_SOURCES = 16
"""Windows without a hole that a level must have for its windows to be matched."""

ENOUGH_SOURCES = 0.2
"""Share of windows without a hole up to which a level's windows are made smaller."""

SMALLEST_WINDOW = 3

MORE_ITERATIONS = 2
"""By how much the rounds of search and vote grow from a level to the next coarser one."""

FALLOFF = 5.0
"""Ratio of the weights of two windows, of which one lies a pixel deeper in the hole."""

DEEPEST = 40
"""Depth in the hole from which weights stay the same, in pixels; smaller ones would vanish."""

TEXTURE_WEIGHT = 4.0
"""Scale of texture features beside colours."""

TEXTURE_REACH = 2
"""Texture is measured in a square of as many pixels to each side."""


def complete(
    image: NDArray[np.float32], mask: Mask, size: int, iterations: int, sweeps: int, seed: int
) -> NDArray[np.float32]:
    """Fill the hole of an image.

    Parameters
    ----------
    image : (H, W, C) array of float32
        Values from 0 to 255, 0 in the hole.
    mask : (H, W) array of bool
        True = hole; something is known.
    size : int
        Side of a window, odd. Windows are smaller on levels that have few without a hole.
    iterations : int
        Rounds of search and vote at the finest level.
    sweeps : int
        Passes of PatchMatch over the windows in a round.
    seed : int
        Seed of the random numbers.

    Returns
    -------
    (H, W, C) array of float32
    """
    channels = image.shape[2]
    features = TEXTURE_WEIGHT * texture(image, mask, TEXTURE_REACH)
    features[mask] = 0
    levels = [(np.concatenate([image, features], axis=2), mask)]
    while levels[-1][1].any():
        levels.append(halve(*levels[-1]))
    filled, _ = levels.pop()
    resolution = _resolution(size, channels)
    field: NDArray[np.int32] | None = None
    coarser_half = 0
    for number, (values, hole) in reversed(list(enumerate(levels))):
        coarse = filled.repeat(2, 0).repeat(2, 1)[: hole.shape[0], : hole.shape[1]]
        filled = np.where(hole[..., None], coarse, values)
        if min(hole.shape) < max(SHORTEST_SIDE, 2 * size):
            continue
        side, usable = _windows(hole, size)
        if usable.sum() < FEWEST_SOURCES:
            continue
        targets = np.argwhere(~usable).astype(np.int32)
        weights = _weights(hole, usable, side // 2)
        keys = np.random.SeedSequence((seed, number)).generate_state(
            1 + iterations + MORE_ITERATIONS * number, np.uint64
        ) >> np.uint64(1)
        if field is None:
            field = np.zeros((*usable.shape, 2), np.int32)
            scatter(np.argwhere(usable).astype(np.int32), field, int(keys[0]))
        else:
            field = _doubled(field, coarser_half, usable.shape, side // 2)
            vote(filled, hole, side, targets, usable, field, weights)
        distances = np.full(usable.shape, -1, np.int32)
        for key in keys[1:]:
            compared = np.round(filled * resolution).astype(np.int32).reshape(len(hole), -1)
            search(compared, side, targets, usable, field, distances, sweeps, int(key))
            vote(filled, hole, side, targets, usable, field, weights)
        coarser_half = side // 2
    return filled[..., :channels]


def _resolution(size: int, channels: int) -> float:
    """Return the steps in a level at which features are compared, for sums to stay below 2³¹."""
    largest = size**2 * 255**2 * (channels + 2 * TEXTURE_WEIGHT**2)
    return min(4.0, float(np.sqrt((2**31 - 1) / largest)) * 0.999)


def _windows(hole: Mask, side: int) -> tuple[int, NDArray[np.bool_]]:
    """Choose the side of a level's windows, and tell those without a hole by their top left."""
    while True:
        usable = clear_windows(hole, side)
        if side <= SMALLEST_WINDOW or usable.mean() >= ENOUGH_SOURCES:
            return side, usable
        side -= 2


def _weights(hole: Mask, usable: NDArray[np.bool_], half: int) -> NDArray[np.float32]:
    """Weigh windows by how deep in the hole their centres lie: what is known has its say first."""
    height, width = usable.shape
    depth = distance_transform_cdt(hole, "taxicab")[half : half + height, half : half + width]
    weights: NDArray[np.float32] = (FALLOFF ** -np.minimum(depth, DEEPEST)).astype(np.float32)
    return weights


def _doubled(
    field: NDArray[np.int32], half: int, shape: tuple[int, ...], finer_half: int
) -> NDArray[np.int32]:
    """Carry matches to a level twice as fine: windows around the same place, shifts doubled.

    `half` and `finer_half` are the halved sides of the windows of both levels.
    """
    shifts = 2 * (field - np.moveaxis(np.indices(field.shape[:2]), 0, 2))
    rows, columns = (
        np.clip((np.arange(finer) + finer_half) // 2 - half, 0, coarse - 1)
        for finer, coarse in zip(shape, field.shape, strict=False)
    )
    matches = np.moveaxis(np.indices(shape), 0, 2) + shifts[rows[:, None], columns]
    return np.ascontiguousarray(np.clip(matches, 0, np.array(shape) - 1), np.int32)
