"""Nearest known pixel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inpaintbench.methods.base import Image, Mask, Method
from inpaintbench.methods.kernels.known import blanked


@dataclass(frozen=True)
class Nearest(Method):
    """Nearest known pixel by Euclidean distance: a Voronoi diagram of the hole's rim.

    Where nothing is known the result is black.
    """

    family = "baseline"
    requires = ("scipy",)

    def inpaint(self, image: Image, mask: Mask) -> NDArray[np.generic]:
        """Copy the nearest known pixel into each pixel of the hole."""
        from scipy.ndimage import distance_transform_edt

        result = blanked(image, mask)
        if mask.any() and not mask.all():
            rows, columns = distance_transform_edt(
                mask, return_distances=False, return_indices=True
            )
            result[mask] = image[rows[mask], columns[mask]]
        return result
