"""Urban100: buildings with repeating structure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from inpaintbench.datasets.reading.collection import Collection


@dataclass(frozen=True)
class Urban100(Collection):
    """Urban100: 100 photographs of buildings, about 1024 px wide, full of repeating structure."""

    name = "urban100"
    split = "test"
    source = (
        'J.-B. Huang, A. Singh, N. Ahuja, "Single image super-resolution from transformed '
        'self-exemplars", CVPR 2015'
    )
    license = "photographs from Flickr under Creative Commons licences; used for research"
    layouts = (
        "Urban100_HR/*.png",
        "image_SRF_2/*_HR.png",
        "Urban100/image_SRF_2/*_HR.png",
        "Urban100/*.png",
        "*.png",
    )
    counts: ClassVar = {"test": 100}
    obtain = (
        "download the 100 HR images (about 130 MB) of data/Urban100/image_SRF_2 from "
        "github.com/jbhuang0604/SelfExSR, or Urban100_HR.tar.gz from "
        "huggingface.co/datasets/eugenesiow/Urban100"
    )
