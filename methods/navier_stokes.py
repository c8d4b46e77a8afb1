"""OpenCV's "Navier-Stokes" inpainting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from inpaintbench.methods.base import Image, Mask, Method

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class NavierStokes(Method):
    """Isophote-weighted fast marching, as OpenCV implements Bertalmio 2001.

    OpenCV's ``INPAINT_NS`` solves no differential equation: like Telea's method it marches inwards
    and gives each pixel a weighted average of the known pixels within `radius`, with weights that
    favour those lying along the isophote. ``navier-stokes-pde`` is the method of the paper. OpenCV
    handles colour in 8 bits only, and reads the hole's own pixels where a hole touches the image
    border, so they are made black first.

    Parameters
    ----------
    radius : float
        Neighbourhood in pixels; OpenCV clamps it to 1–100.
    """

    radius: float = 3.0

    family: ClassVar[str] = "diffusion"
    paper: ClassVar[str] = (
        'M. Bertalmio, A. L. Bertozzi, G. Sapiro, "Navier-Stokes, fluid dynamics, and image and '
        'video inpainting", CVPR 2001'
    )
    requires: ClassVar[tuple[str, ...]] = ("opencv-contrib-python-headless",)

    def inpaint(self, image: Image, mask: Mask) -> NDArray[np.generic]:
        """Fill the hole with ``cv2.INPAINT_NS``."""
        import cv2

        from inpaintbench.methods.kernels.fast_marching import march

        return march(image, mask, self.radius, cv2.INPAINT_NS)

    def skip(self, shape: tuple[int, int, int], dtype: np.dtype[np.generic]) -> str | None:
        """Refuse 16-bit colour, which OpenCV's inpainting does not take."""
        from inpaintbench.methods.kernels.fast_marching import refusal

        return refusal(shape, dtype)
