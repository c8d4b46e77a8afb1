"""Solids that rays are traced against: turned bodies, blocks, and flat cut-outs that stand."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inpaintbench.datasets.rendering.surfaces import Picture, Surface
from inpaintbench.datasets.rendering.vectors import Floats, Vector, along, chosen

_NEAR = 1e-6
"""Hits nearer than this are where a ray began."""


@dataclass(frozen=True, eq=False)
class Hit:
    """Where rays meet a solid.

    Parameters
    ----------
    distance : (n,) array
        In lengths of the ray's direction; infinite where it misses.
    normal : three (n,) arrays
        Outwards, not of length one.
    across, up : (n,) arrays
        Place on the surface: 0 to 1 over what is seen from the front, 0 to 1 from foot to top.
    """

    distance: Floats
    normal: Vector
    across: Floats
    up: Floats


class Solid(ABC):
    """A solid on the ground plane y = 0, centred on the origin."""

    surface: Surface
    high: float
    """Height of its top."""

    @property
    @abstractmethod
    def reach(self) -> float:
        """How far it reaches from the axis."""

    @abstractmethod
    def distance(self, origin: Vector, direction: Vector) -> Floats:
        """Return the distance of the first hit beyond each origin; infinite where none is."""

    @abstractmethod
    def hit(self, origin: Vector, direction: Vector) -> Hit:
        """Find the first hit of each ray beyond its origin."""

    def colour(self, hit: Hit) -> Vector:
        """Return the colour of the surface where rays meet it, in linear light."""
        return self.surface.colour(hit.across, hit.up)


@dataclass(frozen=True, eq=False)
class Turned(Solid):
    """A body of revolution around the vertical axis: x² + z² = a + b·y + c·y² between two heights.

    A can is ``(r², 0, 0)``, a ball of radius r on the ground ``(0, 2r, -1)``, a cone of height h
    ``(r², -2r²/h, r²/h²)``.
    """

    a: float
    b: float
    c: float
    low: float
    high: float
    surface: Surface
    cap: Surface | None = None
    """Surface of the flat top, where it is another."""

    @property
    def reach(self) -> float:
        """The largest radius."""
        heights = [self.low, self.high]
        if self.c:
            heights.append(min(max(-self.b / (2 * self.c), self.low), self.high))
        return float(np.sqrt(max(self.a + self.b * y + self.c * y * y for y in heights)))

    def distance(self, origin: Vector, direction: Vector) -> Floats:
        """Find the nearer of the hits of the mantle and of the flat ends."""
        return np.minimum(
            self._mantle(origin, direction), np.minimum(*self._ends(origin, direction))
        )

    def _mantle(self, origin: Vector, direction: Vector) -> Floats:
        (ox, oy, oz), (dx, dy, dz) = origin, direction
        a = dx * dx + dz * dz - self.c * dy * dy
        half = ox * dx + oz * dz - dy * (self.b / 2 + self.c * oy)
        c = ox * ox + oz * oz - self.a - self.b * oy - self.c * oy * oy
        square = half * half - a * c
        root = np.sqrt(np.maximum(square, 0.0))
        divisor = np.where(a == 0, 1e-300, a)
        best = np.full(root.shape, np.inf)
        for t in ((-half - root) / divisor, (root - half) / divisor):
            y = oy + t * dy
            met = (square > 0) & (t > _NEAR) & (y >= self.low) & (y <= self.high)
            best = np.where(met & (t < best), t, best)
        return best

    def _ends(self, origin: Vector, direction: Vector) -> tuple[Floats, Floats]:
        """Return the distances of bottom and top."""
        slope = np.where(direction[1] == 0, 1e-300, direction[1])
        found = []
        for height in (self.low, self.high):
            t = (height - origin[1]) / slope
            x, z = origin[0] + t * direction[0], origin[2] + t * direction[2]
            square = self.a + self.b * height + self.c * height * height
            found.append(np.where((t > _NEAR) & (x * x + z * z <= square), t, np.inf))
        return found[0], found[1]

    def hit(self, origin: Vector, direction: Vector) -> Hit:
        """Find the nearer of the hits of the mantle and of the flat ends."""
        around, (below, above) = self._mantle(origin, direction), self._ends(origin, direction)
        best = np.minimum(around, np.minimum(below, above))
        mantle, top = around <= best, above <= best
        x, y, z = along(origin, direction, np.where(np.isfinite(best), best, 0.0))
        zero = np.zeros(best.shape)
        side = (x, -(self.b / 2 + self.c * y), z)
        flat = (zero, np.where(top, 1.0, -1.0), zero)
        spread = np.abs(x) + np.abs(z)
        angle = x / np.where(spread > 0, spread, 1.0)
        turned = np.where(z >= 0, angle + 1, 3 - angle) / 2
        widest = np.sqrt(max(self.a + self.b * self.high + self.c * self.high**2, 1e-9))
        across = np.where(mantle, turned, (x / widest + 1) / 2)
        up = np.where(mantle, (y - self.low) / (self.high - self.low), (1 - z / widest) / 2)
        return Hit(best, chosen(mantle, side, flat), across, up)

    def colour(self, hit: Hit) -> Vector:
        """Tell the flat top from the mantle, where it has a surface of its own."""
        body = super().colour(hit)
        if self.cap is None:
            return body
        x, y, z = hit.normal
        return chosen((x == 0) & (z == 0) & (y > 0), self.cap.colour(hit.across, hit.up), body)


@dataclass(frozen=True, eq=False)
class Block(Solid):
    """A block with upright edges, turned around its axis by the angle of `cosine` and `sine`."""

    wide: float
    deep: float
    low: float
    high: float
    cosine: float
    sine: float
    surface: Surface

    @property
    def reach(self) -> float:
        """Half of the diagonal."""
        return float(np.sqrt(self.wide * self.wide + self.deep * self.deep)) / 2

    def distance(self, origin: Vector, direction: Vector) -> Floats:
        """Find where rays enter all three slabs (they start outside)."""
        return self._enter(self._own(origin), self._own(direction))[0]

    def hit(self, origin: Vector, direction: Vector) -> Hit:
        """Find where rays enter all three slabs (they start outside)."""
        o, d = self._own(origin), self._own(direction)
        best, axis = self._enter(o, d)
        x, y, z = along(o, d, np.where(np.isfinite(best), best, 0.0))
        across = np.where(axis == 0, z / self.deep, x / self.wide) + 0.5
        up = np.where(axis == 1, 0.5 - z / self.deep, (y - self.low) / (self.high - self.low))
        sign = [np.where(axis == i, np.where(d[i] > 0, -1.0, 1.0), 0.0) for i in range(3)]
        nx = sign[0] * self.cosine + sign[2] * self.sine
        nz = sign[2] * self.cosine - sign[0] * self.sine
        return Hit(best, (nx, sign[1], nz), across, up)

    def _enter(self, origin: Vector, direction: Vector) -> tuple[Floats, NDArray[np.int8]]:
        """Return the distances, and the axis of the face that is met."""
        half, deep = self.wide / 2, self.deep / 2
        bounds = ((-half, half), (self.low, self.high), (-deep, deep))
        shape = np.broadcast(origin[0], direction[0]).shape
        enter, leave = np.full(shape, -np.inf), np.full(shape, np.inf)
        axis = np.zeros(shape, np.int8)
        for index, (start, step, (low, high)) in enumerate(
            zip(origin, direction, bounds, strict=True)
        ):
            slope = np.where(step == 0, 1e-300, step)
            near, far = (low - start) / slope, (high - start) / slope
            near, far = np.minimum(near, far), np.maximum(near, far)
            axis = np.where(near > enter, np.int8(index), axis)
            enter, leave = np.maximum(enter, near), np.minimum(leave, far)
        return np.where((enter <= leave) & (enter > _NEAR), enter, np.inf), axis

    def _own(self, v: Vector) -> Vector:
        """Turn into the block's own axes."""
        return v[0] * self.cosine - v[2] * self.sine, v[1], v[0] * self.sine + v[2] * self.cosine


