"""The central hole and the uncropping masks of Palette."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from inpaintbench.masks.base import Mask, MaskSuite, RandomStream, Sample
from inpaintbench.masks.drawing import fill_box, fill_side
from inpaintbench.masks.filling import empty_mask, undrawable

_SOURCE = (
    "Palette (Saharia et al., SIGGRAPH 2022); its masks as in "
    "github.com/Janspiry/Palette-Image-to-Image-Diffusion-Models, data/util/mask.py"
)


@dataclass(frozen=True)
class PaletteCenter(MaskSuite):
    """Palette's central hole: from a quarter to three quarters of the image along each axis.

    128² of 256². At other sizes the hole starts at a quarter of the side and is half of it long,
    both rounded down.
    """

    source: ClassVar[str] = _SOURCE
    by_chance = False

    def draw(self, sample: Sample, kind: str, random: RandomStream) -> Mask:
        """Fill the centre."""
        mask = empty_mask(sample)
        height, width = mask.shape
        fill_box(mask, height // 4, width // 4, height // 2, width // 2)
        return mask


@dataclass(frozen=True)
class PaletteUncrop(MaskSuite):
    """Palette's uncropping: half of the image on one side, or a random box of half its area.

    The kind says which: `left`, `right`, `top` or `bottom` is the half that is the hole; `box` is
    a box at a random place, its width uniform from half of the image's width up to all of it, its
    height such that it covers half of the image. The same at every size; of odd sides the hole
    has the smaller half.

    Parameters
    ----------
    box : {"hole", "known"}
        Whether the box is the hole, as in the public code, or what is known, so that the image is
        extended on all four sides, as in the paper.
    """

    box: Literal["hole", "known"] = "hole"

    kinds: ClassVar[tuple[str, ...]] = ("left", "right", "top", "bottom", "box")
    source: ClassVar[str] = _SOURCE

    def draw(self, sample: Sample, kind: str, random: RandomStream) -> Mask:
        """Fill the half or the box."""
        mask = empty_mask(sample)
        if kind == "box":
            if sample.image.shape[1] < 2:
                raise undrawable(self, sample)
            _fill_half_area_box(mask, random)
            return ~mask if self.box == "known" else mask
        fill_side(mask, kind, mask.shape[kind in ("left", "right")] // 2)
        return mask


def _fill_half_area_box(mask: Mask, random: RandomStream) -> None:
    width = random.integer((mask.shape[1] + 1) // 2, mask.shape[1])
    height = min(mask.size // 2 // width, mask.shape[0])
    top = random.integer(0, mask.shape[0] - height + 1)
    left = random.integer(0, mask.shape[1] - width + 1)
    fill_box(mask, top, left, height, width)
