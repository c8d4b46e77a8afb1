"""Medical and microscopy images that come with scikit-image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from inpaintbench.datasets.base import Dataset, Sample, wanted_id
from inpaintbench.datasets.reading import bundled
from inpaintbench.datasets.reading.preparation import square

# Colour first, then grey; the phantom's file repeats its one channel three times.
FILES = {
    "retina": "retina.jpg",
    "ihc": "ihc.png",
    "cell": "cell.png",
    "microaneurysms": "microaneurysms.png",
    "phantom": "phantom.png",
}


@dataclass(frozen=True)
class Medical(Dataset):
    """Five medical images that come with scikit-image: fundus, histology, cell, CT phantom.

    Retina (fundus photograph), ihc (immunohistochemically stained tissue), cell (phase
    contrast), microaneurysms (a 102 px detail of a fundus photograph), phantom (Shepp–Logan).

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
        return (
            f"largest centred square, averaged by area to {self.size} px (microaneurysms stays at "
            "its 102 px); grey stays grey, the phantom is read as grey"
        )

    def ids(self) -> list[str]:
        """List the names of the images, colour first."""
        return list(FILES)

    def load(self, sample_id: str) -> Sample:
        """Read, crop and shrink one image."""
        file = FILES[wanted_id(self, sample_id)]
        image = bundled.bundled_image(file, grey=sample_id == "phantom")
        return Sample(sample_id, square(image, self.size))