_UPRIGHT = 1.0
"""How far the normal of a cut-out leans up."""


@dataclass(frozen=True, eq=False)
class CutOut(Solid):
    """A picture with an outline that stands upright, facing the viewer; nothing behind it.

    The normal leans up, and outwards near the outline by the picture's `relief`, so that a flat
    cut-out is lit like a body.
    """

    wide: float
    high: float
    surface: Picture

    @property
    def reach(self) -> float:
        """Half of the width."""
        return self.wide / 2

    def distance(self, origin: Vector, direction: Vector) -> Floats:
        """Find where rays cross the plane inside the outline."""
        return self._cross(origin, direction)[0]

    def hit(self, origin: Vector, direction: Vector) -> Hit:
        """Find where rays cross the plane inside the outline."""
        distance, across, up = self._cross(origin, direction)
        lean_x, lean_y = self.surface.lean(across, up)
        normal = (lean_x, lean_y + _UPRIGHT, np.where(direction[2] > 0, -1.0, 1.0))
        return Hit(distance, normal, across, up)

    def _cross(self, origin: Vector, direction: Vector) -> tuple[Floats, Floats, Floats]:
        depth = np.where(direction[2] == 0, 1e-300, direction[2])
        t = -origin[2] / depth
        x, y, _ = along(origin, direction, t)
        across, up = x / self.wide + 0.5, y / self.high
        inside = (across >= 0) & (across < 1) & (up >= 0) & (up < 1) & (t > _NEAR)
        across, up = np.where(inside, across, 0.0), np.where(inside, up, 0.0)
        inside &= self.surface.opaque(across, up)
        return np.where(inside, t, np.inf), across, up
