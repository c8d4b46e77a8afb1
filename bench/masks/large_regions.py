"""Large holes: boxes, halves, outer frames, thick strokes."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, sqrt
from typing import ClassVar

from inpaintbench.masks.base import Mask, MaskSuite, RandomStream, Sample
from inpaintbench.masks.drawing import draw_line, fill_box, fill_side, step
from inpaintbench.masks.filling import check_range, empty_mask, fill_to_coverage


@dataclass(frozen=True)
class LargeRegions(MaskSuite):
    """Boxes, halves, outer frames and thick strokes on 20–60 % of the image.

    - ``centre-box``: a centred box with the image's proportions.
    - ``random-box``: a box at a uniform place, its proportions uniform between those of the image
      and twice as wide or high, as far as the image allows.
    - ``half``: the left, right, top or bottom half; an odd row or column stays known.
    - ``outer-frame``: everything but a centred box with the image's proportions, to be extended.
    - ``thick-strokes``: strokes of 3–6 segments, 20–50 px wide and 30–90 px long each,
      turning by up to a quarter turn.

    The coverage is uniform over `min_coverage`–`max_coverage`, except for ``half``. Boxes are
    rounded to whole pixels within the range. Lengths are in pixels of a 256² image and scale with
    the square root of the image's area; a stroke is at least 3 px wide.

    Parameters
    ----------
    min_coverage, max_coverage : float
        Hole area / image area, within 0.1–0.8.
    """

    min_coverage: float = 0.2
    max_coverage: float = 0.6

    kinds: ClassVar[tuple[str, ...]] = (
        "centre-box",
        "random-box",
        "half",
        "outer-frame",
        "thick-strokes",
    )
    source: ClassVar[str] = "inpaintbench: large holes, where content has to be made up"

    def __post_init__(self) -> None:
        """Refuse an empty range."""
        check_range("coverage", self.min_coverage, self.max_coverage, 0.1, 0.8)

    def draw(self, sample: Sample, kind: str, random: RandomStream) -> Mask:
        """Draw one region."""
        if kind == "thick-strokes":
            return fill_to_coverage(
                sample, random, self.min_coverage, self.max_coverage, _thick_stroke
            )
        mask = empty_mask(sample)
        if kind == "half":
            side = random.choice(("left", "right", "top", "bottom"))
            fill_side(mask, side, mask.shape[side in ("left", "right")] // 2)
            return mask
        height, width = mask.shape
        area = (self.min_coverage, self.max_coverage)
        if kind == "outer-frame":
            rows, columns = _box(mask.shape, (1 - area[1], 1 - area[0]), 1.0, random)
            fill_box(mask, (height - rows) // 2, (width - columns) // 2, rows, columns)
            return ~mask
        if kind == "centre-box":
            rows, columns = _box(mask.shape, area, 1.0, random)
            top, left = (height - rows) // 2, (width - columns) // 2
        else:
            stretch = random.uniform(1.0, 2.0)
            wide = random.chance(0.5)
            rows, columns = _box(mask.shape, area, stretch if wide else 1 / stretch, random)
            top, left = random.integer(0, height - rows + 1), random.integer(0, width - columns + 1)
        fill_box(mask, top, left, rows, columns)
        return mask


def _thick_stroke(mask: Mask, unit: float, random: RandomStream) -> None:
    y, x = (random.uniform(0, side) for side in mask.shape)
    turns, width = random.uniform(), max(random.uniform(20.0, 50.0) * unit, 3.0)
    for _ in range(random.integer(3, 7)):
        turns += random.uniform(-0.25, 0.25)
        end = step((y, x), turns, random.uniform(30.0, 90.0) * unit)
        draw_line(mask, y, x, *end, width)
        y, x = end


def _box(
    shape: tuple[int, ...], share: tuple[float, float], stretch: float, random: RandomStream
) -> tuple[int, int]:
    """Draw the height and width of a box whose share of the image's area is uniform in a range.

    The box is `stretch` times as wide for its height as the image, as far as it fits.
    """
    height, width = shape
    wanted = random.uniform(*share)
    rows = height * min(max(sqrt(wanted / stretch), wanted), 1.0)
    row_count = min(max(floor(rows + 0.5), 1), height)
    least, most = (part * height * width / row_count for part in share)
    columns = min(max(floor(wanted * height * width / row_count + 0.5), ceil(least)), floor(most))
    return row_count, min(max(columns, 1), width)
