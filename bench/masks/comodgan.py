"""The large random masks of CoModGAN, and those of MAT that come from the same generator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from inpaintbench.masks.base import Mask, MaskSuite, RandomStream, Sample
from inpaintbench.masks.brush import draw_brush_strokes
from inpaintbench.masks.canvas import Canvas
from inpaintbench.masks.filling import empty_mask, tries, undrawable

_VERTICES = (4, 18)
_WIDTHS = (12, 48)


@dataclass(frozen=True)
class _Counts:
    """How many boxes and strokes a mask has, each the first number too high."""

    half_boxes: int
    full_boxes: int
    strokes: int


class _BoxesAndBrush(MaskSuite):
    """What the three suites share: they differ in their counts alone."""

    counts: ClassVar[dict[int, _Counts]]

    def draw(self, sample: Sample, kind: str, random: RandomStream) -> Mask:
        """Draw masks until one has both a hole and something left of the image."""
        for _ in tries(sample):
            mask = empty_mask(sample)
            # Strokes run to the right; the source mirrors them all, each way in half of the masks.
            rows = -1 if random.chance(0.5) else 1
            columns = -1 if random.chance(0.5) else 1
            canvas = Canvas(mask[::rows, ::columns], self.counts)
            counts = self.counts[canvas.size]
            draw_brush_strokes(
                canvas, random.integer(0, counts.strokes), _VERTICES, _WIDTHS, random
            )
            for _ in range(random.integer(0, counts.half_boxes)):
                _fill_random_box(canvas, canvas.height // 2, canvas.width // 2, random)
            for _ in range(random.integer(0, counts.full_boxes)):
                _fill_random_box(canvas, canvas.height, canvas.width, random)
            if mask.any() and not mask.all():
                return mask
        raise undrawable(self, sample)


def _fill_random_box(canvas: Canvas, height: int, width: int, random: RandomStream) -> None:
    """Fill a box of less than a size, its centre uniform over the image."""
    height, width = random.integer(0, height), random.integer(0, width)
    top = random.integer(-(height // 2), canvas.height - height + height // 2)
    left = random.integer(-(width // 2), canvas.width - width + width // 2)
    canvas.fill_box(top, left, height, width)


@dataclass(frozen=True)
class Comodgan(_BoxesAndBrush):
    """CoModGAN's (and MI-GAN's) masks: boxes and strokes that leave a quarter of the image.

    At 256² and 512², the union of

    - 0–9 boxes whose sides are uniform over 0 … half of the image's side, less 1;
    - 0–4 boxes whose sides are uniform over 0 … the image's side, less 1; either kind with its
      centre uniform over the image, and clipped;
    - 0–19 zigzag strokes of 4–17 steps, 12–47 px wide (see ``inpaintbench.masks.brush``),
      mirrored top to bottom and left to right, each in half of the masks;

    drawn again where it is empty or covers everything. The stroke's width is the same at both
    published sizes, so coverage is higher at 256². Images of other sizes take the nearer one, with
    all lengths in proportion to the square root of the image's area.
    """

    source: ClassVar[str] = (
        "CoModGAN (Zhao et al., ICLR 2021), github.com/zsyzzsoft/co-mod-gan, "
        "training/mask_generator.py"
    )
    counts: ClassVar[dict[int, _Counts]] = {256: _Counts(10, 5, 20), 512: _Counts(10, 5, 20)}


_MAT = "MAT (Li et al., CVPR 2022), github.com/fenglinglwb/MAT, datasets/mask_generator_*.py"


@dataclass(frozen=True)
class MatLarge(_BoxesAndBrush):
    """MAT's large masks: CoModGAN's generator with fewer boxes and strokes, 40 % hole.

    ========  ====================  =====================  =======
    image     boxes of half a side  boxes of a whole side  strokes
    ========  ====================  =====================  =======
    256²      0–3                   0–1                    0–7
    512²      0–4                   0–2                    0–8
    ========  ====================  =====================  =======

    Everything else is as in `comodgan`.
    """

    source: ClassVar[str] = _MAT
    counts: ClassVar[dict[int, _Counts]] = {256: _Counts(4, 2, 8), 512: _Counts(5, 3, 9)}


@dataclass(frozen=True)
class MatSmall(_BoxesAndBrush):
    """MAT's small masks: CoModGAN's generator with the fewest boxes and strokes, 22 % hole.

    ========  ====================  =====================  =======
    image     boxes of half a side  boxes of a whole side  strokes
    ========  ====================  =====================  =======
    256²      0–1                   0–1                    0–2
    512²      0–2                   0–1                    0–3
    ========  ====================  =====================  =======

    Everything else is as in `comodgan`.
    """

    source: ClassVar[str] = _MAT
    counts: ClassVar[dict[int, _Counts]] = {256: _Counts(2, 2, 3), 512: _Counts(3, 2, 4)}
