"""Set14, a classic test set of image restoration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from inpaintbench.datasets.reading.collection import Collection


@dataclass(frozen=True)
class Set14(Collection):
    """Set14: baboon, barbara, bridge, … zebra, of 250×361 to 768×512."""

    name = "set14"
    split = "test"
    source = 'R. Zeyde, M. Elad, M. Protter, "On single image scale-up", Curves and Surfaces 2010'
    license = "none stated; used for research"
    layouts = (
        "Set14_HR/*.png",
        "image_SRF_2/*_HR.png",
        "Set14/image_SRF_2/*_HR.png",
        "Set14/*.png",
        "*.png",
        "*.bmp",
    )
    counts: ClassVar = {"test": 14}
    obtain = (
        "download the 14 images (about 5 MB) of data/Set14/image_SRF_2 from "
        "github.com/jbhuang0604/SelfExSR, whose sides are cut to even numbers"
    )
