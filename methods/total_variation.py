"""Total variation inpainting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from inpaintbench.methods.base import Image, Mask, Method

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class TotalVariation(Method):
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

    family = "diffusion"
    paper = (
        'T. F. Chan, J. Shen, "Mathematical models for local nontexture inpaintings", '
        "SIAM J. Applied Mathematics 2002"
    )
    requires = ("numba", "scipy")

    def __post_init__(self) -> None:
        if self.iterations < 1 or self.tolerance < 0:
            raise ValueError("iterations must be at least 1 and tolerance not negative")

    def setup(self, device: str, seed: int) -> None:
        """Compile, or load what was compiled before."""
        import numpy as np

        self.inpaint(np.zeros((4, 4, 1), np.uint8), np.eye(4, dtype=bool))

    def inpaint(self, image: Image, mask: Mask) -> NDArray[np.generic]:
        """Fill the hole with the values of least total variation."""
        from inpaintbench.methods.kernels.planes import filled, planes
        from inpaintbench.methods.kernels.variation import total_variation_fill

        values = planes(image, mask)
        if mask.any() and not mask.all():
            values, _ = total_variation_fill(values, mask, self.iterations, self.tolerance)
        return filled(image, mask, values)
