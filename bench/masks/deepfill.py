"""The boxes of DeepFill v1 and the free-form strokes of DeepFill v2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from inpaintbench.masks.base import Mask, MaskSuite, RandomStream, Sample
from inpaintbench.masks.brush import draw_brush_strokes
from inpaintbench.masks.canvas import Canvas
from inpaintbench.masks.drawing import fill_box
from inpaintbench.masks.filling import empty_mask, tries, undrawable

_REPOSITORY = "github.com/JiahuiYu/generative_inpainting, inpaint_ops.py"


@dataclass(frozen=True)
class DeepfillBox(MaskSuite):
    """DeepFill v1's box: half as high and half as wide as the image, at a random place.

    At the published 256² it is a box of 128² that leaves at least one row free below it and one
    column free on its right (the source's upper bounds are exclusive). At other sizes its sides
    are half the image's, rounded down.

    Parameters
    ----------
    training : bool
        Shrink the box as the training code does: along each axis, both of its ends by the same
        0–16 px at 256² (up to an eighth of the box's side at other sizes).
    """

    training: bool = False

    source: ClassVar[str] = f"DeepFill v1 (Yu et al., CVPR 2018), {_REPOSITORY}"

    def draw(self, sample: Sample, kind: str, random: RandomStream) -> Mask:
        """Fill one box."""
        mask = empty_mask(sample)
        _fill_random_box(mask, self.training, random)
        return mask


@dataclass(frozen=True)
class DeepfillFreeform(MaskSuite):
    """DeepFill v2's free-form mask: 1–3 zigzag strokes of 4–11 steps, 12–39 px wide at 256².

    A step's mean length is an eighth of the image's diagonal, its angle from the horizontal
    2π/5 ± 2π/15, up and down in turn: see ``inpaintbench.masks.brush``. At other sizes all
    lengths are in proportion to the square root of the image's area.

    Parameters
    ----------
    training : bool
        Add a box (`deepfill-box[training=true]`), as the training code does.
    """

    training: bool = False

    source: ClassVar[str] = f"DeepFill v2 (Yu et al., ICCV 2019), {_REPOSITORY}"

    def draw(self, sample: Sample, kind: str, random: RandomStream) -> Mask:
        """Draw the strokes, and the box where asked, until something of the image is left."""
        for _ in tries(sample):
            mask = empty_mask(sample)
            canvas = Canvas(mask, (256,))
            draw_brush_strokes(canvas, random.integer(1, 4), (4, 12), (12, 40), random)
            if self.training:
                _fill_random_box(mask, self.training, random)
            if not mask.all():
                return mask
        raise undrawable(self, sample)


def _fill_random_box(mask: Mask, training: bool, random: RandomStream) -> None:
    height, width = mask.shape[0] // 2, mask.shape[1] // 2
    top = random.integer(0, mask.shape[0] - height)
    left = random.integer(0, mask.shape[1] - width)
    shrink_y = random.integer(0, height // 8 + 1) if training else 0
    shrink_x = random.integer(0, width // 8 + 1) if training else 0
    fill_box(mask, top + shrink_y, left + shrink_x, height - 2 * shrink_y, width - 2 * shrink_x)
