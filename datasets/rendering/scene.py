"""An object in a photograph, with its shadow and its reflection on the ground."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from inpaintbench.datasets.base import Image, Mask
from inpaintbench.datasets.rendering.solids import Solid
from inpaintbench.datasets.rendering.surfaces import linear
from inpaintbench.datasets.rendering.vectors import (
    Direction,
    Floats,
    Vector,
    along,
    chosen,
    dot,
    taken,
    unit,
)

Window: TypeAlias = tuple[slice, slice]
"""Rows and columns of a picture."""

_GRID = 4
"""Rays through a pixel along each side, for smooth edges."""

_SUN = 9
"""The sun's disc is sampled on a grid of as many places along each side."""

_SKY = 7
"""The sky likewise, each place as bright as it lights the ground."""

_FAINTEST = 0.03
"""Shadows lose this share of the light, so that they end instead of thinning out for ever."""

_DISTANCE = 7.0
"""From the camera to the foot of the object, in its units."""

_GLOSS = 3
"""The mirrored image is blurred over a grid of as many directions along each side."""


@dataclass(frozen=True)
class Light:
    """Where the light comes from.

    Parameters
    ----------
    towards : three floats
        Direction to the sun or lamp: right, up, towards the viewer.
    sun, sky : float
        Brightness of an upright white surface in the sun's direction, and under the whole sky, in
        linear light; in a shadow the ground keeps at least ``sky / (sun + sky)`` of its light.
    radius : float
        Of the sun's disc, at distance 1: how soft shadows are.
    tint : three floats
        Colour of the light.
    """

    towards: Direction
    sun: float
    sky: float
    radius: float = 0.15
    tint: Direction = (1.0, 1.0, 1.0)

    @property
    def direction(self) -> Vector:
        """Direction to the lamp, of length one."""
        x, y, z = (np.asarray(part) for part in self.towards)
        return unit((x, y, z))


@dataclass(frozen=True)
class View:
    """Where the object stands in the picture, and from how high up it is seen.

    Parameters
    ----------
    row, column : float
        Pixel of the foot's centre.
    scale : float
        Pixels in a unit of the object.
    sine, cosine : float
        Of the angle by which the camera looks down.
    """

    row: float
    column: float
    scale: float
    sine: float
    cosine: float

    def rays(self, rows: Floats, columns: Floats) -> tuple[Vector, Vector]:
        """Return the camera's place, and directions through pixels."""
        across, down = (columns - self.column) / self.scale, (rows - self.row) / self.scale
        zero = np.zeros(across.shape)
        origin = (zero, zero + _DISTANCE * self.sine, zero + _DISTANCE * self.cosine)
        up = -_DISTANCE * self.sine - down * self.cosine
        back = -_DISTANCE * self.cosine + down * self.sine
        return origin, (across, up, back)

    def window(self, reach: float, low: float, high: float, shape: tuple[int, ...]) -> Window:
        """Return the part of a picture in which a box around the axis may show."""
        rows, columns = [], []
        for x in (-reach, reach):
            for y in (low, high):
                for z in (-reach, reach):
                    depth = _DISTANCE - y * self.sine - z * self.cosine
                    columns.append(self.column + self.scale * _DISTANCE * x / depth)
                    rows.append(
                        self.row
                        + self.scale * _DISTANCE * (z * self.sine - y * self.cosine) / depth
                    )
        (top, bottom), (left, right) = (
            (min(max(int(min(places)) - 2, 0), side), min(max(int(max(places)) + 3, 0), side))
            for places, side in ((rows, shape[0]), (columns, shape[1]))
        )
        return slice(top, bottom), slice(left, right)


@dataclass(frozen=True, eq=False)
class Rendering:
    """A photograph with an object in it.

    Parameters
    ----------
    input : (H, W, C) array of uint8
        With the object, its shadow and its reflection.
    object : (H, W) array of bool
        Where the object is, edge pixels that it covers in part included.
    """

    input: Image
    object: Mask


