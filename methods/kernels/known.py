"""The known pixels of a damaged image, freed from whatever the hole holds."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from inpaintbench.methods.base import Image, Mask


def blanked(image: Image, mask: Mask) -> NDArray[Any]:
    """Return a copy of the image with zeros in the hole.

    The harness hands over such an image already; for libraries that read the hole it is blanked
    again, so that nothing in it can matter to a person who calls the method directly.
    """
    result = image.copy()
    result[mask] = 0
    return np.ascontiguousarray(result)


def clear_windows(hole: Mask, side: int) -> Mask:
    """Tell which windows hold no hole pixel, by their top left one."""
    sums = np.pad(hole.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    corners = sums[side:, side:] + sums[:-side, :-side]
    clear: Mask = corners == sums[:-side, side:] + sums[side:, :-side]
    return clear
