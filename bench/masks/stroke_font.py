"""A font of strokes, drawn with our own segments: no font file and no text library decides a pixel.

Letters are lines and curves on a grid where capitals are 12 high, the x-height is 8, the baseline
lies at 12 and descenders end at 16. A glyph is written as strokes separated by ``|``; a stroke is a
run of points, each a pair of base-36 digits ``xy``; ``~`` marks a curve whose corners are rounded.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from inpaintbench.images.types import Mask
from inpaintbench.masks.drawing import Point, draw_lines

CAPITAL_HEIGHT = 12
"""Height of a capital on the grid."""

TEXT_HEIGHT = 16
"""Height of a line of text on the grid, descenders included."""

SPACE_WIDTH = 8
"""Width on the grid that a space adds between two words."""

_GAP = 3
_SPACE = SPACE_WIDTH - _GAP
_LARGE = 20.0

_BOWL = "~24 44 66 6a 4c 2c 0a 06 24"
_ROUND = "~20 60 83 89 6c 2c 09 03 20"

GLYPHS = {
    "A": "0c 40 8c|19 79",
    "B": "~00 70 76 06|~06 86 8c 0c|00 0c",
    "C": "~82 70 20 03 09 2c 7c 8a",
    "D": "~00 60 83 89 6c 0c|00 0c",
    "E": "80 00 0c 8c|06 66",
    "F": "80 00 0c|06 66",
    "G": "~82 70 20 03 09 2c 6c 8a|8a 86 56",
    "H": "00 0c|80 8c|06 86",
    "I": "00 40|20 2c|0c 4c",
    "J": "~60 6a 5c 1c 09",
    "K": "00 0c|80 08|35 8c",
    "L": "00 0c 7c",
    "M": "0c 00 47 80 8c",
    "N": "0c 00 8c 80",
    "O": _ROUND,
    "P": "~00 80 87 07|00 0c",
    "Q": f"{_ROUND}|58 9d",
    "R": "~00 80 86 06|00 0c|46 8c",
    "S": "~82 60 10 03 15 77 89 7c 2c 0a",
    "T": "00 80|40 4c",
    "U": "~00 09 1c 7c 89 80",
    "V": "00 4c 80",
    "W": "00 2c 43 6c 80",
    "X": "00 8c|80 0c",
    "Y": "00 46 80|46 4c",
    "Z": "00 80 0c 8c",
    "a": f"{_BOWL}|64 6c",
    "b": f"{_BOWL}|00 0c",
    "c": "~66 54 14 07 09 1c 5c 6a",
    "d": f"{_BOWL}|60 6c",
    "e": "08 68|~68 65 44 14 07 0a 2c 4c 6a",
    "f": "~51 40 20 23 2c|04 44",
    "g": f"{_BOWL}|~64 6e 5g 1g 0e",
    "h": "00 0c|~08 14 54 67 6c",
    "i": "14 1c|10 10",
    "j": "~24 2e 1g 0g|20 20",
    "k": "00 0c|54 09|27 6c",
    "l": "10 1c",
    "m": "04 0c|~08 14 44 57 5c|~58 64 94 a7 ac",
    "n": "04 0c|~08 14 54 67 6c",
    "o": _BOWL,
    "p": f"{_BOWL}|04 0g",
    "q": f"{_BOWL}|64 6g",
    "r": "04 0c|~08 14 34 45",
    "s": "~65 54 14 06 18 58 6a 5c 1c 0b",
    "t": "~20 29 3c 5c|04 44",
    "u": "~04 09 1c 5c 68|64 6c",
    "v": "04 3c 64",
    "w": "04 2c 45 6c 84",
    "x": "04 6c|64 0c",
    "y": "04 3c|64 3c 1g",
    "z": "04 64 0c 6c",
    "0": "~20 50 73 79 5c 2c 09 03 20",
    "1": "03 30 3c|0c 6c",
    "2": "~03 10 60 74 58 0c|0c 7c",
    "3": "~02 10 60 73 56 36|~36 66 7a 5c 1c 0a",
    "4": "5c 50 09 79",
    "5": "70 10 06|~06 34 74 78 6c 1c 0a",
    "6": "~71 50 20 05 0a 2c 5c 7a 77 55 25 08",
    "7": "00 70 2c",
    "8": "~20 50 63 56 26 13 20|~26 56 79 5c 2c 09 26",
    "9": "~0b 2c 5c 77 72 50 20 02 05 27 57 74",
    ".": "0c 0c",
    ",": "1c 0e",
    "-": "08 48",
    ":": "06 06|0c 0c",
    "'": "00 03",
    "!": "00 08|0c 0c",
    "?": "~02 10 60 64 37 39|3c 3c",
    "/": "0c 60",
}
"""The strokes of each character."""


@lru_cache(maxsize=1024)
def text_width(text: str) -> int:
    """Return the width of a line of text on the grid, where capitals are 12 high."""
    advances = [_SPACE if character == " " else _width(character) + _GAP for character in text]
    return sum(advances) - (_GAP if text and text[-1] != " " else 0)


def draw_text(mask: Mask, text: str, y: float, x: float, height: float, stroke: float) -> None:
    """Draw a level line of text in place: `text_segments` with a pen `stroke` px wide."""
    draw_lines(mask, text_segments(text, y, x, height), stroke)


def text_segments(
    text: str, y: float, x: float, height: float, along: Point = (0.0, 1.0)
) -> NDArray[np.float64]:
    """Return the strokes of a line of text, for `draw_lines`.

    Parameters
    ----------
    text : str
        Characters of `GLYPHS`, and spaces.
    y, x : float
        Where the top left corner of the first capital lies, in pixels.
    height : float
        Height of a capital in pixels.
    along : (dy, dx)
        Unit vector of the direction of writing.

    Returns
    -------
    (N, 4) array of float64
        Segments ``(y0, x0, y1, x1)`` in pixels.
    """
    # A second rounding of the curves can't be seen on small letters.
    roundings = 1 if height < _LARGE else 2
    pen, pens, glyphs = 0, [], []
    for character in text:
        if character == " ":
            pen += _SPACE
            continue
        glyphs.append(_glyph(character, roundings))
        pens.append(pen)
        pen += _width(character) + _GAP
    grid = np.concatenate([*glyphs, np.empty((0, 4))])
    grid[:, 1::2] += np.repeat(pens, [len(glyph) for glyph in glyphs])[:, None]
    grid *= height / CAPITAL_HEIGHT
    down, right = grid[:, 0::2], grid[:, 1::2]
    placed = np.empty_like(grid)
    placed[:, 0::2] = y + down * along[1] + right * along[0]
    placed[:, 1::2] = x + right * along[1] - down * along[0]
    return placed


@cache
def _width(character: str) -> int:
    return max(int(point[0], 36) for point in re.findall(r"\w\w", GLYPHS[character]))


@cache
def _glyph(character: str, roundings: int) -> NDArray[np.float64]:
    """Return the segments ``(y0, x0, y1, x1)`` of a glyph on the grid."""
    segments = []
    for stroke in GLYPHS[character].split("|"):
        points = [(float(int(p[0], 36)), float(int(p[1], 36))) for p in stroke.strip("~").split()]
        if stroke.startswith("~"):
            for _ in range(roundings):
                points = _rounded(points)
        segments += [(y0, x0, y1, x1) for (x0, y0), (x1, y1) in pairwise(points)]
    return np.array(segments)


def _rounded(points: list[Point]) -> list[Point]:
    """Cut the corners of a run of points a quarter of the way along each side (Chaikin 1974)."""
    cut = []
    for (x0, y0), (x1, y1) in pairwise(points):
        cut.append((0.75 * x0 + 0.25 * x1, 0.75 * y0 + 0.25 * y1))
        cut.append((0.25 * x0 + 0.75 * x1, 0.25 * y0 + 0.75 * y1))
    closed = points[0] == points[-1]
    return [*cut, cut[0]] if closed else [points[0], *cut[1:-1], points[-1]]
