"""The floor of every benchmark: one colour for the whole hole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inpaintbench.methods.base import Image, Mask, Method


@dataclass(frozen=True)
class MeanFill(Method):
    """Mean of the known pixels, channel by channel: the floor of every table.

    A method that doesn't beat it has learnt nothing from the picture. Where nothing is known the
    result is black.
    """

    family = "baseline"

    def inpaint(self, image: Image, mask: Mask) -> NDArray[np.generic]:
        """Fill the hole with the mean of the known pixels."""
        result = image.astype("float64")
        known = ~mask
        result[mask] = result[known].mean(axis=0) if known.any() else 0.0
        return result
