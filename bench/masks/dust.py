"""Dust, hairs and blotches on scans and prints."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor
from typing import ClassVar

import numpy as np

from inpaintbench.masks.base import Mask, MaskSuite, RandomStream, Sample
from inpaintbench.masks.drawing import direction, draw_lines, draw_path, fill_polygon, step
from inpaintbench.masks.filling import check_range, fill_to_coverage

_CORNERS = 24
_SQRT_3 = 1.7320508075688772


@dataclass(frozen=True)
class Dust(MaskSuite):
    """Dust on a scan or print, on 0.3–3 % of the image.

    - ``specks``: grains of two strokes from one point, up to 1.8 px long and 1–3 px wide, one in
      twenty of them three times as large; they come in bell-shaped clouds (sums of four uniform
      deviates) with a standard deviation of 8–80 px.
    - ``fibres``: hairs 25–90 px long and 1–2 px wide, that curl.
    - ``blotches``: ragged spots of radius 3–14 px, each with specks around it.

    Dust is added until a coverage drawn uniformly from `min_coverage`–`max_coverage` is reached.
    Lengths are in pixels of a 256² image and scale with the square root of the image's area, but
    specks and fibres stay at least 1 px wide.

    Parameters
    ----------
    min_coverage, max_coverage : float
        Hole area / image area.
    """

    min_coverage: float = 0.003
    max_coverage: float = 0.03

    kinds: ClassVar[tuple[str, ...]] = ("specks", "fibres", "blotches")
    source: ClassVar[str] = "inpaintbench: restoration of scanned photographs"

    def __post_init__(self) -> None:
        """Refuse an empty range."""
        check_range("coverage", self.min_coverage, self.max_coverage, 0.001, 0.5)

    def draw(self, sample: Sample, kind: str, random: RandomStream) -> Mask:
        """Draw dust of one kind up to the coverage."""
        shape = {"specks": _cloud, "fibres": _fibre, "blotches": _blotch}[kind]
        return fill_to_coverage(sample, random, self.min_coverage, self.max_coverage, shape)


def _cloud(mask: Mask, unit: float, random: RandomStream) -> None:
    y, x = (random.uniform(0, side) for side in mask.shape)
    spread = random.uniform(8.0, 80.0) * unit
    _draw_specks(mask, y, x, spread, max(floor(16 * unit), 1), unit, random)


def _draw_specks(
    mask: Mask, y: float, x: float, spread: float, count: int, unit: float, random: RandomStream
) -> None:
    drawn = random.uniforms(15 * count).reshape(15, count)
    # Four uniform deviates add up to a bell curve with a variance of 1/3.
    bell_y = (drawn[0] + drawn[1] + drawn[2] + drawn[3] - 2.0) * _SQRT_3
    bell_x = (drawn[4] + drawn[5] + drawn[6] + drawn[7] - 2.0) * _SQRT_3
    # At pixels' centres, where even the smallest speck leaves a mark.
    top, left = np.floor(y + spread * bell_y), np.floor(x + spread * bell_x)
    size = np.where(drawn[8] < 0.05, 3.0, 1.0) * unit
    strokes = []
    for down, across in ((9, 10), (11, 12)):
        end_y = top + (drawn[down] - 0.5) * 2.5 * size
        end_x = left + (drawn[across] - 0.5) * 2.5 * size
        strokes.append(np.stack([top, left, end_y, end_x], axis=1))
    widths = np.maximum((1.0 + 2.0 * drawn[13:15]) * size, 1.0)
    draw_lines(mask, np.concatenate(strokes), widths.reshape(-1))


def _fibre(mask: Mask, unit: float, random: RandomStream) -> None:
    y, x = (random.uniform(0, side) for side in mask.shape)
    length = random.uniform(25.0, 90.0) * unit
    steps = max(ceil(length / max(3 * unit, 1.0)), 2)
    turns, curl = random.uniform(), random.uniform(-0.02, 0.02)
    points = [(y, x)]
    for _ in range(steps):
        curl = min(max(curl + random.uniform(-0.01, 0.01), -0.03), 0.03)
        turns += curl
        dy, dx = direction(turns)
        y, x = y + dy * length / steps, x + dx * length / steps
        points.append((y, x))
    draw_path(mask, points, max(random.uniform(1.0, 2.0) * unit, 1.0))


def _blotch(mask: Mask, unit: float, random: RandomStream) -> None:
    y, x = (random.uniform(0, side) for side in mask.shape)
    radius = max(random.uniform(3.0, 14.0) * unit, 1.0)
    points, rough = [], random.uniform(0.1, 0.4)
    for corner in range(_CORNERS):
        distance = radius * (1 + random.uniform(-rough, rough))
        points.append(step((y, x), corner / _CORNERS, distance))
    fill_polygon(mask, points)
    _draw_specks(mask, y, x, 1.5 * radius, random.integer(1, 7), unit, random)
