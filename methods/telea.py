"""Telea's fast-marching inpainting, from OpenCV."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from inpaintbench.methods.base import Image, Mask, Method

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Telea(Method):
    """Fast-marching inpainting (Telea 2004), as implemented in OpenCV.

    Each pixel of the front is a weighted average of the known pixels within `radius`, the front
    marching inwards by the eikonal equation. OpenCV handles colour in 8 bits only, and reads the
    hole's own pixels where a hole touches the image border, so they are made black first.

    Parameters
    ----------
    radius : float
        Neighbourhood in pixels; OpenCV clamps it to 1–100.
    """

    radius: float = 3.0

    family: ClassVar[str] = "diffusion"
    paper: ClassVar[str] = (
        'A. Telea, "An image inpainting technique based on the fast marching method", '
        "J. Graphics Tools 2004"
    )
    requires: ClassVar[tuple[str, ...]] = ("opencv-contrib-python-headless",)

    def inpaint(self, image: Image, mask: Mask) -> NDArray[np.generic]:
        """Fill the hole with ``cv2.INPAINT_TELEA``."""
        import cv2

        from inpaintbench.methods.kernels.fast_marching import march

        return march(image, mask, self.radius, cv2.INPAINT_TELEA)

    def skip(self, shape: tuple[int, int, int], dtype: np.dtype[np.generic]) -> str | None:
        """Refuse 16-bit colour, which OpenCV's inpainting does not take."""
        from inpaintbench.methods.kernels.fast_marching import refusal

        return refusal(shape, dtype)
