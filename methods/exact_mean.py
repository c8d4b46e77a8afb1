"""The mean of what a hole may hold, where the distribution of images is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inpaintbench.images import gaussian
from inpaintbench.methods.base import Image, Mask, Method


@dataclass(frozen=True)
class ExactMean(Method):
    """Mean of the hole given the known pixels: the smallest possible squared error.

    For the dataset ``known-posterior`` alone, whose distribution it knows; any image of that form
    is taken for one of its.
    """

    family = "other"
    requires = ("scipy",)

    def setup(self, device: str, seed: int) -> None:
        """Factorise the covariances."""
        gaussian.prepare()

    def skip(self, shape: tuple[int, int, int], dtype: np.dtype[np.generic]) -> str | None:
        """Refuse images that aren't the dataset's."""
        return gaussian.not_known(shape, dtype)

    def inpaint(self, image: Image, mask: Mask) -> NDArray[np.generic]:
        """Fill with the conditional mean."""
        if not mask.any():
            return image
        return gaussian.filled(image, mask, gaussian.posterior(image, mask).mean())
