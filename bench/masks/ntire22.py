"""The masks of the NTIRE 2022 image inpainting challenge beyond LaMa's strokes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from inpaintbench.masks.base import Mask, MaskSuite, RandomStream, Sample
from inpaintbench.masks.drawing import fill_box, fill_side
from inpaintbench.masks.filling import empty_mask

_SOURCE = (
    "NTIRE 2022 image inpainting challenge (Romero et al., CVPRW 2022), "
    "github.com/affromero/NTIRE22_Inpainting, mask_generation/utils.py"
)


@dataclass(frozen=True)
class Ntire22Lines(MaskSuite):
    """NTIRE 2022's lines: every n-th row or column is a hole, n = 2 … 5.

    The kind says n; rows or columns are drawn with equal chance. The first row (column) is a
    hole, so 1/n of the image is. The same at every size.
    """

    kinds: ClassVar[tuple[str, ...]] = ("every-2", "every-3", "every-4", "every-5")
    source: ClassVar[str] = _SOURCE

    def draw(self, sample: Sample, kind: str, random: RandomStream) -> Mask:
        """Mark the lines."""
        mask = empty_mask(sample)
        lines = mask if random.chance(0.5) else mask.T
        lines[:: int(kind.removeprefix("every-"))] = True
        return mask


@dataclass(frozen=True)
class Ntire22Completion(MaskSuite):
    """NTIRE 2022's completion: the image is cut across at a ratio uniform over .2–.8.

    The kind says on which side of the cut the hole is. The same at every size.
    """

    kinds: ClassVar[tuple[str, ...]] = ("top", "bottom", "left", "right")
    source: ClassVar[str] = _SOURCE

    def draw(self, sample: Sample, kind: str, random: RandomStream) -> Mask:
        """Mark one side of the cut."""
        mask = empty_mask(sample)
        length = mask.shape[kind in ("left", "right")]
        cut = int(length * random.uniform(0.2, 0.8))
        fill_side(mask, kind, cut if kind in ("top", "left") else length - cut)
        return mask


@dataclass(frozen=True)
class Ntire22Expand(MaskSuite):
    """NTIRE 2022's expansion: a central square is known, a quarter to a half of the short side.

    The kind says how much of the short side the square keeps: a quarter, a third or a half,
    rounded down to an even number of pixels. The same at every size.
    """

    kinds: ClassVar[tuple[str, ...]] = ("keep-quarter", "keep-third", "keep-half")
    source: ClassVar[str] = _SOURCE
    by_chance = False

    def draw(self, sample: Sample, kind: str, random: RandomStream) -> Mask:
        """Mark all but the centre."""
        known = empty_mask(sample)
        height, width = known.shape
        divisor = {"keep-quarter": 4, "keep-third": 3, "keep-half": 2}[kind]
        half = min(height, width) // divisor // 2
        fill_box(known, height // 2 - half, width // 2 - half, 2 * half, 2 * half)
        return ~known


@dataclass(frozen=True)
class Ntire22Nearest(MaskSuite):
    """NTIRE 2022's nearest-neighbour mask: only every n-th pixel of every n-th row is known.

    The kind says n = 2, 3 or 4. The first pixel is known, so 1 - 1/n² of the image is a hole. The
    same at every size.
    """

    kinds: ClassVar[tuple[str, ...]] = ("scale-2", "scale-3", "scale-4")
    source: ClassVar[str] = _SOURCE
    by_chance = False

    def draw(self, sample: Sample, kind: str, random: RandomStream) -> Mask:
        """Mark all but a grid."""
        scale = int(kind.removeprefix("scale-"))
        mask = ~empty_mask(sample)
        mask[::scale, ::scale] = False
        return mask
