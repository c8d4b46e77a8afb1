"""EditBench, as the authors of BrushNet processed it."""

from __future__ import annotations

from dataclasses import dataclass

from inpaintbench.datasets.reading.mapped import Mapped


@dataclass(frozen=True)
class Editbench(Mapped):
    """EditBench in BrushNet's form: pictures of 512² with captions; not the original files.

    How many there should be (240, as quoted) isn't confirmed, so it isn't checked.

    Its parameters are those of `Mapped`: path, mask.
    """

    source = "EditBench, processed anew by BrushNet (TencentARC/BrushNet)"
    license = "not stated where we looked; see its page"
    folder = "EditBench"
    obtain = "download EditBench as github.com/TencentARC/BrushNet explains"
