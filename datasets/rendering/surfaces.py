"""What solids look like: colours in linear light over the place on a surface."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from inpaintbench.datasets.base import Image, Mask
from inpaintbench.datasets.rendering.vectors import Floats, Vector, chosen

Colour: TypeAlias = tuple[int, int, int]
"""Red, green and blue of 8 bits."""


def linear(values: NDArray[Any] | int) -> Floats:
    """Turn levels from 0 to 255 into linear light from 0 to 1, by a gamma of 2.

    Close to that of sRGB, and unlike it made of operations that are exact everywhere.
    """
    share = np.asarray(values, np.float64) / 255
    result: Floats = share * share
    return result


class Surface(ABC):
    """A colour at each place: 0 to 1 across (more behind), 0 to 1 from foot to top."""

    @abstractmethod
    def colour(self, across: Floats, up: Floats) -> Vector:
        """Return red, green and blue in linear light."""


@dataclass(frozen=True)
class Plain(Surface):
    """One colour."""

    paint: Colour

    def colour(self, across: Floats, up: Floats) -> Vector:
        """Return the colour everywhere."""
        red, green, blue = (np.full(across.shape, float(linear(level))) for level in self.paint)
        return red, green, blue


@dataclass(frozen=True)
class Pattern(Surface):
    """Two surfaces in turns: so many bands across and up; with both, a chequerboard."""

    one: Surface
    other: Surface
    across: int = 0
    up: int = 0

    def colour(self, across: Floats, up: Floats) -> Vector:
        """Choose by the parity of the band."""
        bands = np.floor(across * self.across) + np.floor(up * self.up)
        odd = bands - 2 * np.floor(bands / 2) > 0.5
        return chosen(odd, self.other.colour(across, up), self.one.colour(across, up))


@dataclass(frozen=True)
class Banded(Surface):
    """A surface with a band of another between two heights: a label, a reflecting stripe."""

    body: Surface
    band: Surface
    low: float
    high: float

    def colour(self, across: Floats, up: Floats) -> Vector:
        """Stretch the band's own surface over its height."""
        inside = (up >= self.low) & (up < self.high)
        share = np.where(inside, (up - self.low) / (self.high - self.low), 0.0)
        return chosen(inside, self.band.colour(across, share), self.body.colour(across, up))


@dataclass(frozen=True, eq=False)
class Picture(Surface):
    """A picture wrapped around, mirrored where it ends; with an outline, a cut-out.

    Parameters
    ----------
    image : (H, W, C) array of uint8
        C = 1 or 3.
    outline : (H, W) array of bool, optional
        True where the picture is cut out.
    relief : (H, W) array, optional
        How far it stands out, in pixels; its slope says how the normal leans.
    """

    image: Image
    outline: Mask | None = None
    relief: Floats | None = None

    def colour(self, across: Floats, up: Floats) -> Vector:
        """Sample the picture between its pixels."""
        pixels = linear(self.image)
        red, green, blue = (
            self._between(pixels[..., min(c, pixels.shape[2] - 1)], across, up) for c in range(3)
        )
        return red, green, blue

    def opaque(self, across: Floats, up: Floats) -> Mask:
        """Whether a place is inside the outline."""
        if self.outline is None:
            return np.ones(across.shape, bool)
        return np.asarray(self._between(self.outline.astype(np.float64), across, up) >= 0.5)

    def lean(self, across: Floats, up: Floats) -> tuple[Floats, Floats]:
        """Return the slopes of the relief, downhill, to the right and up."""
        if self.relief is None:
            return np.zeros(across.shape), np.zeros(across.shape)
        step_x, step_y = 1 / self.relief.shape[1], 1 / self.relief.shape[0]
        here = [
            (across - step_x, up),
            (across + step_x, up),
            (across, up - step_y),
            (across, up + step_y),
        ]
        left, right, below, above = (self._between(self.relief, *place) for place in here)
        return (left - right) / 2, (below - above) / 2

    def _between(self, values: Floats, across: Floats, up: Floats) -> Floats:
        """Interpolate linearly; places beyond the picture are mirrored."""
        height, width = values.shape
        x, y = _mirrored(across) * width - 0.5, (1 - _mirrored(up)) * height - 0.5
        x, y = (
            np.minimum(np.maximum(x, 0.0), width - 1.0),
            np.minimum(np.maximum(y, 0.0), height - 1.0),
        )
        left, top = np.floor(x).astype(np.intp), np.floor(y).astype(np.intp)
        right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
        wx, wy = x - left, y - top
        upper = values[top, left] * (1 - wx) + values[top, right] * wx
        lower = values[bottom, left] * (1 - wx) + values[bottom, right] * wx
        result: Floats = upper * (1 - wy) + lower * wy
        return result


def _mirrored(place: Floats) -> Floats:
    """Fold the line of numbers onto 0 to 1."""
    turn = place - 2 * np.floor(place / 2)
    folded: Floats = np.minimum(turn, 2 - turn)
    return folded
