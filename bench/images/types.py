"""What an image and a mask are, everywhere."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Image: TypeAlias = NDArray[np.uint8] | NDArray[np.uint16]
"""``H×W×C``, C = 1 (grey) or 3 (RGB), ``uint8`` or ``uint16``."""

Mask: TypeAlias = NDArray[np.bool_]
"""``H×W`` bool, True = hole."""

MOST_PIXELS = 2**28
"""The most that an image may have, so that nobody's file takes all of a reader's memory."""


def contiguous(pixels: NDArray[np.generic]) -> Image:
    """Lay 8- or 16-bit pixels out in C order, copying only where they aren't."""
    laid_out = np.ascontiguousarray(pixels)
    if laid_out.dtype == np.uint8:
        return laid_out.view(np.uint8)
    return laid_out.view(np.uint16)
