"""RORem: photographs with an object, and edited without it."""

from __future__ import annotations

from dataclasses import dataclass

from inpaintbench.datasets.reading.scenes import Folders, SceneCollection


@dataclass(frozen=True)
class Rorem(SceneCollection):
    """RORem: photographs of 512² and what people kept of edits that remove the object.

    The reference is an edit, not a photograph. Masks are dilated by 20 pixels; white is read as
    the object, which its page doesn't state where we looked. No number of images is published;
    what ``meta.json`` says isn't used.
    """

    split = "train"
    source = "RORem (leeruibin/RORem)"
    license = "not stated where we looked; see its page"
    layouts = ("source/*",)
    folders = Folders("source", "GT", "mask")
    obtain = "get source, mask and GT as github.com/leeruibin/RORem explains"
