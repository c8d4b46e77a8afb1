"""What OpenCV's two fast-marching methods share: how they are called, and what they can't take."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inpaintbench.methods.base import Image, Mask
from inpaintbench.methods.kernels.known import blanked


def march(image: Image, mask: Mask, radius: float, flag: int) -> NDArray[np.generic]:
    """Fill the hole with ``cv2.inpaint``, which may read it where it touches the image border.

    Parameters
    ----------
    image : (H, W, C) array of uint8 or uint16
    mask : (H, W) array of bool
        True = hole.
    radius : float
        Neighbourhood in pixels; OpenCV clamps it to 1–100.
    flag : int
        ``cv2.INPAINT_TELEA`` or ``cv2.INPAINT_NS``.
    """
    import cv2

    result: NDArray[np.generic] = cv2.inpaint(
        blanked(image, mask), mask.astype(np.uint8), radius, flag
    )
    return result


def refusal(shape: tuple[int, int, int], dtype: np.dtype[np.generic]) -> str | None:
    """Say why images of this shape and dtype can't be taken, or None."""
    if dtype.itemsize > 1 and shape[2] > 1:
        return "OpenCV inpaints colour in 8 bits only"
    return None
