"""RORD: photographs of a place with and without a person or thing in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from inpaintbench.datasets.reading.scenes import Folders, SceneCollection


@dataclass(frozen=True)
class Rord(SceneCollection):
    """RORD: frames of videos, with an object and after it has gone, 480×270.

    In the form that the authors' preprocessing writes. It draws the test split without a seed, so
    yours is no one else's, and no number of images is published; the sets called RORD-Val (343 or
    344 images, with masks drawn anew) are others. The reference was blended: where the object
    isn't, it differs from the input too. Masks often hold the shadow.

    Parameters
    ----------
    split : str
        ``test`` (the default) or ``train``.
    """

    split: Literal["test", "train"] = "test"

    name = "rord"
    source = "RORD, a real-world object removal dataset (Forty-lock/RORD)"
    license = "not stated where we looked; ask its authors"
    layouts = ("{split}/img/*",)
    folders = Folders("img", "gt", "mask")
    hole = "black"
    obtain = (
        "get the data as github.com/Forty-lock/RORD explains, and run its preprocessing.py, which "
        "writes {train,test}/{img,gt,mask}"
    )
