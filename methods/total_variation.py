"""Total variation inpainting."""

from __future__ import annotations

from dataclasses import dataclass

from inpaintbench.methods.base import Mask
from inpaintbench.methods.kernels.diffusion import PlaneDiffusion
from inpaintbench.methods.kernels.planes import Planes


@dataclass(frozen=True)
class TotalVariation(PlaneDiffusion):
    """Least total variation (Chan & Shen 2002): edges continue straight and stay sharp.

    Minimises the isotropic total variation of the image, channels coupled, over the values of the
    hole, by the primal-dual method of Chambolle and Pock (2011) from coarse to fine. An edge is
    carried across a hole that is narrower than the edge is long; a wider hole cuts it off.

    Parameters
    ----------
    iterations : int
        Most iterations at each size.
    tolerance : float
        Relative change of the variation around the hole, in fifty iterations, at which to stop.
    """

    iterations: int = 1000
    tolerance: float = 1e-5

    paper = (
        'T. F. Chan, J. Shen, "Mathematical models for local nontexture inpaintings", '
        "SIAM J. Applied Mathematics 2002"
    )

    def __post_init__(self) -> None:
        if self.iterations < 1 or self.tolerance < 0:
            raise ValueError("iterations must be at least 1 and tolerance not negative")

    def _solve(self, values: Planes, mask: Mask) -> Planes:
        from inpaintbench.methods.kernels.variation import total_variation_fill

        return total_variation_fill(values, mask, self.iterations, self.tolerance)[0]
