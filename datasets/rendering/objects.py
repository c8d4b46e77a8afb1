"""Objects that stand on the ground, about one unit high or wide."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from io import BytesIO

import numpy as np

from inpaintbench.datasets.base import Image, Mask
from inpaintbench.datasets.reading.bundled import bundled_image, bundled_path
from inpaintbench.datasets.rendering.solids import Block, CutOut, Solid, Turned
from inpaintbench.datasets.rendering.surfaces import (
    Banded,
    Colour,
    Pattern,
    Picture,
    Plain,
    Surface,
)
from inpaintbench.datasets.rendering.vectors import Floats

Solids = tuple[Solid, ...]

_WHITE, _BLACK = Plain((236, 232, 224)), Plain((38, 36, 40))


def _can(
    radius: float, low: float, high: float, surface: Surface, cap: Surface | None = None
) -> Turned:
    return Turned(radius * radius, 0.0, 0.0, low, high, surface, cap)


def _cone(wide: float, narrow: float, low: float, high: float, surface: Surface) -> Turned:
    """Make a cone's frustum, whose radius goes from `wide` at the foot to `narrow`."""
    slope = (narrow - wide) / (high - low)
    start = wide - slope * low
    return Turned(start * start, 2 * start * slope, slope * slope, low, high, surface)


def _ball(radius: float, low: float, surface: Surface, cut: float = 0.0) -> Turned:
    """Make a ball whose lowest point is at `low`, cut off `cut` above it."""
    middle = low + radius
    a = radius * radius - middle * middle
    return Turned(a, 2 * middle, -1.0, low + cut, low + 2 * radius, surface)


@cache
def _part(file: str, top: int, left: int, height: int, width: int) -> Picture:
    return Picture(bundled_image(file)[top : top + height, left : left + width])


def beach_ball(turn: int) -> Solids:
    """Make a ball with stripes, in three colours."""
    paint = Plain(((206, 48, 40), (38, 92, 178), (222, 150, 30))[turn % 3])
    return (_ball(0.36, 0.0, Pattern(paint, _WHITE, across=12)),)


def stone_ball(turn: int) -> Solids:
    """Make a ball of stone on a low foot."""
    stone = (_part("moon.png", 0, 0, 512, 512), _part("gravel.png", 0, 0, 512, 512))[turn % 2]
    return _can(0.22, 0.0, 0.06, Plain((120, 116, 110))), _ball(0.36, 0.04, stone)


def crate(turn: int) -> Solids:
    """Make a wooden box, turned a little."""
    return (
        Block(
            0.7,
            0.56,
            0.0,
            0.5,
            0.8,
            0.6 if turn % 2 else -0.6,
            _part("coffee.png", 190, 470, 200, 130),
        ),
    )


def picture_box(turn: int) -> Solids:
    """Make a box printed with a photograph."""
    face = (_part("chelsea.png", 10, 60, 280, 300), _part("astronaut.png", 0, 120, 210, 210))[
        turn % 2
    ]
    return (Block(0.62, 0.3, 0.0, 0.6, 0.96, -0.28 if turn % 2 else 0.28, face),)


def tin(turn: int) -> Solids:
    """Make a tin with a label."""
    metal = Plain((176, 178, 182))
    label = (_part("page.png", 20, 0, 140, 384), Pattern(Plain((30, 120, 84)), _WHITE, up=6))[
        turn % 2
    ]
    return (_can(0.27, 0.0, 0.75, Banded(metal, label, 0.1, 0.9), metal),)


def traffic_cone(turn: int) -> Solids:
    """Make a traffic cone on its plate."""
    orange = Plain((232, 92, 24))
    body = Banded(orange, _WHITE, 0.45, 0.7)
    return (
        Block(0.62, 0.62, 0.0, 0.05, 0.96, 0.28, Plain((190, 70, 22))),
        _cone(0.24, 0.04, 0.05, 0.85, body),
    )


def bottle(turn: int) -> Solids:
    """Make a bottle with shoulder and neck."""
    glass = Plain(((34, 84, 52), (98, 54, 24), (54, 72, 120))[turn % 3])
    body = Banded(glass, _WHITE, 0.3, 0.75)
    return (
        _can(0.17, 0.0, 0.55, body),
        _cone(0.17, 0.06, 0.55, 0.72, glass),
        _can(0.06, 0.72, 0.95, glass),
        _can(0.07, 0.92, 0.97, Plain((190, 150, 60))),
    )


def pawn(turn: int) -> Solids:
    """Make a chess pawn, light or dark."""
    wood = Plain(((206, 164, 104), (74, 44, 30))[turn % 2])
    return (
        _can(0.26, 0.0, 0.08, wood),
        _cone(0.22, 0.1, 0.08, 0.3, wood),
        _cone(0.1, 0.08, 0.3, 0.52, wood),
        _can(0.16, 0.52, 0.57, wood),
        _ball(0.15, 0.55, wood),
    )


def vase(turn: int) -> Solids:
    """Make a waisted vase with bands."""
    clay = (Plain((168, 84, 54)), Plain((60, 108, 140)))[turn % 2]
    glaze = Pattern(clay, Plain((214, 190, 150)), up=5)
    return Turned(0.0385, 0.0, 0.0, 0.0, 0.06, clay), Turned(0.06, 0.12, -0.17, 0.06, 0.78, glaze)


def snowman(turn: int) -> Solids:
    """Make three white balls and a hat."""
    return (
        _ball(0.28, -0.04, _WHITE, 0.04),
        _ball(0.2, 0.42, _WHITE, 0.02),
        _ball(0.14, 0.74, _WHITE, 0.02),
        _can(0.17, 0.95, 0.98, _BLACK),
        _can(0.11, 0.98, 1.12, _BLACK),
    )


