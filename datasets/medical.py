"""Medical and microscopy images that come with scikit-image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from inpaintbench.datasets.reading.bundled import Bundled


@dataclass(frozen=True)
class Medical(Bundled):
    """Five medical images that come with scikit-image: fundus, histology, cell, CT phantom.

    Retina (fundus photograph), ihc (immunohistochemically stained tissue), cell (phase
    contrast), microaneurysms (a 102 px detail of a fundus photograph), phantom (Shepp–Logan).

    Parameters
    ----------
    size : int
        Side of the square images in pixels; images are never enlarged.
    """

    # Colour first, then grey; the phantom's file repeats its one channel three times.
    files: ClassVar = {
        "retina": "retina.jpg",
        "ihc": "ihc.png",
        "cell": "cell.png",
        "microaneurysms": "microaneurysms.png",
        "phantom": "phantom.png",
    }
    grey = frozenset({"phantom"})

    @property
    def preparation(self) -> str:
        """Centred square crop, area average."""
        return (
            f"largest centred square, averaged by area to {self.size} px (microaneurysms stays at "
            "its 102 px); grey stays grey, the phantom is read as grey"
        )
