"""Photographs that come with scikit-image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from inpaintbench.datasets.base import Dataset, Sample, wanted_id
from inpaintbench.datasets.reading import bundled
from inpaintbench.datasets.reading.preparation import square

# The most telling first: a face, an animal, an object; then scenes, a star field, and grey ones.
FILES = {
    "astronaut": "astronaut.png",
    "chelsea": "chelsea.png",
    "coffee": "coffee.png",
    "rocket": "rocket.jpg",
    "motorcycle": "motorcycle_left.png",
    "hubble": "hubble_deep_field.jpg",
    "camera": "camera.png",
    "coins": "coins.png",
    "moon": "moon.png",
}


@dataclass(frozen=True)
class Photos(Dataset):
    """Nine photographs that come with scikit-image: people, animals, objects, scenes, sky.

    Parameters
    ----------
    size : int
        Side of the square images in pixels; images are never enlarged.
    """

    size: int = 256

    source: ClassVar[str] = bundled.SOURCE
    license: ClassVar[str] = bundled.LICENSE

    def __post_init__(self) -> None:
        """Refuse a size that leaves no image."""
        if self.size < 1:
            raise ValueError(f"size must be at least 1, not {self.size}")

    @property
    def preparation(self) -> str:
        """Centred square crop, area average."""
        return f"largest centred square, averaged by area to {self.size} px; grey stays grey"

    def ids(self) -> list[str]:
        """List the names of the photographs."""
        return list(FILES)

    def load(self, sample_id: str) -> Sample:
        """Read, crop and shrink one photograph."""
        file = FILES[wanted_id(self, sample_id)]
        return Sample(sample_id, square(bundled.bundled_image(file), self.size))
