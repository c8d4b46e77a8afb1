"""Folds, cracks and torn corners of old prints."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import ClassVar

import numpy as np

from inpaintbench.masks.base import Mask, MaskSuite, RandomStream, Sample
from inpaintbench.masks.drawing import Point, draw_path, fill_polygon, step
from inpaintbench.masks.filling import empty_mask, unit


@dataclass(frozen=True)
class FoldLines(MaskSuite):
    """Where a print was folded, cracked or torn and the emulsion is gone.

    - ``fold``: one ragged line across the image, level or upright within 3 degrees, through the
      middle third.
    - ``fold-in-four``: a level and an upright one.
    - ``cracks``: 3–6 lines from random places at random angles, 60–200 px long, that change their
      direction a little every 6 px and branch once in three.
    - ``torn-corner``: a corner torn off, 40–110 px along each side, and a crack from it.

    A fold or crack is drawn in pieces 6 px long, each end 0–1.5 px beside the line, each piece
    1–4.5 px wide; the pieces of a line grow wider and narrower together. Lengths are in pixels of
    a 256² image and scale with the square root of the image's area, but a line stays at least 1 px
    wide.
    """

    kinds: ClassVar[tuple[str, ...]] = ("fold", "fold-in-four", "cracks", "torn-corner")
    source: ClassVar[str] = "inpaintbench: restoration of old prints"

    def draw(self, sample: Sample, kind: str, random: RandomStream) -> Mask:
        """Draw folds, cracks or a torn corner."""
        mask, scale = empty_mask(sample), unit(sample)
        if kind == "cracks":
            for _ in range(random.integer(3, 7)):
                y, x = (random.uniform(0, side) for side in mask.shape)
                _draw_crack(mask, y, x, random.uniform(), scale, random)
        elif kind == "torn-corner":
            _tear_corner(mask, scale, random)
        else:
            level = random.chance(0.5)
            for upright in (False, True):
                if kind == "fold-in-four" or upright != level:
                    _draw_fold(mask, upright, scale, random)
        return mask


def _draw_fold(mask: Mask, upright: bool, unit: float, random: RandomStream) -> None:
    along, across = mask.shape if upright else mask.shape[::-1]
    start = random.uniform(across / 3, across * 2 / 3)
    end = start + random.uniform(-0.05, 0.05) * along
    ends: tuple[Point, Point] = ((0.0, start), (float(along), end))
    if not upright:
        ends = ((start, 0.0), (end, float(along)))
    _draw_ragged(mask, *ends, unit, random)


def _draw_crack(
    mask: Mask, y: float, x: float, turns: float, unit: float, random: RandomStream
) -> None:
    length = random.uniform(60.0, 200.0) * unit
    branches = 1 if random.chance(1 / 3) else 0
    while length > 0:
        piece = min(random.uniform(15.0, 35.0) * unit, length)
        end = step((y, x), turns, piece)
        _draw_ragged(mask, (y, x), end, unit, random)
        (y, x), length = end, length - piece
        turns += random.uniform(-0.06, 0.06)
        if branches and random.chance(0.4):
            branches = 0
            side = random.choice((-0.12, 0.12))
            end = step((y, x), turns + side, random.uniform(15.0, 40.0) * unit)
            _draw_ragged(mask, (y, x), end, unit, random)


def _tear_corner(mask: Mask, unit: float, random: RandomStream) -> None:
    height, width = mask.shape
    down = min(random.uniform(40.0, 110.0) * unit, 0.8 * height)
    across = min(random.uniform(40.0, 110.0) * unit, 0.8 * width)
    bottom, right = random.chance(0.5), random.chance(0.5)
    edge = _ragged((down, 0.0), (0.0, across), 4 * unit, unit, random)
    corner = [*edge, (-2.0, across), (-2.0, -2.0), (down, -2.0)]
    corner_y, corner_x = height - 1.0, width - 1.0
    fill_polygon(
        mask,
        [(corner_y - y if bottom else y, corner_x - x if right else x) for y, x in corner],
    )
    y, x = edge[len(edge) // 2]
    turns = {(False, False): 0.125, (False, True): 0.375, (True, True): 0.625, (True, False): 0.875}
    _draw_crack(
        mask,
        corner_y - y if bottom else y,
        corner_x - x if right else x,
        turns[bottom, right] + random.uniform(-0.08, 0.08),
        unit,
        random,
    )


def _draw_ragged(mask: Mask, start: Point, end: Point, unit: float, random: RandomStream) -> None:
    points = _ragged(start, end, 1.5 * unit, unit, random)
    width, widths = random.uniform(1.0, 4.5), []
    for _ in range(len(points) - 1):
        width = min(max(width + random.uniform(-1.2, 1.2), 1.0), 4.5)
        widths.append(max(width * unit, 1.0))
    draw_path(mask, points, np.array(widths))


def _ragged(
    start: Point, end: Point, amplitude: float, unit: float, random: RandomStream
) -> list[Point]:
    """Return points about 6 px apart from start to end, each beside the straight line."""
    span_y, span_x = end[0] - start[0], end[1] - start[1]
    steps = max(ceil(max(abs(span_y), abs(span_x)) / (6 * unit)), 1)
    points = [start]
    for i in range(1, steps):
        y, x = start[0] + span_y * i / steps, start[1] + span_x * i / steps
        points.append(
            (y + random.uniform(-amplitude, amplitude), x + random.uniform(-amplitude, amplitude))
        )
    return [*points, end]
