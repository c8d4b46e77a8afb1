"""A draw of what a hole may hold, where the distribution of images is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inpaintbench.images import gaussian
from inpaintbench.methods.base import Image, Mask, Method


@dataclass(frozen=True)
class ExactSample(Method):
    """Draw of the hole given the known pixels: as likely as the truth itself.

    For the dataset ``known-posterior`` alone, whose distribution it knows; any image of that form
    is taken for one of its. Draws come from NumPy's global generator, which the harness seeds.
    """

    family = "other"
    deterministic = False
    requires = ("scipy",)

    def setup(self, device: str, seed: int) -> None:
        """Factorise the covariances."""
        gaussian.prepare()

    def skip(self, shape: tuple[int, int, int], dtype: np.dtype[np.generic]) -> str | None:
        """Refuse images that aren't the dataset's."""
        return gaussian.not_known(shape, dtype)

    def inpaint(self, image: Image, mask: Mask) -> NDArray[np.generic]:
        """Fill with a draw from the conditional distribution."""
        if not mask.any():
            return image
        uniform = np.random.random_sample()  # noqa: NPY002 - the generator that is seeded
        normal = np.random.standard_normal(int(mask.sum()))  # noqa: NPY002
        pixels = gaussian.posterior(image, mask).sample(uniform, normal)
        return gaussian.filled(image, mask, pixels)
