"""The validation images of ImageNet-1k."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from inpaintbench.datasets.reading.collection import Collection


@dataclass(frozen=True)
class Imagenet1kVal(Collection):
    """ImageNet-1k validation: 50,000 photographs of 1,000 classes, by default cut to 256²."""

    size: int | None = 256

    name = "imagenet-1k-val"
    split = "val"
    collections = ("imagenet", "imagenet-1k", "ilsvrc2012", "imagenet-sample-images")
    source = 'O. Russakovsky et al., "ImageNet large scale visual recognition challenge", IJCV 2015'
    license = "non-commercial research and education, by registration"
    layouts = (
        "ILSVRC2012_val_*.JPEG",
        "*/ILSVRC2012_val_*.JPEG",
        "val/ILSVRC2012_val_*.JPEG",
        "val/*/ILSVRC2012_val_*.JPEG",
        "ILSVRC2012_img_val/ILSVRC2012_val_*.JPEG",
    )
    counts: ClassVar = {"val": 50_000}
    obtain = (
        "register at image-net.org and download ILSVRC2012_img_val.tar "
        "(6.7 GB, MD5 29b22e2961454d5413ddabcf34fc5622)"
    )
