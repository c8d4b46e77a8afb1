"""Shift-map inpainting, from OpenCV's xphoto module."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inpaintbench.methods.base import Image, Mask, Method
from inpaintbench.methods.kernels.known import blanked

SMALLEST = 48
"""Shortest side in pixels at which a photograph shows the 60 shifts that OpenCV takes."""

LAB_SCALE, LAB_OFFSET = (2.55, 1.0, 1.0), (0.0, 128.0, 128.0)
"""From CIELab to the scale of OpenCV's 8-bit Lab."""


@dataclass(frozen=True)
class Shiftmap(Method):
    """Photomontage of shifted copies of the image (He & Sun 2012), as implemented in OpenCV.

    Finds the shifts at which the image most resembles itself and stitches the hole from shifted
    copies by graph cuts. Colour is compared in CIELab, as OpenCV's documentation asks; every
    pixel filled is an exact copy of a known one, but for those to which no shift brings any, which
    stay black.

    OpenCV takes the 60 most frequent shifts without asking whether there are 60: on small images
    (which are skipped), and on larger ones that resemble themselves in few ways, it reads beyond
    its table, and the result depends on what lies in memory: another process may give other bytes.
    Hence ``deterministic = False``.
    """

    family = "exemplar"
    paper = 'K. He, J. Sun, "Statistics of patch offsets for image completion", ECCV 2012'
    deterministic = False
    requires = ("opencv-contrib-python-headless", "scikit-image")

    def inpaint(self, image: Image, mask: Mask) -> NDArray[np.generic]:
        """Fill the hole with ``cv2.xphoto.INPAINT_SHIFTMAP``."""
        import cv2
        from skimage.color import lab2rgb, rgb2lab

        source = blanked(image, mask)
        if not mask.any() or mask.all():
            return source
        colour = image.shape[2] == 3
        highest = np.iinfo(image.dtype).max
        if colour:
            # scikit-image's conversion, unlike OpenCV's, comes back to the last bit. On OpenCV's
            # 8-bit scale, where the zeros that it puts into the hole resemble no colour.
            source = (rgb2lab(source / highest) * LAB_SCALE + LAB_OFFSET).astype(np.float32)
        # xphoto's masks are the other way round: not zero = known.
        known = np.where(mask, 0, 255).astype(np.uint8)
        filled = np.zeros_like(source)
        cv2.xphoto.inpaint(source, known, filled, cv2.xphoto.INPAINT_SHIFTMAP)
        if colour:
            reached = filled.any(axis=2, keepdims=True)  # no colour is zero on that scale
            lab = (filled.astype(np.float64) - LAB_OFFSET) / LAB_SCALE
            filled = np.rint(lab2rgb(lab) * highest).astype(image.dtype) * reached
        return np.where(mask[..., None], filled.reshape(image.shape), image)

    def skip(self, shape: tuple[int, int, int], dtype: np.dtype[np.generic]) -> str | None:
        """Refuse small images, on which OpenCV reads beyond its table of shifts."""
        if min(shape[:2]) < SMALLEST:
            return f"OpenCV's shift map needs sides of at least {SMALLEST} pixels"
        return None
