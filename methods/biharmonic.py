"""Biharmonic inpainting, from scikit-image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from inpaintbench.methods.base import Image, Mask
from inpaintbench.methods.kernels.diffusion import Diffusion
from inpaintbench.methods.kernels.known import blanked


@dataclass(frozen=True)
class Biharmonic(Diffusion):
    """Biharmonic surface through the known pixels, as implemented in scikit-image.

    Solves the biharmonic equation in the hole, with values and slopes taken from its surroundings:
    smooth, and free of Laplace's cusps at single known pixels. The result is clipped to the range
    of the known pixels, channel by channel.

    Parameters
    ----------
    solver : {"scikit-image", "direct"}
        Who solves the equations: ``skimage.restoration.inpaint_biharmonic``, or SciPy's SuperLU in
        its symmetric mode, which gives the same result, faster up to 512².
    """

    solver: Literal["scikit-image", "direct"] = "scikit-image"

    paper = (
        'S. B. Damelin, N. S. Hoang, "On surface completion and image inpainting by biharmonic '
        'functions: numerical aspects", Int. J. Mathematics and Mathematical Sciences 2018'
    )
    requires = ("scikit-image", "scipy")

    def inpaint(self, image: Image, mask: Mask) -> NDArray[np.generic]:
        """Fill the hole with a biharmonic surface."""
        source = blanked(image, mask)
        if not mask.any() or mask.all():
            return source
        if self.solver == "direct":
            from inpaintbench.methods.kernels.elliptic import Equation

            surface = Equation(mask, 2).fill(source.astype(np.float64))
            known = source[~mask].T.copy()  # long rows: NumPy reduces short ones one by one
            surface[mask] = np.clip(surface[mask], known.min(axis=1), known.max(axis=1))
            return surface
        from skimage.restoration import inpaint_biharmonic

        # scikit-image returns floats with the dtype's maximum at 1.
        highest = float(np.iinfo(image.dtype).max)
        result: NDArray[np.float64] = inpaint_biharmonic(source, mask, channel_axis=-1) * highest
        return result
