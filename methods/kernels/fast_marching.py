"""What OpenCV's two fast-marching methods share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from inpaintbench.methods.base import Image, Mask, Method
from inpaintbench.methods.kernels.known import blanked


@dataclass(frozen=True)
class FastMarching(Method):
    """Fill the hole with ``cv2.inpaint``, which may read it where it touches the image border."""

    radius: float = 3.0

    family = "diffusion"
    requires = ("opencv-contrib-python-headless",)

    flag: ClassVar[str]
    """The algorithm's name in OpenCV."""

    def inpaint(self, image: Image, mask: Mask) -> NDArray[np.generic]:
        """Fill the hole with ``cv2.inpaint``."""
        import cv2

        result: NDArray[np.generic] = cv2.inpaint(
            blanked(image, mask), mask.astype(np.uint8), self.radius, getattr(cv2, self.flag)
        )
        return result

    def skip(self, shape: tuple[int, int, int], dtype: np.dtype[np.generic]) -> str | None:
        """Refuse 16-bit colour, which OpenCV's inpainting does not take."""
        if dtype.itemsize > 1 and shape[2] > 1:
            return "OpenCV inpaints colour in 8 bits only"
        return None
