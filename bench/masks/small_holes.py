"""Small damage: scattered holes, thin scratches, words of text."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import ClassVar

from inpaintbench.masks.base import Mask, MaskSuite, RandomStream, Sample
from inpaintbench.masks.drawing import draw_path, fill_disc, step
from inpaintbench.masks.filling import check_range, fill_to_coverage
from inpaintbench.masks.stroke_font import (
    CAPITAL_HEIGHT,
    GLYPHS,
    TEXT_HEIGHT,
    draw_text,
    text_width,
)

_LETTERS = "".join(c for c in GLYPHS if c.isalnum())
_BENDS = 6


@dataclass(frozen=True)
class SmallHoles(MaskSuite):
    """Many small holes, thin scratches or short words on 1–5 % of the image.

    - ``holes``: discs at uniform places, radius uniform in `min_radius`–`max_radius`.
    - ``scratches``: gently bent lines at any angle, length uniform in 0.2–0.8 of the shorter
      side, width uniform in 1–3 px.
    - ``text``: words of 2–7 random letters and digits inside the image, apart from one another as
      far as there is room; capitals 10–22 px high, the pen an eighth of that.

    Shapes are added until a coverage drawn uniformly from `min_coverage`–`max_coverage` is
    reached. Lengths are in pixels of a 256² image and scale with the square root of the image's
    area, but a radius, a line and a pen stay at least 1 px and a capital at least 7 px: small
    images have fewer shapes, not vanishing ones.

    Parameters
    ----------
    min_radius, max_radius : float
        Radius of the holes in pixels of a 256² image.
    min_coverage, max_coverage : float
        Hole area / image area.
    """

    min_radius: float = 2.0
    max_radius: float = 12.0
    min_coverage: float = 0.01
    max_coverage: float = 0.05

    kinds: ClassVar[tuple[str, ...]] = ("holes", "scratches", "text")
    source: ClassVar[str] = "inpaintbench: small damage, where diffusion methods are at home"

    def __post_init__(self) -> None:
        """Refuse empty ranges."""
        check_range("radius", self.min_radius, self.max_radius, 0.5, 128)
        check_range("coverage", self.min_coverage, self.max_coverage, 0.001, 0.9)

    def draw(self, sample: Sample, kind: str, random: RandomStream) -> Mask:
        """Draw shapes of one kind up to the coverage."""
        shape = {"holes": self._hole, "scratches": _scratch, "text": _word}[kind]
        return fill_to_coverage(sample, random, self.min_coverage, self.max_coverage, shape)

    def _hole(self, mask: Mask, unit: float, random: RandomStream) -> None:
        y, x = (random.integer(0, side) for side in mask.shape)
        radius = random.uniform(self.min_radius, self.max_radius) * unit
        fill_disc(mask, y, x, max(radius, 1.0))


def _scratch(mask: Mask, unit: float, random: RandomStream) -> None:
    points = [(random.uniform(0, mask.shape[0]), random.uniform(0, mask.shape[1]))]
    length = random.uniform(0.2, 0.8) * min(mask.shape) / _BENDS
    turns = random.uniform()
    width = max(random.uniform(1.0, 3.0) * unit, 1.0)
    for _ in range(_BENDS):
        points.append(step(points[-1], turns, length))
        turns += random.uniform(-0.02, 0.02)
    draw_path(mask, points, width)


def _word(mask: Mask, unit: float, random: RandomStream) -> None:
    height = max(random.uniform(10.0, 22.0) * unit, 7.0)
    word = "".join(random.choice(_LETTERS) for _ in range(random.integer(2, 8)))
    scale = height / CAPITAL_HEIGHT
    while len(word) > 1 and text_width(word) * scale > mask.shape[1] - 2:
        word = word[:-1]
    rows, columns = ceil(TEXT_HEIGHT * scale), ceil(text_width(word) * scale)
    for _ in range(10):
        y = random.integer(1, max(mask.shape[0] - rows, 2))
        x = random.integer(1, max(mask.shape[1] - columns, 2))
        if not mask[y : y + rows, x : x + columns].any():
            break
    draw_text(mask, word, y, x, height, max(height / 8, 1.0))
