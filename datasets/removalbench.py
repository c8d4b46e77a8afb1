"""RemovalBench: photographs with and without an object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from inpaintbench.datasets.reading.scenes import Folders, SceneCollection


@dataclass(frozen=True)
class Removalbench(SceneCollection):
    """RemovalBench: 70 photographs, the same without the object, and masks without its effects.

    How its folders are called isn't known to us: put the files of one name into ``input``,
    ``reference`` and ``masks``, white where the object is.
    """

    split = "test"
    source = "OmniEraser (arXiv 2501.07397), BaiLing/RemovalBench on Hugging Face"
    license = "not stated where we looked; see its page"
    layouts = ("input/*",)
    counts: ClassVar = {"test": 70}
    folders = Folders("input", "reference", "masks")
    obtain = (
        "get the 70 scenes of BaiLing/RemovalBench on Hugging Face, and put each scene's files "
        "under one name into input/, reference/ and masks/"
    )
