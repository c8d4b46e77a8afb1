"""How visible the rim of the hole is, without a reference."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from inpaintbench.images.types import Mask
from inpaintbench.metrics.base import Metric, Result

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
    bounds = (0.0, math.inf)
    needs_reference = False
    axis = None

    id = f"seam[ratio,{_REACH}px]"
    label = "Seam"

    def score(self, result: Result) -> float:
        """Compare the rim with its surroundings; the reference gives known pixels only."""
        import cv2

        image = result.composite.astype(np.float64)
        square = np.ones((2 * _REACH + 1, 2 * _REACH + 1), np.uint8)
        near = cv2.dilate(result.mask.astype(np.uint8), square).astype(np.bool_)
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
