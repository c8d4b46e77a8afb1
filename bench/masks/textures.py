"""Holes in textures, where copying what repeats is what counts."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from inpaintbench.images.types import Image
from inpaintbench.masks.base import Mask, MaskSuite, RandomStream, Sample
from inpaintbench.masks.drawing import direction, fill_box, fill_disc, smooth_noise
from inpaintbench.masks.filling import check_range, fill_to_coverage, undrawable, unit

_CELL = 16.0


@dataclass(frozen=True)
class Textures(MaskSuite):
    """Holes at the image's most textured places, and holes with a texture of their own.

    - ``high-energy``: discs and squares, radius or half side 10–24 px, centred in the quarter of
      the image with the highest local texture energy, until 5–20 % of the image is covered. The
      energy of a cell of 16×16 px is the sum of the absolute differences between neighbouring
      pixels, across and down, of the sum of the channels.
    - ``noise-threshold``: where smooth noise (random bytes blurred by a box of radius 2–6 px three
      times along each axis) is highest, on 20–50 % of the image, to the pixel.
    - ``mesh``: two sets of parallel lines at right angles, at any angle, 12–32 px apart and 2–6 px
      wide: 12–75 %.
    - ``lines``: alternating known and missing stripes of one width, 1–8 px, level or upright: 50 %.

    Lengths are in pixels of a 256² image and scale with the square root of the image's area, but a
    line and a gap stay at least 1 px, a radius at least 2 px and a cell at least 4 px.

    Parameters
    ----------
    min_radius, max_radius : float
        Of the holes of ``high-energy``, in pixels of a 256² image.
    min_coverage, max_coverage : float
        Of ``high-energy``: hole area / image area.
    """

    min_radius: float = 10.0
    max_radius: float = 24.0
    min_coverage: float = 0.05
    max_coverage: float = 0.2

    kinds: ClassVar[tuple[str, ...]] = ("high-energy", "noise-threshold", "mesh", "lines")
    source: ClassVar[str] = "inpaintbench: textures, where exemplar methods are at home"

    def __post_init__(self) -> None:
        """Refuse empty ranges."""
        check_range("radius", self.min_radius, self.max_radius, 1, 64)
        check_range("coverage", self.min_coverage, self.max_coverage, 0.01, 0.8)

    def draw(self, sample: Sample, kind: str, random: RandomStream) -> Mask:
        """Draw one pattern, or holes placed by the image's content."""
        if kind == "high-energy":
            return self._high_energy(sample, random)
        height, width = sample.image.shape[:2]
        if kind == "noise-threshold":
            if height * width < 2:
                raise undrawable(self, sample)
            return _noise_threshold(height, width, unit(sample), random)
        if kind == "mesh":
            return _mesh(height, width, unit(sample), random)
        return _lines(height, width, unit(sample), random)

    def _high_energy(self, sample: Sample, random: RandomStream) -> Mask:
        scale = unit(sample)
        cell = max(floor(_CELL * scale), 4)
        energy = texture_energy(sample.image, cell)
        # Every cell of an image without texture has the threshold's energy: all places are equal.
        threshold = np.sort(energy, axis=None)[energy.size - ceil(energy.size / 4)]
        rows, columns = np.nonzero(energy >= threshold)

        def draw_hole(mask: Mask, scale: float, random: RandomStream) -> None:
            chosen = random.integer(0, len(rows))
            y = min(int(rows[chosen]) * cell + random.integer(0, cell), mask.shape[0] - 1)
            x = min(int(columns[chosen]) * cell + random.integer(0, cell), mask.shape[1] - 1)
            radius = max(random.uniform(self.min_radius, self.max_radius) * scale, 2.0)
            if random.chance(0.5):
                fill_disc(mask, y, x, radius)
            else:
                half = floor(radius)
                fill_box(mask, y - half, x - half, 2 * half + 1, 2 * half + 1)

        return fill_to_coverage(sample, random, self.min_coverage, self.max_coverage, draw_hole)


def texture_energy(image: Image, cell: int) -> NDArray[np.int64]:
    """Sum the absolute differences between neighbouring pixels over the cells of a grid.

    Parameters
    ----------
    image : (H, W, C) array of uint8 or uint16
    cell : int
        Side of a cell in pixels; the last row and column of cells may be smaller.

    Returns
    -------
    (ceil(H / cell), ceil(W / cell)) array of int64
    """
    grey = image[..., 0].astype(np.int32)
    for channel in range(1, image.shape[2]):
        grey += image[..., channel]
    change = np.zeros(grey.shape, np.int64)
    change[1:] = np.abs(np.diff(grey, axis=0))
    change[:, 1:] += np.abs(np.diff(grey, axis=1))
    rows, columns = (np.arange(0, side, cell) for side in grey.shape)
    return np.add.reduceat(np.add.reduceat(change, rows, axis=0), columns, axis=1)


def _noise_threshold(height: int, width: int, scale: float, random: RandomStream) -> Mask:
    radius = max(floor(random.uniform(2.0, 7.0) * scale), 1)
    noise = smooth_noise(random, height, width, min(radius, 127))
    known = noise.size - random.integer(ceil(0.2 * noise.size), floor(0.5 * noise.size) + 1)
    return np.asarray(noise >= np.partition(noise, known, axis=None)[known])


def _mesh(height: int, width: int, scale: float, random: RandomStream) -> Mask:
    period = max(random.uniform(12.0, 32.0) * scale, 4.0)
    thickness = max(random.uniform(2.0, 6.0) * scale, 1.0)
    dy, dx = direction(random.uniform(0.0, 0.25))
    rows = np.arange(height, dtype=np.float64)[:, None]
    columns = np.arange(width, dtype=np.float64)
    mask = np.zeros((height, width), np.bool_)
    for a, b in ((dy, dx), (dx, -dy)):
        position = (rows * a + columns * b + random.uniform(0.0, period)) / period
        mask |= position - np.floor(position) < thickness / period
    return mask


def _lines(height: int, width: int, scale: float, random: RandomStream) -> Mask:
    mask = np.zeros((height, width), np.bool_)
    thickness = max(floor(random.integer(1, 9) * scale), 1)
    phase = random.integer(0, 2 * thickness)
    lines = mask if random.chance(0.5) else mask.T
    lines[(np.arange(len(lines)) + phase) // thickness % 2 == 0] = True
    return mask
