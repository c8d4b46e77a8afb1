"""What a mask measures: how much it covers, how thick it is, whether it touches the border.

Results are grouped by these, so the bins say which of their ends they hold: every bin is open on
the left and closed on the right, as in ``(0.1, 0.2]``.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import inf, sqrt
from typing import TYPE_CHECKING, Any, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

from inpaintbench.images.types import Mask

if TYPE_CHECKING:
    import pandas as pd

Column: TypeAlias = "pd.Series[Any] | NDArray[np.floating[Any]]"

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


@overload
def coverage_bin(coverage: float) -> str: ...
@overload
def coverage_bin(coverage: Column) -> pd.Categorical[str]: ...
def coverage_bin(coverage: float | Column) -> str | pd.Categorical[str]:
    """Name the bin of a coverage, ``(0.1, 0.2]``; of a column, as ordered categories."""
    return _bin(coverage, COVERAGE_EDGES)


@overload
def thickness_bin(thickness: float) -> str: ...
@overload
def thickness_bin(thickness: Column) -> pd.Categorical[str]: ...
def thickness_bin(thickness: float | Column) -> str | pd.Categorical[str]:
    """Name the bin of a thickness in pixels, ``(4, 8]``; of a column, as ordered categories."""
    return _bin(thickness, THICKNESS_EDGES)


def bin_labels(edges: tuple[float, ...]) -> list[str]:
    """Name the bins between consecutive ends."""
    return [f"({low:g}, {high:g}]" for low, high in pairwise(edges)]


def _bin(value: float | Column, edges: tuple[float, ...]) -> str | pd.Categorical[str]:
    """Find the bin with ``low < value <= high``.

    Raises
    ------
    ValueError
        When a value lies in no bin: no hole, or not a number.
    """
    values = np.asarray(value, dtype=np.float64)
    if not ((values > edges[0]) & (values <= edges[-1])).all():
        raise ValueError(f"a value outside {edges[0]:g} < value <= {edges[-1]:g} has no bin")
    position = np.searchsorted(edges, values, side="left") - 1
    labels = bin_labels(edges)
    if values.ndim == 0:
        return labels[int(position)]
    import pandas as pd

    return pd.Categorical.from_codes(position, pd.Index(labels), ordered=True)
