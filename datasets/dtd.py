"""The describable textures dataset."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from inpaintbench.datasets.reading.collection import Collection
from inpaintbench.images.download import Remote


@dataclass(frozen=True)
class Dtd(Collection):
    """Describable textures: 47 kinds from banded to zigzagged, 300 to 640 px.

    Parameters
    ----------
    split : str
        ``test`` (the default), ``train`` or ``val`` of the first of the ten official partitions,
        1,880 images each.
    """

    size: int | None = 256
    split: Literal["test", "train", "val"] = "test"

    name = "dtd"
    source = (
        'M. Cimpoi, S. Maji, I. Kokkinos, S. Mohamed, A. Vedaldi, "Describing textures in the '
        'wild", CVPR 2014, release 1.0.1'
    )
    license = "research purposes"
    layouts = ("dtd/images/*/*.jpg, listed in dtd/labels/{split}1.txt",)
    counts: ClassVar = {"test": 1880, "train": 1880, "val": 1880}
    remotes = (
        Remote(
            "https://www.robots.ox.ac.uk/~vgg/data/dtd/download/dtd-r1.0.1.tar.gz",
            "sha256:e42855a52a4950a3b59612834602aa253914755c95b0cff9ead6d07395f8e205",
            625_239_812,
        ),
    )

    def select(self, folder: Path) -> list[Path]:
        """Find the images that the official list of the split names."""
        for root in (folder / "dtd", folder):
            labels = root / "labels" / f"{self.split}1.txt"
            if labels.is_file():
                files = [root / "images" / line for line in labels.read_text().split()]
                return [file for file in files if file.is_file()]
        return []
