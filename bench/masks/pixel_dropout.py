"""Pixels missing at random."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from inpaintbench.masks.base import Mask, MaskSuite, RandomStream, Sample


@dataclass(frozen=True)
class PixelDropout(MaskSuite):
    """Single pixels missing at random places, as after impulse noise or sparse sampling.

    Every pixel draws a 64-bit word and those with the lowest words are missing, so the number of
    missing pixels is exact: `percent` of the image, rounded to nearest with halves up. The
    literature uses 50, 80, 90 and 95. Nothing depends on the image's size.

    Parameters
    ----------
    percent : int
        Share of the pixels that is missing, 1–99.
    """

    percent: int = 80

    source: ClassVar[str] = (
        "random pixel removal, as in Ulyanov et al., Deep Image Prior, CVPR 2018 (50 %) and "
        "sparse interpolation (80 to 95 %)"
    )

    def __post_init__(self) -> None:
        """Refuse a share that leaves nothing to do or nothing known."""
        if not 1 <= self.percent <= 99:
            raise ValueError(f"percent must lie within 1 and 99, not {self.percent}")

    def draw(self, sample: Sample, kind: str, random: RandomStream) -> Mask:
        """Drop exactly the wanted number of pixels."""
        height, width = sample.image.shape[:2]
        words = random.words(height * width)
        missing = (2 * self.percent * words.size + 100) // 200
        last = np.partition(words, missing - 1)[missing - 1]
        return np.asarray(words <= last).reshape(height, width)
