"""Harmonic inpainting: Laplace's equation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from inpaintbench.methods.base import Image, Mask, Method

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Harmonic(Method):
    """Harmonic surface through the known pixels: Laplace's equation, solved exactly.

    The smoothest fill in the sense of least squared gradient. Edges blur into the hole, and no
    value leaves the range of the known pixels. Nothing flows across the image border.
    """

    family = "diffusion"
    paper = (
        'T. F. Chan, J. Shen, "Mathematical models for local nontexture inpaintings", '
        "SIAM J. Applied Mathematics 2002"
    )
    requires = ("scipy",)

    def setup(self, device: str, seed: int) -> None:
        """Import the library."""
        import numpy as np

        self.inpaint(np.zeros((4, 4, 1), np.uint8), np.eye(4, dtype=bool))

    def inpaint(self, image: Image, mask: Mask) -> NDArray[np.generic]:
        """Fill the hole with the solution of Laplace's equation."""
        from inpaintbench.methods.kernels.elliptic import harmonic_fill
        from inpaintbench.methods.kernels.known import blanked

        source = blanked(image, mask)
        if not mask.any() or mask.all():
            return source
        return harmonic_fill(source.astype("float64"), mask)
