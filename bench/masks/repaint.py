"""The masks of RePaint beyond LaMa's: lines, super-resolution, half an image, expansion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from inpaintbench.masks.base import Mask, MaskSuite, RandomStream, Sample
from inpaintbench.masks.drawing import fill_box
from inpaintbench.masks.filling import empty_mask

_SOURCE = "RePaint (Lugmayr et al., CVPR 2022), github.com/andreas128/RePaint"


@dataclass(frozen=True)
class RepaintLines(MaskSuite):
    """RePaint's alternating lines: every second row is a hole, the first row is known.

    The same at every size; exactly half of an image of even height.
    """

    source: ClassVar[str] = f"{_SOURCE}, confs/test_*_ev2li.yml"
    by_chance = False

    def draw(self, sample: Sample, kind: str, random: RandomStream) -> Mask:
        """Mark the rows of odd number."""
        mask = empty_mask(sample)
        mask[1::2] = True
        return mask


@dataclass(frozen=True)
class RepaintNn2(MaskSuite):
    """RePaint's super-resolution mask: only every second pixel of every second row is known.

    The first pixel is known. The same at every size; three quarters of an image of even sides.
    """

    source: ClassVar[str] = f"{_SOURCE}, confs/test_*_nn2.yml"
    by_chance = False

    def draw(self, sample: Sample, kind: str, random: RandomStream) -> Mask:
        """Mark all but a grid of stride 2."""
        mask = ~empty_mask(sample)
        mask[::2, ::2] = False
        return mask


@dataclass(frozen=True)
class RepaintHalf(MaskSuite):
    """RePaint's half image: the left half is known, the right half is the hole.

    In an image of odd width the hole is the wider part.
    """

    source: ClassVar[str] = f"{_SOURCE}, confs/test_*_genhalf.yml"
    by_chance = False

    def draw(self, sample: Sample, kind: str, random: RandomStream) -> Mask:
        """Mark the right half."""
        mask = empty_mask(sample)
        mask[:, mask.shape[1] // 2 :] = True
        return mask


@dataclass(frozen=True)
class RepaintExpand(MaskSuite):
    """RePaint's expansion: only the central 64² of 256² is known, 93.75 % hole.

    At other sizes a quarter of the image along each axis is known, rounded down.
    """

    source: ClassVar[str] = f"{_SOURCE}, confs/test_*_ex64.yml"
    by_chance = False

    def draw(self, sample: Sample, kind: str, random: RandomStream) -> Mask:
        """Mark all but the centre."""
        known = empty_mask(sample)
        height, width = known.shape
        kept_y, kept_x = height // 4, width // 4
        fill_box(known, (height - kept_y) // 2, (width - kept_x) // 2, kept_y, kept_x)
        return ~known
