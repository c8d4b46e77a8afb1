"""BrushBench: pictures with captions, and masks of what stands in them."""

from __future__ import annotations

from dataclasses import dataclass

from inpaintbench.datasets.reading.mapped import Mapped


@dataclass(frozen=True)
class Brushbench(Mapped):
    """BrushBench: pictures of 512² with captions, to be filled by what the caption says.

    How many there should be (600, as quoted) isn't confirmed, so it isn't checked.

    Its parameters are those of `Mapped`: path, mask.
    """

    source = "BrushNet (TencentARC/BrushNet), BrushBench"
    license = "not stated where we looked; see its page"
    folder = "BrushBench"
    obtain = "download BrushBench as github.com/TencentARC/BrushNet explains"
