"""Harmonic inpainting: Laplace's equation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inpaintbench.methods.base import Image, Mask
from inpaintbench.methods.kernels.diffusion import Diffusion
from inpaintbench.methods.kernels.known import blanked


@dataclass(frozen=True)
class Harmonic(Diffusion):
    """Harmonic surface through the known pixels: Laplace's equation, solved exactly.

    The smoothest fill in the sense of least squared gradient. Edges blur into the hole, and no
    value leaves the range of the known pixels. Nothing flows across the image border.
    """

    paper = (
        'T. F. Chan, J. Shen, "Mathematical models for local nontexture inpaintings", '
        "SIAM J. Applied Mathematics 2002"
    )
    requires = ("scipy",)

    def inpaint(self, image: Image, mask: Mask) -> NDArray[np.generic]:
        """Fill the hole with the solution of Laplace's equation."""
        from inpaintbench.methods.kernels.elliptic import Equation

        source = blanked(image, mask)
        if not mask.any() or mask.all():
            return source
        return Equation(mask, 1).fill(source.astype(np.float64))