def coin(turn: int) -> Solids:
    """Make a coin of the picture of coins, lying."""
    row, column, radius = _COINS[turn % len(_COINS)]
    side = 2 * radius
    face = _part("coins.png", row - radius, column - radius, side, side)
    return (_can(0.5, 0.0, 0.07, Plain((112, 108, 100)), face),)


def bricks(turn: int) -> Solids:
    """Make two bricks, one across the other."""
    clay = Picture(
        np.minimum(
            _part("brick.png", 150, 150, 90, 160).image * np.array([1.0, 0.62, 0.5]), 255
        ).astype(np.uint8)
    )
    return (
        Block(0.8, 0.36, 0.0, 0.24, 0.96, 0.28, clay),
        Block(0.8, 0.36, 0.24, 0.48, 0.8, -0.6 if turn % 2 else 0.6, clay),
    )


def horse(turn: int) -> Solids:
    """Make a toy horse, of the outline in scikit-image."""
    drawn = bundled_image("horse.png")[..., 0] < 128
    rows, columns = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
    outline = drawn[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    paint: Colour = ((186, 120, 68), (218, 210, 194))[turn % 2]
    coat = np.empty((*outline.shape, 3), np.uint8)
    coat[:] = paint
    return (_standing(coat, outline, 1.15),)


def motorcycle(turn: int) -> Solids:
    """Make a toy of the motorcycle, told from the garage by the disparity that comes with it."""
    with np.load(BytesIO(bundled_path("motorcycle_disp.npz").read_bytes())) as file:
        near = np.asarray(file["arr_0"], np.float64)[75:458, 88:692]
    floor = 39.5 + (np.arange(75, 458) - 400) * 0.17
    inside = np.isfinite(near) & (near > np.maximum(floor + 1.2, 39.0)[:, None])
    inside[320:, :60] = False  # floor
    image = bundled_image("motorcycle_left.png")[75:458, 88:692]
    # both wheels on one line: columns go down by 52 pixels at the rear wheel
    rows, columns = np.indices(inside.shape)
    rows = rows - np.maximum(52 * (552 - columns) // 430, 0)
    inside = inside[rows, columns] & (rows >= 0)
    return (_standing(image[rows, columns], inside, 1.35),)


def shuttle(turn: int) -> Solids:
    """Make the model of the space shuttle beside the astronaut, cut out by hand."""
    corners = np.array(_SHUTTLE)
    image = bundled_image("astronaut.png")[: corners[:, 1].max() + 1, 352:476]
    return (_standing(image, _polygon(corners, image.shape[:2]), 0.6),)


OBJECTS: Mapping[str, Callable[[int], Solids]] = {
    "ball": beach_ball,
    "crate": crate,
    "horse": horse,
    "cone": traffic_cone,
    "tin": tin,
    "motorcycle": motorcycle,
    "pawn": pawn,
    "picture-box": picture_box,
    "bottle": bottle,
    "shuttle": shuttle,
    "stone-ball": stone_ball,
    "bricks": bricks,
    "vase": vase,
    "coin": coin,
    "snowman": snowman,
}

_COINS = ((42, 338, 30), (184, 346, 32), (260, 46, 28), (118, 272, 26))
"""Row, column and radius of coins in coins.png."""

_SHUTTLE = (
    (62, 0),
    (71, 0),
    (80, 12),
    (85, 32),
    (86, 53),
    (90, 43),
    (93, 39),
    (97, 43),
    (102, 60),
    (102, 200),
    (104, 230),
    (103, 235),
    (107, 262),
    (105, 269),
    (121, 275),
    (118, 281),
    (98, 285),
    (71, 289),
    (38, 290),
    (18, 286),
    (15, 281),
    (20, 276),
    (15, 271),
    (21, 247),
    (25, 232),
    (3, 230),
    (2, 218),
    (26, 184),
    (26, 120),
    (30, 113),
    (31, 97),
    (28, 67),
    (36, 41),
    (42, 53),
    (45, 37),
    (50, 17),
    (56, 3),
)
"""Corners of the shuttle's outline, column and row."""


def _standing(image: Image, outline: Mask, wide: float) -> CutOut:
    """Stand a cut-out on its foot, lit as if it bulged."""
    high = wide * outline.shape[0] / outline.shape[1]
    smooth = _blurred(_blurred(outline.astype(np.float64), 2), 2) >= 0.5
    relief = _blurred(_blurred(smooth.astype(np.float64), 9), 9) * 14
    return CutOut(wide, high, Picture(image, smooth, relief))


def _blurred(values: Floats, reach: int) -> Floats:
    """Average over squares of so many pixels to each side, the outside being 0."""
    side = 2 * reach + 1
    for axis in (0, 1):
        width = [(reach, reach) if a == axis else (0, 0) for a in (0, 1)]
        padded = np.pad(values, width)
        length = values.shape[axis]
        values = np.zeros(values.shape)
        for start in range(side):
            values = values + padded.take(np.arange(start, start + length), axis=axis)
    return values / side**2


def _polygon(corners: Floats, shape: tuple[int, ...]) -> Mask:
    """Fill a polygon: a pixel is inside where an odd number of sides lies to its right."""
    rows, columns = np.indices(shape) + 0.5
    inside = np.zeros(shape, bool)
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if y0 != y1:
            crosses = (rows > min(y0, y1)) & (rows <= max(y0, y1))
            inside ^= crosses & (columns < x0 + (rows - y0) * (x1 - x0) / (y1 - y0))
    return inside
