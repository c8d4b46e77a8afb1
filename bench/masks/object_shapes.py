"""Blobs with the sizes and outlines of objects, for object removal."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import ClassVar, TypeAlias

import numpy as np

from inpaintbench.masks.base import Mask, MaskSuite, RandomStream, Sample
from inpaintbench.masks.drawing import Point, direction, draw_path, fill_polygon, step
from inpaintbench.masks.filling import empty_mask

_COCO_AREA = 640 * 480
_MEDIUM, _LARGE = (32.0, 96.0), (96.0, 350.0)
_MEDIUM_SHARE = 34 / 58
_LEAST_AREA = 16.0
_CORNERS = 64
_PI = 3.141592653589793
_STRETCHES = {"compact": (1.0, 1.8, 0.5), "elongated": (2.0, 4.0, 2 / 3)}
"""Range, and how often it is upright."""


@dataclass(frozen=True)
class ObjectShapes(MaskSuite):
    """Outlines of one to four objects, 0.3–40 % of the image.

    **Sizes** are those of COCO's objects: of its instances 34 % are medium (an area of 32²–96² px)
    and 24 % large (over 96²); the small ones are left out, since removing them is retouching. The
    square root of the area is uniform within 32–96 px or 96–350 px of an image of 640×480, the
    classes are drawn 34 : 24, and the area scales with the image's.

    **Outlines** are smooth closed curves around a centre, a circle changed by the harmonics 2–7
    with random phases and normal amplitudes that fall as 1/k², as the Fourier descriptors of
    smooth shapes do; then stretched, and turned by up to 20 degrees.

    - ``compact``: stretched 1–1.8 times.
    - ``elongated``: stretched 2–4 times, upright in two of three.
    - ``articulated``: a body with a head and tapering limbs: upright with two arms and two legs
      in three of five, else lying with four legs, a neck and a tail.
    - ``group``: 2–4 compact or elongated objects side by side, which share the area.

    **Places**: the centre is normal around the image's, with a spread of a fifth of each side, cut
    to the inner 80 %; an object may be cut by the border. An object has at least 16 px of area,
    so on images below 64² the sizes end there.

    The area over that of the convex hull (solidity), the mean of 500 masks of 256²: compact 0.96,
    elongated 0.95, articulated 0.57.

    Parameters
    ----------
    roughness : float
        Standard deviation of the amplitude of the first harmonic, relative to the radius.
    """

    roughness: float = 0.2

    kinds: ClassVar[tuple[str, ...]] = ("compact", "elongated", "articulated", "group")
    source: ClassVar[str] = (
        "inpaintbench; size classes of COCO (Lin et al., ECCV 2014), "
        "cocodataset.org/#detection-eval"
    )

    def __post_init__(self) -> None:
        """Refuse outlines that would cross themselves."""
        if not 0 <= self.roughness <= 0.5:
            raise ValueError(f"roughness must lie within 0 and 0.5, not {self.roughness:g}")

    def draw(self, sample: Sample, kind: str, random: RandomStream) -> Mask:
        """Draw one object, or a group."""
        mask = empty_mask(sample)
        height, width = mask.shape
        size = random.uniform(*(_MEDIUM if random.chance(_MEDIUM_SHARE) else _LARGE))
        area = max(size * size / _COCO_AREA * mask.size, _LEAST_AREA)
        y, x = _place(height, random), _place(width, random)
        if kind == "articulated":
            self._articulated(mask, y, x, area, random)
            return mask
        if kind != "group":
            self._stretched(kind, mask, y, x, area, random)
            return mask
        members = random.integer(2, 5)
        share = max(area / members, _LEAST_AREA)
        for member in range(members):
            part = random.choice(("compact", "elongated"))
            beside = int((member - (members - 1) / 2) * 1.3 * sqrt(share))
            level = int(random.uniform(-0.4, 0.4) * sqrt(share))
            at_y, at_x = _inside(y + level, height), _inside(x + beside, width)
            size = share * random.uniform(0.7, 1.3)
            self._stretched(part, mask, at_y, at_x, size, random)
        return mask

    def _stretched(
        self, kind: str, mask: Mask, y: int, x: int, area: float, random: RandomStream
    ) -> None:
        least, most, upright = _STRETCHES[kind]
        stretch = random.uniform(least, most)
        stretch = stretch if random.chance(upright) else 1 / stretch
        self._fill_blob(mask, y, x, area, stretch, random)

    def _articulated(self, mask: Mask, y: int, x: int, area: float, random: RandomStream) -> None:
        upright = random.chance(0.6)
        stretch = random.uniform(1.5, 2.2) if upright else 1 / random.uniform(1.5, 2.2)
        body = random.uniform(0.5, 0.6) * area
        tall, wide = sqrt(body / _PI * stretch), sqrt(body / _PI / stretch)
        self._fill_blob(mask, y, x, body, stretch, random)
        side = random.choice((-1, 1))
        head_y = y - (1.15 if upright else 0.7) * tall
        head_x = x if upright else x + 1.1 * side * wide
        shorter, longer = min(tall, wide), max(tall, wide)
        limbs = _person_limbs(random) if upright else _animal_limbs(side, random)
        for down, across, turns, length, thickness in limbs:
            start = (y + down * tall, x + across * wide)
            _draw_limb(mask, start, turns, length * longer, thickness * shorter, random)
        head = random.uniform(0.1, 0.15) * area
        at_y, at_x = _inside(int(head_y), mask.shape[0]), _inside(int(head_x), mask.shape[1])
        self._fill_blob(mask, at_y, at_x, head, random.uniform(0.8, 1.3), random)

    def _fill_blob(
        self, mask: Mask, y: int, x: int, area: float, stretch: float, random: RandomStream
    ) -> None:
        """Fill an outline of the given area around the middle of a pixel."""
        waves = [
            (k, 4 * self.roughness * random.normal() / (k * k), random.uniform())
            for k in range(2, 8)
        ]
        turn_y, turn_x = direction(random.uniform(-20 / 360, 20 / 360))
        tall, wide = sqrt(stretch), 1 / sqrt(stretch)
        outline: list[Point] = []
        for corner in range(_CORNERS):
            turns = corner / _CORNERS
            radius = 1.0
            for k, amplitude, phase in waves:
                radius += amplitude * direction(k * turns + phase)[1]
            dy, dx = direction(turns)
            dy, dx = tall * max(radius, 0.3) * dy, wide * max(radius, 0.3) * dx
            outline.append((dy * turn_x + dx * turn_y, dx * turn_x - dy * turn_y))
        scale = sqrt(area / _polygon_area(outline))
        fill_polygon(mask, [(y + scale * dy, x + scale * dx) for dy, dx in outline])


_Limb: TypeAlias = tuple[float, float, float, float, float]
"""Start below and beside the body's centre in half heights and widths, direction in turns, length
and thickness in the body's longer and shorter half axis."""


