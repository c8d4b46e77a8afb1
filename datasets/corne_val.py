"""CORNE-Val: scenes with an object and its effects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from inpaintbench.datasets.reading.scenes import Folders, SceneCollection


@dataclass(frozen=True)
class CorneVal(SceneCollection):
    """CORNE-Val: 219 scenes with masks of the object and of its effects.

    The reference was generated, not photographed. White is read as the object, which its page
    doesn't state where we looked.
    """

    split = "val"
    source = "OSOR (arXiv 2606.28094), QinmingZhou/CORNE-Val on Hugging Face"
    license = "not stated where we looked; see its page"
    layouts = ("shot/*",)
    counts: ClassVar = {"val": 219}
    folders = Folders("shot", "bg", "mask_sam", "mask_eff")
    obtain = "download shot, bg, mask_sam and mask_eff of QinmingZhou/CORNE-Val from Hugging Face"
