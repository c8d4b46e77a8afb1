"""How an exported model wants its image and mask, and how to give it just that."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inpaintbench.methods.base import Image, Mask

RANGES = {"0..1": (0.0, 1.0), "-1..1": (-1.0, 1.0), "0..255": (0.0, 255.0)}
"""Ranges of pixel values by the name they have as a parameter."""

MASKS = ("hole", "known")
"""What the high value of a mask means."""


@dataclass(frozen=True)
class Convention:
    """What a model expects.

    Parameters
    ----------
    image_range, output_range : str
        Range of the pixels in and out: ``0..1``, ``-1..1`` or ``0..255``.
    mask : str
        What the mask's high value means: ``hole`` or ``known``.
    mask_high : float
        That value: 1 or 255. The low one is 0.
    multiple : int
        Height and width must be multiples of it; images are extended at the bottom and right by
        reflection, and the result is cut back.
    """

    image_range: str = "0..1"
    output_range: str = "0..1"
    mask: str = "hole"
    mask_high: float = 1.0
    multiple: int = 8

    def __post_init__(self) -> None:
        for value in (self.image_range, self.output_range):
            if value not in RANGES:
                raise ValueError(f"a range must be one of {', '.join(RANGES)}, not {value!r}")
        if self.mask not in MASKS:
            raise ValueError(f"mask must be {' or '.join(MASKS)}, not {self.mask!r}")
        if self.multiple < 1:
            raise ValueError(f"multiple must be at least 1, not {self.multiple}")

    def encode(self, image: Image, mask: Mask) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Make the model's inputs: image ``(1, 3, H, W)`` and mask ``(1, 1, H, W)``, float32.

        Grey images are replicated to three channels. The hole's pixels are 0 before scaling.
        """
        low, high = RANGES[self.image_range]
        scaled = image.astype(np.float32) * np.float32((high - low) / np.iinfo(image.dtype).max)
        pixels = np.broadcast_to(scaled + np.float32(low), (*mask.shape, 3)).transpose(2, 0, 1)
        marked = mask if self.mask == "hole" else ~mask
        marks = marked.astype(np.float32)[None] * np.float32(self.mask_high)
        height, width = mask.shape
        margin = ((0, 0), (0, -height % self.multiple), (0, -width % self.multiple))
        return tuple(  # type: ignore[return-value]
            np.ascontiguousarray(np.pad(plane, margin, mode="symmetric"))[None]
            for plane in (pixels, marks)
        )

    def decode(self, result: NDArray[np.generic], image: Image) -> NDArray[np.float32]:
        """Turn the model's output ``(1, 3, H, W)`` into an image on the scale of `image`.

        Raises
        ------
        ValueError
            When the output has another shape.
        """
        height, width, channels = image.shape
        if result.ndim != 4 or result.shape[:2] != (1, 3) or result.shape[2] < height:
            raise ValueError(f"the model returned {result.shape}, wanted (1, 3, H, W)")
        low, high = RANGES[self.output_range]
        pixels = result[0, :, :height, :width].transpose(1, 2, 0).astype(np.float32)
        scaled = (pixels - np.float32(low)) * np.float32(np.iinfo(image.dtype).max / (high - low))
        return scaled if channels == 3 else scaled.mean(axis=2, keepdims=True)
