"""The validation images of Places365."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from inpaintbench.datasets.reading.collection import Collection
from inpaintbench.images.download import Remote


@dataclass(frozen=True)
class Places365Val(Collection):
    """Places365 validation: 36,500 photographs of 365 kinds of places, published at 256²."""

    size: int | None = 256

    name = "places365-val"
    split = "val"
    collections = ("places", "places2", "places365")
    source = (
        'B. Zhou, A. Lapedriza, A. Khosla, A. Oliva, A. Torralba, "Places: A 10 million image '
        'database for scene recognition", TPAMI 2017'
    )
    license = "non-commercial research and education, terms at places2.csail.mit.edu"
    layouts = ("val_256/Places365_val_*.jpg", "Places365_val_*.jpg")
    counts: ClassVar = {"val": 36_500}
    remotes = (
        Remote(
            "http://data.csail.mit.edu/places/places365/val_256.tar",
            "md5:e27b17d8d44f4af9a78502beb927f808",
            525_158_400,
        ),
    )
