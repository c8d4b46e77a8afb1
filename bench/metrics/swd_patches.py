"""Sliced Wasserstein distance between the patches of a fill and those of the truth."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from inpaintbench.images.types import Image, Mask
from inpaintbench.metrics.base import Axis, Metric, Result, Score
from inpaintbench.metrics.difference import top

Floats: TypeAlias = NDArray[np.float32]

_AT_ONCE = 1 << 14
"""Patches that are copied out at a time."""

_PROJECTIONS_AT_ONCE = 1 << 24
"""Numbers that are held at a time for each image, 64 MB, unless one direction alone has more."""


@dataclass(frozen=True)
class SWDPatches(Metric):
    """Sliced Wasserstein distance over the patches that overlap the hole, in levels.

    Composite and reference are taken apart into Laplacian pyramids. At each level, the square
    patches with at least one hole pixel are projected on random directions of length 1; on each
    direction, the 1-Wasserstein distance of the two sets of numbers is the mean difference of the
    sorted ones. The score is the mean over directions and levels. It compares which patches there
    are, not where: another sample of the same texture is close, a blur isn't. NaN for an image
    whose coarsest level is smaller than a patch.

    Parameters
    ----------
    patch : int
        Side of a patch, in pixels of its level.
    directions : int
        Random directions for each level.
    levels : int
        Levels of the pyramid; 1 compares patches of the images themselves.
    seed : int
        Of the directions.
    """

    patch: int = 7
    directions: int = 128
    levels: int = 3
    seed: int = 0

    name = "swd-patches"
    unit = "levels"
    higher_is_better = False
    bounds = (0.0, math.inf)
    axis = Axis.perception

    def __post_init__(self) -> None:
        for parameter, least in (("patch", 1), ("directions", 1), ("levels", 1), ("seed", 0)):
            if getattr(self, parameter) < least:
                raise ValueError(
                    f"{parameter} must be at least {least}, not {getattr(self, parameter)}"
                )

    @property
    def id(self) -> str:
        """``swd-patches[7px,128-directions,3-levels,seed0]``."""
        settings = f"{self.patch}px,{self.directions}-directions,{self.levels}-levels"
        return f"{self.name}[{settings},seed{self.seed}]"

    @property
    def label(self) -> str:
        """``SWD`` with the parameters unless they are the usual ones."""
        return "SWD" if self == SWDPatches() else f"SWD {self.id.removeprefix(self.name)}"

    @property
    def worst(self) -> float:
        """No score is above it: values of a band lie at most 510 apart, three channels a pixel."""
        return 510 * self.patch * math.sqrt(3)

    def bind(self, reference: Image) -> Score:
        """Build the reference's pyramid."""
        if min(reference.shape[:2]) <= (self.patch - 1) << (self.levels - 1):
            return lambda result: math.nan
        true = _pyramid(reference, self.levels)

        def score(result: Result) -> float:
            if not result.difference.changed.any():
                return 0.0
            made = _pyramid(result.composite, self.levels)
            holes = _hole_at_levels(result.mask, self.levels)
            return float(np.mean([*map(self._distance, made, true, holes)]))

        return score

    def _distance(self, made: Floats, true: Floats, hole: Mask) -> float:
        """Compare the patches of one level, an image ``h×w×C``, with each other."""
        places = _overlapping(hole, self.patch)
        directions = _directions(self.seed, self.directions, self.patch**2 * made.shape[2])
        total = 0.0
        step = max(1, _PROJECTIONS_AT_ONCE // len(places))
        for few in (directions[start : start + step] for start in range(0, self.directions, step)):
            ours, theirs = (
                np.sort(_project(band, places, self.patch, few), axis=1) for band in (made, true)
            )
            total += float(np.abs(ours - theirs).mean(axis=1, dtype=np.float64).sum())
        return total / self.directions


def _pyramid(image: Image, levels: int) -> list[Floats]:
    """Take an image apart, in levels of 255: bands of detail, and what is left in the last.

    The filter is the binomial one of 5×5, the border mirrored.
    """
    import cv2

    rest = image.astype(np.float32) * np.float32(255 / top(image.dtype))
    bands = []
    for _ in range(levels - 1):
        half = _channels(cv2.pyrDown(rest))
        bands.append(rest - _channels(cv2.pyrUp(half, dstsize=rest.shape[1::-1])))
        rest = half
    return [*bands, rest]


def _channels(image: Floats) -> Floats:
    """Give a grey image its axis of channels back, which OpenCV drops."""
    return image.reshape(*image.shape[:2], -1)


def _hole_at_levels(mask: Mask, levels: int) -> Iterator[Mask]:
    """Yield the hole at each level: the pixels that the filter makes of any hole pixel."""
    import cv2

    yield mask
    for _ in range(levels - 1):
        mask = cv2.pyrDown(mask.astype(np.float32)) > 0
        yield mask


def _overlapping(hole: Mask, patch: int) -> NDArray[np.intp]:
    """Return row and column of the first pixel of every patch with a hole pixel, ``n×2``."""
    import cv2

    square = np.ones((patch, patch), np.uint8)
    touched = cv2.dilate(hole.astype(np.uint8), square, anchor=(0, 0))
    height, width = hole.shape
    return np.argwhere(touched[: height - patch + 1, : width - patch + 1])


def _project(band: Floats, places: NDArray[np.intp], patch: int, directions: Floats) -> Floats:
    """Project patches on directions ``m×d``; returns ``m×n``."""
    patches = sliding_window_view(band, (patch, patch), axis=(0, 1))
    found = np.empty((len(directions), len(places)), np.float32)
    for start in range(0, len(places), _AT_ONCE):
        rows, columns = places[start : start + _AT_ONCE].T
        flat = patches[rows, columns].reshape(len(rows), -1)
        np.matmul(directions, flat.T, out=found[:, start : start + len(rows)])
    return found


@lru_cache(maxsize=8)
def _directions(seed: int, count: int, length: int) -> Floats:
    """Draw directions of length 1, uniformly on the sphere, ``count×length``.

    From the generator's raw bits, which are the same in every version of numpy.
    """
    from scipy.special import ndtri

    bits = np.random.PCG64(seed).random_raw(count * length).reshape(count, length)
    normal = ndtri(((bits >> np.uint64(11)) + 0.5) * 2.0**-53)
    drawn: Floats = (normal / np.linalg.norm(normal, axis=1, keepdims=True)).astype(np.float32)
    return drawn
