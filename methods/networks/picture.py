"""Lossless pictures that methods exchange with programs of other people."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inpaintbench.methods.base import Image


def write_picture(path: Path, image: NDArray[np.generic]) -> None:
    """Write ``(H, W, C)``, C = 1 or 3, uint8 or uint16, as a PNG."""
    import cv2

    if not cv2.imwrite(str(path), image[..., ::-1]):
        raise OSError(f"{path}: can't be written")


def read_picture(path: Path, like: Image) -> NDArray[np.generic]:
    """Read a picture as an image with the channels and dtype of `like`.

    An alpha channel is dropped; grey and colour are turned into each other, by replication and
    by the mean; 8 and 16 bits are scaled.

    Raises
    ------
    ValueError
        When the file is no picture.
    """
    import cv2

    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise ValueError(f"{path.name}: not a picture")
    pixels = pixels[..., None] if pixels.ndim == 2 else pixels[..., 2::-1]
    channels = like.shape[2]
    if pixels.shape[2] == 1 and channels == 3:
        pixels = np.repeat(pixels, 3, axis=2)
    if pixels.dtype == like.dtype and pixels.shape[2] == channels:
        return np.ascontiguousarray(pixels)
    scaled = pixels * (np.iinfo(like.dtype).max / np.iinfo(pixels.dtype).max)
    return scaled if channels == 3 else scaled.mean(axis=2, keepdims=True)
