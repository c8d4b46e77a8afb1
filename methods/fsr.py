"""Frequency selective reconstruction, from OpenCV's xphoto module."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from inpaintbench.methods.base import Image, Mask, Method
from inpaintbench.methods.kernels.known import blanked


class _FrequencySelective(Method):
    """What the two qualities share: a sparse Fourier model of each block, fitted greedily."""

    family = "transform"
    requires = ("opencv-contrib-python-headless",)

    algorithm: ClassVar[str]

    def inpaint(self, image: Image, mask: Mask) -> NDArray[np.generic]:
        """Fill the hole with ``cv2.xphoto.inpaint``."""
        import cv2

        source = blanked(image, mask)
        if not mask.any() or mask.all():
            return source
        # OpenCV takes luma and chroma from BGR; its xphoto masks are not zero where known.
        source = np.ascontiguousarray(source[..., ::-1])
        known = np.where(mask, 0, 255).astype(np.uint8)
        filled = np.zeros_like(source)
        cv2.xphoto.inpaint(source, known, filled, getattr(cv2.xphoto, self.algorithm))
        return np.ascontiguousarray(filled.reshape(image.shape)[..., ::-1])

    def skip(self, shape: tuple[int, int, int], dtype: np.dtype[np.generic]) -> str | None:
        """Refuse 16 bits, of which OpenCV would keep eight."""
        return "OpenCV reconstructs in 8 bits only" if dtype.itemsize > 1 else None


@dataclass(frozen=True)
class FsrFast(_FrequencySelective):
    """Rapid frequency selective reconstruction (Genser 2018), OpenCV's fast setting.

    Colour goes through 8-bit YCrCb and back, which changes known pixels by a level or two.
    """

    paper = (
        'N. Genser, J. Seiler, F. Schilling, A. Kaup, "Signal and loss geometry aware frequency '
        'selective extrapolation for error concealment", PCS 2018'
    )
    algorithm = "INPAINT_FSR_FAST"


@dataclass(frozen=True)
class FsrBest(_FrequencySelective):
    """Rapid frequency selective reconstruction (Genser 2018), OpenCV's best setting.

    Larger transforms, smaller blocks and more iterations than ``fsr-fast``, at some twenty times
    the cost. Colour goes through 8-bit YCrCb and back, which changes known pixels by a level or
    two.
    """

    paper = FsrFast.paper
    algorithm = "INPAINT_FSR_BEST"
