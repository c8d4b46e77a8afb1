"""How visible the rim of the hole is, without a reference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inpaintbench.images.types import Image, Mask
from inpaintbench.metrics.base import Metric, Result, Score

_REACH = 4
"""Distance from the rim, in pixels, within which known neighbours are compared with it."""


@dataclass(frozen=True)
class Seam(Metric):
    """Contrast across the hole's rim over the contrast of the known pixels beside it.

    The mean absolute difference between 4-connected neighbours of which one is hole and one is
    known, divided by that between neighbours that are both known and at most 4 px (in either
    direction) from a hole pixel. 1 means that the rim is no more visible than what surrounds it;
    above 1 a seam shows, below 1 the fill is smoother than its surroundings. It needs no
    reference, and it is no measure of quality by itself: a blur has a low seam. NaN where there
    is no rim, or the surroundings are flat.
    """

    name = "seam"
    higher_is_better = False
    needs_reference = False
    measures_quality = False

    @property
    def id(self) -> str:
        """Name the statistic and its neighbourhood."""
        return f"seam[ratio,{_REACH}px]"

    @property
    def label(self) -> str:
        """Name the statistic."""
        return "Seam"

    @property
    def worst(self) -> float:
        """Have no bound."""
        return float("inf")

    def bind(self, reference: Image) -> Score:
        """Return the statistic of a composite; the reference gives its known pixels only."""
        return _seam


def _seam(result: Result) -> float:
    image = result.composite.astype(np.float64)
    near = _dilated(result.mask, _REACH)
    across, beside = [], []
    for axis in (0, 1):
        contrast = np.abs(np.diff(image, axis=axis)).mean(axis=2)
        first, second = _neighbours(result.mask, axis)
        near_first, near_second = _neighbours(near, axis)
        across.append(contrast[first != second])
        beside.append(contrast[~first & ~second & near_first & near_second])
    rim, surroundings = np.concatenate(across), np.concatenate(beside)
    if not rim.size or not surroundings.any():
        return float("nan")
    return float(rim.mean() / surroundings.mean())


def _neighbours(mask: Mask, axis: int) -> tuple[Mask, Mask]:
    """Return a mask at both ends of every pair of neighbours along an axis."""
    if axis == 0:
        return mask[:-1], mask[1:]
    return mask[:, :-1], mask[:, 1:]


def _dilated(mask: Mask, reach: int) -> NDArray[np.bool_]:
    """Grow a mask by a square of `reach` pixels each way."""
    import cv2

    side = 2 * reach + 1
    grown = cv2.dilate(mask.astype(np.uint8), np.ones((side, side), np.uint8))
    return np.asarray(grown, dtype=np.bool_)
