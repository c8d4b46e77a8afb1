"""Images for programs and libraries of other people, and their answers back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inpaintbench.images.errors import DataError
from inpaintbench.images.reading import read_pixels
from inpaintbench.methods.base import Image


def to_bytes(image: Image) -> NDArray[np.uint8]:
    """Turn ``(H, W, C)`` of uint8 or uint16, grey or colour, into 8-bit colour."""
    scaled = image if image.dtype == np.uint8 else np.rint(image / 257).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(scaled, (*image.shape[:2], 3)))


def like(pixels: NDArray[Any], image: Image) -> NDArray[np.generic]:
    """Turn 8 or 16 bits, grey or colour, into the channels and the scale of `image`.

    Grey and colour are turned into each other by replication and by the mean.
    """
    channels = image.shape[2]
    if channels == 3:
        pixels = np.broadcast_to(pixels, (*pixels.shape[:2], 3))
    if pixels.dtype == image.dtype and pixels.shape[2] == channels:
        return np.ascontiguousarray(pixels)
    scaled = pixels * (np.iinfo(image.dtype).max / np.iinfo(pixels.dtype).max)
    return scaled if channels == 3 else scaled.mean(axis=2, keepdims=True)


def read_picture(path: Path, image: Image) -> NDArray[np.generic]:
    """Read a picture as one like `image`; an alpha channel is dropped.

    Raises
    ------
    ValueError
        When the file is no picture.
    """
    try:
        return like(read_pixels(path).colour, image)
    except DataError as error:
        raise ValueError(f"{path.name}: not a picture ({error})") from error
