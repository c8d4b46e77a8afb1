"""Paris StreetView: facades."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from inpaintbench.datasets.reading.collection import Collection


@dataclass(frozen=True)
class ParisStreetview(Collection):
    """Paris StreetView: the 100 test views of facades, by default cut and shrunk to 256²."""

    size: int | None = 256

    name = "paris-streetview"
    split = "test"
    source = (
        'C. Doersch, S. Singh, A. Gupta, J. Sivic, A. Efros, "What makes Paris look like Paris?", '
        "SIGGRAPH 2012; split of Pathak et al., CVPR 2016"
    )
    license = "research only, given on request"
    layouts = ("paris_eval_gt/*_im.png", "paris_eval/paris_eval_gt/*_im.png", "*_im.png")
    counts: ClassVar = {"test": 100}
    obtain = (
        "ask the authors of Context Encoders for the evaluation images (100 files) as "
        "github.com/pathak22/context-encoder explains"
    )
