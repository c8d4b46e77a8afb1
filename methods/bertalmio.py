"""Image inpainting by isophote transport: the method that gave the field its name."""

from __future__ import annotations

from dataclasses import dataclass

from inpaintbench.methods.base import Mask
from inpaintbench.methods.kernels.diffusion import PlaneDiffusion
from inpaintbench.methods.kernels.planes import Planes, luma_chroma, red_green_blue


@dataclass(frozen=True)
class Bertalmio(PlaneDiffusion):
    """Isophote transport with anisotropic diffusion (Bertalmio, Sapiro, Caselles, Ballester 2000).

    Carries the image's Laplacian along its isophotes into the hole, a few steps at a time, and
    between them diffuses along isophotes so that they don't cross. As in the paper, colour is
    evolved as luma and two colour differences. The hole starts as the harmonic surface, where the
    paper leaves the start open; in a hole many times wider than its isophotes are sharp, the
    result stays near it. Values are kept within the range of the known pixels.

    Parameters
    ----------
    cycles : int
        Most cycles of transport and diffusion.
    transport, diffusion : int
        Steps of each in a cycle.
    step : float
        Time step, with the image's range at 1; beyond about 0.2 the transport grows unstable.
    tolerance : float
        Mean change of the hole in a cycle at which to stop, with the image's range at 1.
    """

    cycles: int = 100
    transport: int = 15
    diffusion: int = 2
    step: float = 0.1
    tolerance: float = 1e-5

    paper = 'M. Bertalmio, G. Sapiro, V. Caselles, C. Ballester, "Image inpainting", SIGGRAPH 2000'

    def __post_init__(self) -> None:
        if min(self.cycles, self.transport, self.diffusion) < 0 or self.tolerance < 0:
            raise ValueError("cycles, transport, diffusion and tolerance must not be negative")
        if not 0 < self.step <= 0.2:
            raise ValueError("step must be above 0 and at most 0.2, beyond which it is unstable")

    def _solve(self, values: Planes, mask: Mask) -> Planes:
        from inpaintbench.methods.kernels.isophotes import isophote_fill

        evolved, _ = isophote_fill(
            luma_chroma(values),
            mask,
            self.cycles,
            self.transport,
            self.diffusion,
            self.step,
            self.tolerance,
        )
        return red_green_blue(evolved)