def render(
    photo: Image,
    solids: tuple[Solid, ...],
    view: View,
    light: Light,
    gloss: float = 0.0,
    shine: float = 0.0,
) -> Rendering:
    """Draw an object into a photograph.

    Parameters
    ----------
    photo : (H, W, C) array of uint8
    solids : tuple of Solid
        What the object is made of.
    view, light
        How it is seen and lit.
    gloss : float
        Share of the mirrored object's light that the ground reflects at its foot; 0 for none.
    shine : float
        Brightness of the light's image on the object.
    """
    height, width = photo.shape[:2]
    light_back = linear(photo)
    origin, direction = view.rays(*_pixels((slice(0, height), slice(0, width))))
    down = direction[1] < -1e-3
    kept = np.ones(height * width)
    kept[down] = _lit(_ground(taken(origin, down), taken(direction, down)), solids, light)
    light_back = light_back * kept.reshape(height, width, 1)
    reach, high = _extent(solids)
    if gloss:
        window = view.window(1.3 * reach, -1.3 * high, 0.0, photo.shape)
        _blend(light_back[window], *_mirrored(view, window, solids, light, gloss, shine))
    window = view.window(reach, 0.0, high, photo.shape)
    cover, colour = _seen(view, window, solids, light, shine)
    _blend(light_back[window], cover, colour)
    levels = np.floor(np.sqrt(np.minimum(light_back, 1.0)) * 255 + 0.5).astype(np.uint8)
    covered = np.zeros((height, width), bool)
    covered[window] = (cover > 0).reshape(covered[window].shape)
    return Rendering(np.ascontiguousarray(levels), covered)


def _pixels(window: Window) -> tuple[Floats, Floats]:
    """Return row and column of each pixel of a window."""
    rows, columns = window
    grid = np.meshgrid(
        np.arange(rows.start, rows.stop, dtype=np.float64),
        np.arange(columns.start, columns.stop, dtype=np.float64),
        indexing="ij",
    )
    return grid[0].ravel(), grid[1].ravel()


def _blend(below: Floats, share: Floats, above: Vector) -> None:
    """Lay light over a window of the picture, of which it covers a share of each pixel."""
    shape = below.shape
    stacked = np.stack(above, axis=-1)
    if shape[2] == 1:
        stacked = (above[0] * 0.25 + above[1] * 0.625 + above[2] * 0.125)[:, None]
    below *= 1 - share.reshape(*shape[:2], 1)
    below += stacked.reshape(shape)


def _ground(origin: Vector, direction: Vector) -> Vector:
    """Find where rays that go down meet the ground."""
    return along(origin, direction, -origin[1] / direction[1])


def _first(
    solids: tuple[Solid, ...], origin: Vector, direction: Vector
) -> tuple[Floats, Vector, Vector]:
    """Find the first hit of each ray: its distance, and normal and colour of the surface there."""
    hit = solids[0].hit(origin, direction)
    distance, normal, colour = hit.distance, hit.normal, solids[0].colour(hit)
    for solid in solids[1:]:
        hit = solid.hit(origin, direction)
        nearer = hit.distance < distance
        distance = np.minimum(hit.distance, distance)
        normal = chosen(nearer, hit.normal, normal)
        colour = chosen(nearer, solid.colour(hit), colour)
    return distance, normal, colour


def _covered(solids: tuple[Solid, ...], points: Vector, towards: Direction) -> NDArray[np.bool_]:
    """Tell from which points on or above the ground the view in one direction is blocked."""
    reach, high = _extent(solids)
    near = np.ones(points[0].shape, bool)
    for place, step in ((points[0], towards[0]), (points[2], towards[2])):
        shift = high * step / towards[1]  # on the way up to the top
        near &= (place >= -reach - max(shift, 0.0)) & (place <= reach - min(shift, 0.0))
    origin = taken(points, near)
    ray = (np.asarray(towards[0]), np.asarray(towards[1]), np.asarray(towards[2]))
    blocked = np.zeros(origin[0].shape, bool)
    for solid in solids:
        blocked |= np.isfinite(solid.distance(origin, ray))
    near[near] = blocked
    return near


def _extent(solids: tuple[Solid, ...]) -> tuple[float, float]:
    """Return how far the object reaches from its axis, and its height."""
    return max(solid.reach for solid in solids), max(solid.high for solid in solids)


def _disc(count: int) -> list[tuple[float, float]]:
    """List the places of a grid that lie in the unit disc."""
    steps = [(2 * i + 1) / count - 1 for i in range(count)]
    return [(a, b) for a in steps for b in steps if a * a + b * b <= 1]


def _suns(light: Light) -> list[Direction]:
    """List directions over the sun's disc."""
    x, y, z = (float(part) for part in light.direction)
    level = float(np.sqrt(x * x + z * z))
    side = (z / level, 0.0, -x / level) if level else (1.0, 0.0, 0.0)
    up = (side[1] * z - side[2] * y, side[2] * x - side[0] * z, side[0] * y - side[1] * x)
    return [
        (
            x + light.radius * (a * side[0] + b * up[0]),
            max(y + light.radius * (a * side[1] + b * up[1]), 0.02),
            z + light.radius * (a * side[2] + b * up[2]),
        )
        for a, b in _disc(_SUN)
    ]


