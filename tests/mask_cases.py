"""Images of any size made from a formula, to draw masks on, and the suites that can be drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inpaintbench.datasets.base import Dataset, Sample
from inpaintbench.errors import BenchError
from inpaintbench.images.errors import DataError
from inpaintbench.masks.random import RandomStream
from inpaintbench.plugins import registry


@dataclass(frozen=True)
class Formula(Dataset):
    """Flat on the left, textured on the right; integers only, so the same everywhere."""

    height: int = 64
    width: int = 64
    channels: int = 3
    bits: int = 8

    @property
    def preparation(self) -> str:
        return "none"

    def ids(self) -> list[str]:
        return [f"{number:02}" for number in range(40)]

    def load(self, sample_id: str) -> Sample:
        y, x, c = np.ogrid[: self.height, : self.width, : self.channels]
        texture = (y * y * 3 + x * x * 5 + y * x + 37 * c + int(sample_id)) * 29 % 251
        image = np.where(x < self.width // 2, y // 4 + c, texture) % 256
        if self.bits == 16:
            return Sample(sample_id, (image * 256).astype(np.uint16))
        return Sample(sample_id, image.astype(np.uint8))


def draws_alone(name: str) -> bool:
    """Say whether a suite draws on any image, rather than read files that a person has."""
    try:
        suite = registry.masks().make(name)
        suite.draw(Formula().load("00"), suite.kinds[0], RandomStream("alone"))
    except (BenchError, DataError):
        return False
    return True


SUITES = [name for name in registry.masks().plugins if draws_alone(name)]
"""Every discovered suite that needs nothing but an image."""