def _person_limbs(random: RandomStream) -> list[_Limb]:
    legs = [(0.6, 0.4 * s, 0.25 - s * random.uniform(0.0, 0.06), 1.6, 0.7) for s in (-1, 1)]
    arms = [random.uniform(-0.15, 0.2) for _ in range(2)]
    left = (-0.6, -0.5, 0.5 - arms[0], random.uniform(0.8, 1.3), 0.45)
    return [*legs, left, (-0.6, 0.5, arms[1], random.uniform(0.8, 1.3), 0.45)]


def _animal_limbs(side: int, random: RandomStream) -> list[_Limb]:
    length = random.uniform(0.7, 1.1)
    legs = [
        (0.3, across, 0.25 + random.uniform(-0.04, 0.04), length, 0.4)
        for across in (-0.75, -0.5, 0.45, 0.7)
    ]
    turns = random.uniform(-0.1, 0.2)
    tail = (-0.3, -0.8 * side, 0.5 - turns if side > 0 else turns, random.uniform(0.3, 0.9), 0.25)
    neck = (-0.1, 0.7 * side, -0.1 if side > 0 else 0.6, 0.6, 0.6)
    return [*legs, tail, neck]


def _draw_limb(
    mask: Mask, start: Point, turns: float, length: float, thickness: float, random: RandomStream
) -> None:
    bend = random.uniform(-0.02, 0.02)
    points = [start]
    for _ in range(8):
        points.append(step(points[-1], turns, length / 8))
        turns += bend
    draw_path(mask, points, np.maximum(thickness * (1 - np.arange(8) / 16), 1.0))


def _place(side: int, random: RandomStream) -> int:
    return _inside(int(random.normal(side / 2, side / 5)), side)


def _inside(position: int, side: int) -> int:
    """Cut a coordinate to the inner 80 % of a side."""
    return min(max(position, side // 10), side - 1 - side // 10)


def _polygon_area(points: list[Point]) -> float:
    """Return the area of a closed polygon (shoelace formula, summed in order)."""
    doubled = 0.0
    for (y0, x0), (y1, x1) in zip(points, [*points[1:], points[0]], strict=True):
        doubled += x0 * y1 - x1 * y0
    return abs(doubled) / 2