def _lit(points: Vector, solids: tuple[Solid, ...], light: Light) -> Floats:
    """Return the share of its light that the ground keeps."""
    lamp = _share(points, solids, _suns(light))
    sky = _share(
        points, solids, [(a, float(np.sqrt(1.0 - a * a - b * b)), b) for a, b in _disc(_SKY)]
    )
    total = light.sun + light.sky
    lost = (light.sun * lamp + light.sky * sky) / total
    kept: Floats = 1 - np.maximum(lost - _FAINTEST, 0.0) / (1 - _FAINTEST)
    return kept


def _share(points: Vector, solids: tuple[Solid, ...], directions: list[Direction]) -> Floats:
    covered = np.zeros(points[0].shape)
    for direction in directions:
        covered += _covered(solids, points, direction)
    return covered / len(directions)


def _shaded(
    outwards: Vector,
    colour: Vector,
    where: Vector,
    seen: Vector,
    solids: tuple[Solid, ...],
    light: Light,
    shine: float,
) -> Vector:
    """Light a surface: sun, sky, what the ground throws back, and the sun's image."""
    normal, towards = unit(outwards), light.direction
    facing = np.maximum(dot(normal, towards), 0.0)
    start = along(where, normal, np.full(where[0].shape, 1e-4))
    lone = len(solids) == 1  # and bulges, so that it can't shade itself
    free = np.ones(facing.shape) if lone else 1 - _share(start, solids, _suns(light)[::13])
    sky = light.sky * (0.65 + 0.35 * normal[1])
    amount = light.sun * facing * free + sky
    view = unit(seen)
    middle = unit((towards[0] - view[0], towards[1] - view[1], towards[2] - view[2]))
    peak = np.maximum(dot(normal, middle), 0.0)
    for _ in range(5):
        peak = peak * peak
    glint = shine * peak * free
    red, green, blue = (
        (paint * amount + glint) * tint for paint, tint in zip(colour, light.tint, strict=True)
    )
    return red, green, blue


def _look(
    origin: Vector, direction: Vector, solids: tuple[Solid, ...], light: Light, shine: float
) -> tuple[NDArray[np.bool_], Vector, Floats]:
    """Follow rays to the object: whether they meet it, its colour there, and how high up."""
    distance, normal, colour = _first(solids, origin, direction)
    met = np.isfinite(distance)
    full = [np.zeros(met.shape) for _ in range(3)]
    height = np.zeros(met.shape)
    if met.any():
        seen = taken(direction, met)
        place = along(taken(origin, met), seen, distance[met])
        paint, outwards = taken(colour, met), taken(normal, met)
        height[met] = place[1]
        shaded = _shaded(outwards, paint, place, seen, solids, light, shine)
        for channel, values in zip(full, shaded, strict=True):
            channel[met] = values
    return met, (full[0], full[1], full[2]), height


def _mirrored(
    view: View, window: Window, solids: tuple[Solid, ...], light: Light, gloss: float, shine: float
) -> tuple[Floats, Vector]:
    """Return the share of each pixel of a window that mirrors the object, and its light there."""
    origin, direction = view.rays(*_pixels(window))
    points = _ground(origin, direction)
    share, total = np.zeros(origin[0].shape), [np.zeros(origin[0].shape) for _ in range(3)]
    seen = unit(direction)
    places = [(2 * i + 1) / _GLOSS - 1 for i in range(_GLOSS)]
    for a, b in ((a, b) for a in places for b in places):
        rays = (seen[0] + 0.03 * a, -seen[1], seen[2] + 0.03 * b)
        met, colour, height = _look(points, rays, solids, light, shine)
        weight = np.where(met, gloss / (1 + 2 * height) / len(places) ** 2, 0.0)
        share += weight
        for channel, values in zip(total, colour, strict=True):
            channel += weight * values
    return share, (total[0], total[1], total[2])


def _seen(
    view: View, window: Window, solids: tuple[Solid, ...], light: Light, shine: float
) -> tuple[Floats, Vector]:
    """Return what share of each pixel of a window the object covers, and its light there."""
    rows, columns = _pixels(window)
    cover, total = np.zeros(rows.shape), [np.zeros(rows.shape) for _ in range(3)]
    offsets = [(2 * i + 1) / (2 * _GRID) - 0.5 for i in range(_GRID)]
    for down, right in ((a, b) for a in offsets for b in offsets):
        met, colour, _ = _look(*view.rays(rows + down, columns + right), solids, light, shine)
        cover += met
        for channel, values in zip(total, colour, strict=True):
            channel += values
    count = _GRID * _GRID
    return cover / count, (total[0] / count, total[1] / count, total[2] / count)
