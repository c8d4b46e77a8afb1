"""Images as networks that were trained on ImageNet take them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inpaintbench.images.types import Image
from inpaintbench.metrics.base import Result
from inpaintbench.metrics.difference import top
from inpaintbench.metrics.network.reference import Change

# ImageNet's mean and standard deviation on the scale −1 to 1, as LPIPS v0.1 has them.
_SHIFT = np.array([-0.030, -0.088, -0.188], np.float32)
_SCALE = np.array([0.458, 0.448, 0.450], np.float32)


def network_input(pixels: Image) -> NDArray[np.float32]:
    """Scale ``n×C`` pixels from −1 to 1 and normalise them, grey repeated in three channels."""
    factor = np.float32(2 / top(pixels.dtype)) / _SCALE
    normalised: NDArray[np.float32] = pixels * factor
    normalised -= (1 + _SHIFT) / _SCALE
    return normalised


def network_change(result: Result, raw: bool = False) -> Change:
    """Take the pixels of the composite, or of the raw output, that differ from the reference's."""
    where = result.changed(raw)
    pixels = result.output.reshape(where.size, -1)
    # six times faster than indexing with the mask
    return Change(where, network_input(pixels.take(np.flatnonzero(where), axis=0)))
