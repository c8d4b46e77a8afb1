"""Images for libraries that want 8-bit colour, and their answers back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inpaintbench.methods.base import Image


def to_bytes(image: Image) -> NDArray[np.uint8]:
    """Turn ``(H, W, C)`` of uint8 or uint16, grey or colour, into 8-bit colour."""
    scaled = image if image.dtype == np.uint8 else np.rint(image / 257).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(scaled, (*image.shape[:2], 3)))


def from_bytes(pixels: NDArray[np.uint8], like: Image) -> NDArray[np.generic]:
    """Turn 8-bit colour into the channels and the scale of `like`."""
    if pixels.dtype == like.dtype and like.shape[2] == 3:
        return pixels
    scaled = pixels * (np.iinfo(like.dtype).max / 255)
    return scaled if like.shape[2] == 3 else scaled.mean(axis=2, keepdims=True)
