"""Texture tiles cut from images that come with scikit-image."""

from __future__ import annotations

from dataclasses import dataclass

from inpaintbench.datasets.base import Dataset, Sample, wanted
from inpaintbench.datasets.reading import bundled
from inpaintbench.images.types import contiguous

TEXTURES = ("brick", "grass", "gravel")
SIDE = 512
"""Side of each texture in pixels."""


@dataclass(frozen=True)
class Textures(Dataset):
    """Non-overlapping tiles of brick, grass and gravel, in grey, at the textures' own scale.

    Parameters
    ----------
    size : int
        Side of the tiles in pixels, at most 512; 256 gives four tiles of each texture.
    """

    size: int = 256

    source = bundled.SOURCE
    license = bundled.LICENSE

    def __post_init__(self) -> None:
        if not 1 <= self.size <= SIDE:
            raise ValueError(f"size must be 1 to {SIDE}, not {self.size}")

    @property
    def preparation(self) -> str:
        """Tiles, without resizing."""
        return f"non-overlapping tiles of {self.size} px of the {SIDE} px originals, no resizing"

    def ids(self) -> list[str]:
        """List the tiles, ``brick-<row>-<column>``: one tile of each texture before the next."""
        return list(self._tiles())

    def load(self, sample_id: str) -> Sample:
        """Cut one tile."""
        name, top, left = wanted(self, self._tiles(), sample_id)
        texture = bundled.bundled_image(f"{name}.png")
        tile = texture[top : top + self.size, left : left + self.size]
        return Sample(sample_id, contiguous(tile))

    def _tiles(self) -> dict[str, tuple[str, int, int]]:
        """Map each id to its texture and its top left corner."""
        count = SIDE // self.size
        return {
            f"{name}-{row}-{column}": (name, row * self.size, column * self.size)
            for row in range(count)
            for column in range(count)
            for name in TEXTURES
        }
