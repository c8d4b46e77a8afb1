"""Photographs that come with scikit-image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from inpaintbench.datasets.reading.bundled import Bundled


@dataclass(frozen=True)
class Photos(Bundled):
    """Twelve photographs that come with scikit-image: people, animals, objects, sky, writing.

    Parameters
    ----------
    size : int
        Side of the square images in pixels; images are never enlarged.
    """

    # The most telling first: a face, an animal, an object; then scenes, a star field, grey ones.
    files: ClassVar = {
        "astronaut": "astronaut.png",
        "chelsea": "chelsea.png",
        "coffee": "coffee.png",
        "rocket": "rocket.jpg",
        "motorcycle": "motorcycle_left.png",
        "hubble": "hubble_deep_field.jpg",
        "camera": "camera.png",
        "coins": "coins.png",
        "moon": "moon.png",
        "clock": "clock_motion.png",
        "page": "page.png",
        "handwriting": "text.png",
    }

    @property
    def preparation(self) -> str:
        """Centred square crop, area average."""
        return (
            f"largest centred square, averaged by area to {self.size} px (page stays at most at "
            "its 191 px, handwriting at its 172 px); grey stays grey"
        )
