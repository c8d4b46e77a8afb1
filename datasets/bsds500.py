"""The Berkeley segmentation data set and benchmarks 500."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from inpaintbench.datasets.reading.collection import Collection
from inpaintbench.images.download import Remote


@dataclass(frozen=True)
class Bsds500(Collection):
    """Photographs of the Berkeley segmentation data set, 481×321 or 321×481.

    Parameters
    ----------
    split : str
        ``test`` (200 images, the default), ``train`` (200) or ``val`` (100).
    """

    split: Literal["test", "train", "val"] = "test"

    name = "bsds500"
    collections = ("bsds", "bsds300", "bsd500", "bsd400", "bsd432", "bsd100", "bsd68")
    source = (
        'P. Arbeláez, M. Maire, C. Fowlkes, J. Malik, "Contour detection and hierarchical image '
        'segmentation", TPAMI 2011'
    )
    license = "non-commercial research and education"
    layouts = (
        "BSR/BSDS500/data/images/{split}/*.jpg",
        "BSDS500/data/images/{split}/*.jpg",
        "data/images/{split}/*.jpg",
        "images/{split}/*.jpg",
        "{split}/*.jpg",
    )
    counts: ClassVar = {"test": 200, "train": 200, "val": 100}
    remotes = (
        Remote(
            "https://www2.eecs.berkeley.edu/Research/Projects/CS/vision/grouping/BSR/BSR_bsds500.tgz",
            "sha256:97e49d31764f3912f0c4122707d53062ac9e783ba0f095e447a4d53c1a41af8e",
            70_763_455,
        ),
    )
