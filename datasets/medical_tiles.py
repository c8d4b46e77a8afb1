"""Quarters of the medical images that come with scikit-image: more images, of the same kinds."""

from __future__ import annotations

from dataclasses import dataclass

from inpaintbench.datasets.base import Dataset, Sample, wanted
from inpaintbench.datasets.medical import Medical
from inpaintbench.datasets.reading import bundled
from inpaintbench.datasets.reading.preparation import centre_square, refuse_no_size, square

WHOLE = frozenset({"microaneurysms"})
"""Images that are too small to be cut."""


@dataclass(frozen=True)
class MedicalTiles(Dataset):
    """The images of `medical` in quarters: 17 tiles, so that comparisons can tell methods apart.

    Parameters
    ----------
    size : int
        Side of the square tiles in pixels; tiles are never enlarged.
    """

    size: int = 256

    name = "medical-tiles"
    source = bundled.SOURCE
    license = bundled.LICENSE

    def __post_init__(self) -> None:
        refuse_no_size(self.size)

    @property
    def preparation(self) -> str:
        """Quarters of the centred square, area average."""
        return (
            f"quarters of the largest centred square, averaged by area to {self.size} px "
            "(microaneurysms whole, at its 102 px); grey stays grey, the phantom is read as grey"
        )

    def ids(self) -> list[str]:
        """List the tiles, ``retina-<row>-<column>``: one of each image before the next."""
        return list(self._tiles())

    def load(self, sample_id: str) -> Sample:
        """Cut and shrink one tile."""
        name, row, column = wanted(self, self._tiles(), sample_id)
        image = bundled.bundled_image(Medical.files[name], name in Medical.grey)
        if name not in WHOLE:
            image = centre_square(image)
            side = len(image) // 2
            top, left = row * side, column * side
            image = image[top : top + side, left : left + side]
        return Sample(sample_id, square(image, self.size))

    def _tiles(self) -> dict[str, tuple[str, int, int]]:
        """Map each id to its image and its place there."""
        return {
            name if name in WHOLE else f"{name}-{row}-{column}": (name, row, column)
            for row in range(2)
            for column in range(2)
            for name in Medical.files
            if name not in WHOLE or not row + column
        }
