"""What the methods share that let the image's values flow into the hole."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from numpy.typing import NDArray

from inpaintbench.methods.base import Image, Mask, Method
from inpaintbench.methods.kernels.planes import Planes, filled, planes


class Diffusion(Method):
    """A method that fills from the rim, by kernels that are compiled or libraries to import."""

    family = "diffusion"

    def setup(self, device: str, seed: int) -> None:
        """Compile, or load what was compiled before; import the libraries."""
        self.inpaint(np.zeros((4, 4, 1), np.uint8), np.eye(4, dtype=bool))


class PlaneDiffusion(Diffusion):
    """A method that works on planes of single precision."""

    requires = ("numba", "scipy")

    @abstractmethod
    def _solve(self, values: Planes, mask: Mask) -> Planes:
        """Fill a hole that is neither empty nor the whole image."""

    def inpaint(self, image: Image, mask: Mask) -> NDArray[np.generic]:
        """Fill the hole, within the range of the known pixels."""
        values = planes(image, mask)
        if mask.any() and not mask.all():
            values = self._solve(values, mask)
        return filled(image, mask, values)
