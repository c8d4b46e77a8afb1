"""The validation images of DIV2K."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from inpaintbench.datasets.reading.collection import Collection
from inpaintbench.images.download import Remote


@dataclass(frozen=True)
class Div2kVal(Collection):
    """DIV2K validation: 100 photographs of about 2040 px, by default cut and shrunk to 512².

    Parameters
    ----------
    size : int, optional
        ``none`` leaves the images whole.
    """

    size: int | None = 512

    name = "div2k-val"
    split = "val"
    collections = ("div2k", "df2k")
    source = 'E. Agustsson, R. Timofte, "NTIRE 2017 challenge on single image super-resolution"'
    license = "academic research only"
    layouts = ("DIV2K_valid_HR/*.png", "DIV2K/DIV2K_valid_HR/*.png", "08*.png")
    counts: ClassVar = {"val": 100}
    remotes = (
        Remote(
            "https://data.vision.ee.ethz.ch/cvl/DIV2K/DIV2K_valid_HR.zip",
            "sha256:20dd31fd84d777bc1cf5d6b7654a3f569c0aec74458ae094122ad1d0489900fc",
            448_993_893,
        ),
    )
