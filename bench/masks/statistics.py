"""What a mask measures: how much it covers, how thick it is, whether it touches the border.

Results are grouped by these, so the bins say which of their ends they hold: every bin is open on
the left and closed on the right, as in ``(0.1, 0.2]`` and as those of ``pandas.cut``.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import inf, sqrt

import numpy as np

from inpaintbench.images.types import Mask

COVERAGE_EDGES = (0.0, 0.01, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 1.0)
"""Ends of the coverage bins: those of the partial-convolution masks, and what lies outside."""

THICKNESS_EDGES = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, inf)
"""Ends of the thickness bins in pixels, each twice the one before."""


@dataclass(frozen=True)
class MaskStatistics:
    """Measures of one mask.

    Parameters
    ----------
    coverage : float
        Hole area / image area.
    thickness : float
        Radius in pixels of the largest disc inside the hole: the largest Euclidean distance from
        a pixel of the hole to the nearest known pixel. What lies outside the image counts neither
        as known nor as a limit, since nothing can be copied from there. 0 without a hole, infinite
        without a known pixel.
    border_contact : bool
        Whether a pixel of the hole lies on the first or last row or column.
    """

    coverage: float
    thickness: float
    border_contact: bool


def mask_statistics(mask: Mask) -> MaskStatistics:
    """Measure an ``H×W`` bool mask (True = hole)."""
    edges = (mask[0], mask[-1], mask[:, 0], mask[:, -1])
    return MaskStatistics(
        coverage=float(np.count_nonzero(mask)) / mask.size,
        thickness=_thickness(mask),
        border_contact=any(bool(edge.any()) for edge in edges),
    )


def _thickness(mask: Mask) -> float:
    import cv2

    if mask.all():
        return inf
    # The nearest known pixel is never beyond the ring of known ones around the hole's box.
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    box = mask[max(top - 1, 0) : top + height + 1, max(left - 1, 0) : left + width + 1]
    distance = cv2.distanceTransform(
        box.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE, dstType=cv2.CV_32F
    )
    # The square of a distance between pixels is an integer: undo the rounding to 32 bits.
    return sqrt(round(float(distance.max()) ** 2))


def bin_labels(edges: tuple[float, ...]) -> list[str]:
    """Name the bins between consecutive ends: ``(0.1, 0.2]``."""
    return [f"({low:g}, {high:g}]" for low, high in pairwise(edges)]
