"""Biharmonic inpainting, from scikit-image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from inpaintbench.methods.base import Image, Mask, Method

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Biharmonic(Method):
    """Biharmonic surface through the known pixels, as implemented in scikit-image.

    Solves the biharmonic equation in the hole, with values and slopes taken from its surroundings:
    smooth, and free of Laplace's cusps at single known pixels. The result is clipped to the range
    of the known pixels, channel by channel.
    """

    family: ClassVar[str] = "diffusion"
    paper: ClassVar[str] = (
        'S. B. Damelin, N. S. Hoang, "On surface completion and image inpainting by biharmonic '
        'functions: numerical aspects", Int. J. Mathematics and Mathematical Sciences 2018'
    )
    requires: ClassVar[tuple[str, ...]] = ("scikit-image", "scipy")

    def inpaint(self, image: Image, mask: Mask) -> NDArray[np.generic]:
        """Fill the hole with ``skimage.restoration.inpaint_biharmonic``."""
        import numpy as np
        from skimage.restoration import inpaint_biharmonic

        if not mask.any():
            return image.copy()
        if mask.all():
            return np.zeros_like(image)
        # scikit-image returns floats with the dtype's maximum at 1.
        highest = float(np.iinfo(image.dtype).max)
        result: NDArray[np.float64] = inpaint_biharmonic(image, mask, channel_axis=-1) * highest
        return result
