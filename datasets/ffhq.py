"""FFHQ: aligned faces from Flickr."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from inpaintbench.datasets.reading.collection import Collection


@dataclass(frozen=True)
class Ffhq(Collection):
    """FFHQ validation: the last 10,000 of 70,000 aligned faces, by default shrunk to 256²."""

    size: int | None = 256

    name = "ffhq"
    split = "validation"
    source = (
        'T. Karras, S. Laine, T. Aila, "A style-based generator architecture for generative '
        'adversarial networks", CVPR 2019'
    )
    license = "CC BY-NC-SA 4.0; single photographs under their own Creative Commons licences"
    layouts = (
        "images1024x1024/6[0-9]000/6[0-9][0-9][0-9][0-9].png",
        "images1024x1024/6[0-9][0-9][0-9][0-9].png",
        "6[0-9]000/6[0-9][0-9][0-9][0-9].png",
        "6[0-9][0-9][0-9][0-9].png",
    )
    counts: ClassVar = {"validation": 10_000}
    obtain = (
        "download images1024x1024 (89 GB in all; folders 60000 to 69000 are enough) as "
        "github.com/NVlabs/ffhq-dataset explains"
    )
