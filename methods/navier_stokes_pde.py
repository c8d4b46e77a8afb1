"""Image inpainting by the equations of fluid flow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inpaintbench.methods.base import Mask
from inpaintbench.methods.kernels.diffusion import PlaneDiffusion
from inpaintbench.methods.kernels.planes import Planes, luma_chroma, red_green_blue


@dataclass(frozen=True)
class NavierStokesPde(PlaneDiffusion):
    """Steady Navier-Stokes flow (Bertalmio, Bertozzi, Sapiro 2001), in vorticity and stream.

    The image is the stream function of a viscous flow: isophotes are its streamlines, and its
    Laplacian, the vorticity, is carried along them into the hole, diffused after Perona and Malik.
    Finds the steady flow by alternating the transport of vorticity with Poisson's equation.
    Colour flows as luma and two colour differences. Where the rim of a wide hole is noisy, the
    flow overshoots as the biharmonic surface does; values stay within the range of the known
    pixels. ``navier-stokes`` is OpenCV's method of the same name, which solves no equation.

    Parameters
    ----------
    viscosity : float
        With the image's range at 1: low values carry isophotes further, high ones tend to the
        biharmonic surface.
    contrast : float
        Slope of the vorticity at which it diffuses half as fast.
    iterations : int
        Most rounds of transport and Poisson's equation.
    tolerance : float
        Largest change of a pixel in a round at which to stop, with the image's range at 1.
    """

    viscosity: float = 0.3
    contrast: float = 0.1
    iterations: int = 150
    tolerance: float = 1e-4

    paper = (
        'M. Bertalmio, A. L. Bertozzi, G. Sapiro, "Navier-Stokes, fluid dynamics, and image and '
        'video inpainting", CVPR 2001'
    )

    def __post_init__(self) -> None:
        if self.viscosity <= 0 or self.contrast <= 0:
            raise ValueError("viscosity and contrast must be above 0")
        if self.iterations < 0 or self.tolerance < 0:
            raise ValueError("iterations and tolerance must not be negative")

    def _solve(self, values: Planes, mask: Mask) -> Planes:
        from inpaintbench.methods.kernels.vorticity import vorticity_fill

        flow, _ = vorticity_fill(
            luma_chroma(values).transpose(1, 2, 0).astype(np.float64),
            mask,
            self.viscosity,
            self.contrast,
            self.iterations,
            self.tolerance,
        )
        return red_green_blue(flow.transpose(2, 0, 1).astype(np.float32))
