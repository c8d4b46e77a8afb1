"""Scratches of old films and photographs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from inpaintbench.masks.base import Mask, MaskSuite, RandomStream, Sample
from inpaintbench.masks.drawing import direction, draw_lines, draw_path, step
from inpaintbench.masks.filling import check_range, fill_to_coverage

_STEPS = 16


@dataclass(frozen=True)
class Scratches(MaskSuite):
    """Scratches as film transport and handling leave them, on 0.5–4 % of the image.

    - ``film``: lines over the whole height, within half a degree of upright, that sway by a pixel
      and are broken: each 16th of the height is missing with a probability that the line draws
      from 0–0.4. Width 1–2.5 px.
    - ``surface``: scratches at any angle, bent at random, 0.15–0.9 of the image's side long,
      1.5–4 px wide in the middle and tapering to both ends; three in ten come as a bundle of 2–4
      parallel ones, 2–6 px apart.

    Scratches are added until a coverage drawn uniformly from `min_coverage`–`max_coverage` is
    reached. Lengths are in pixels of a 256² image and scale with the square root of the image's
    area, but a scratch stays at least 1 px wide.

    Parameters
    ----------
    min_coverage, max_coverage : float
        Hole area / image area.
    """

    min_coverage: float = 0.005
    max_coverage: float = 0.04

    kinds: ClassVar[tuple[str, ...]] = ("film", "surface")
    source: ClassVar[str] = "inpaintbench: restoration of old photographs and films"

    def __post_init__(self) -> None:
        """Refuse an empty range."""
        check_range("coverage", self.min_coverage, self.max_coverage, 0.001, 0.5)

    def draw(self, sample: Sample, kind: str, random: RandomStream) -> Mask:
        """Draw scratches of one kind up to the coverage."""
        scratch = _film_scratch if kind == "film" else _surface_scratch
        return fill_to_coverage(sample, random, self.min_coverage, self.max_coverage, scratch)


def _film_scratch(mask: Mask, unit: float, random: RandomStream) -> None:
    height, width = mask.shape
    x, lean = random.uniform(0, width), random.uniform(-0.009, 0.009)
    thickness, gaps = max(random.uniform(1.0, 2.5) * unit, 1.0), random.uniform(0.0, 0.4)
    sway = [random.uniform(-0.6, 0.6) * unit for _ in range(_STEPS + 1)]
    y = np.arange(_STEPS + 1) * (height / _STEPS)
    x_at = x + lean * y + np.array(sway)
    segments = np.stack([y[:-1], x_at[:-1], y[1:], x_at[1:]], axis=1)
    kept = [not random.chance(gaps) for _ in range(_STEPS)]
    if any(kept):
        draw_lines(mask, segments[kept], thickness)


def _surface_scratch(mask: Mask, unit: float, random: RandomStream) -> None:
    y, x = (random.uniform(0, side) for side in mask.shape)
    turns = random.uniform()
    length = random.uniform(0.15, 0.9) * 256 * unit / _STEPS
    bend = random.uniform(-0.006, 0.006)
    points = [(y, x)]
    for _ in range(_STEPS):
        turns += bend + random.uniform(-0.012, 0.012)
        points.append(step(points[-1], turns, length))
    middle = random.uniform(1.5, 4.0) * unit
    position = (np.arange(_STEPS) + 0.5) * (2 / _STEPS) - 1
    widths = np.maximum(middle * (1 - position * position), 1.0)
    strands = random.integer(2, 5) if random.chance(0.3) else 1
    apart = np.array(direction(turns + 0.25))
    for strand in range(strands):
        distance = strand * random.uniform(2.0, 6.0) * unit
        draw_path(mask, np.array(points) + apart * distance, widths)
