"""Laplace's and the biharmonic equation on the pixels of a hole, solved exactly."""

from __future__ import annotations

import numpy as np
from numba import njit

from inpaintbench.methods.base import Mask
from inpaintbench.methods.kernels.dissection import (
    Floats,
    Integers,
    dissect,
    factorise,
    solve,
)


class Equation:
    """``(-Laplacian) ** order`` in the hole, with the known pixels as boundary values.

    The Laplacian has five points, and nothing flows across the image border (Neumann). Of order 2
    it is the discretisation of ``skimage.restoration.inpaint_biharmonic``, borders included.
    Factorised once, to solve with it many times.

    Parameters
    ----------
    mask : (H, W) array of bool
        True = hole; neither empty nor the whole image.
    order : int
        1, Laplace's equation, or 2, the biharmonic.
    """

    def __init__(self, mask: Mask, order: int) -> None:
        self._mask = mask
        self._order = order
        self._dissection = dissect(mask, order)
        self._place = self._dissection.place[mask]
        matrix = _upper_triangle(mask, self._dissection.place, order)
        self._factors = factorise(self._dissection, *matrix)

    def fill(self, values: Floats) -> Floats:
        """Fill the hole of an image ``(H, W, C)``; its hole is not read."""
        result = values.copy()
        result[self._mask] = self.solve(self.known_side(values))
        return result

    def known_side(self, values: Floats) -> Floats:
        """Sum what the known pixels of an image ``(H, W, C)`` contribute to each equation.

        Returns
        -------
        (n, C) array of float
            One row for each pixel of the hole, in raster order.
        """
        right: Floats = _known_side(np.ascontiguousarray(values), self._mask, self._order)
        return right

    def solve(self, right: Floats) -> Floats:
        """Solve with right-hand sides ``(n, C)``, pixels of the hole in raster order."""
        ordered = np.empty_like(right)
        ordered[self._place] = right
        solve(self._dissection, self._factors, ordered)
        solution: Floats = ordered[self._place]
        return solution


def harmonic_fill(values: Floats, mask: Mask) -> Floats:
    """Fill the hole of an image ``(H, W, C)`` with the solution of Laplace's equation."""
    return Equation(mask, 1).fill(values)


def biharmonic_fill(values: Floats, mask: Mask) -> Floats:
    """Fill the hole of an image ``(H, W, C)`` with the solution of the biharmonic equation."""
    return Equation(mask, 2).fill(values)


@njit(cache=True)
def _add_laplacian(
    stencil: Floats, y: int, x: int, dy: int, dx: int, height: int, width: int, weight: float
) -> None:
    """Add the negative Laplacian at an offset from a pixel to a 5×5 stencil around the pixel."""
    for step_y, step_x in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        ny, nx = y + dy + step_y, x + dx + step_x
        if 0 <= ny < height and 0 <= nx < width:
            stencil[2 + dy, 2 + dx] += weight
            stencil[2 + dy + step_y, 2 + dx + step_x] -= weight


@njit(cache=True)
def _fill_stencil(stencil: Floats, y: int, x: int, height: int, width: int, order: int) -> None:
    """Write the row of the equation at a pixel."""
    stencil[:] = 0
    _add_laplacian(stencil, y, x, 0, 0, height, width, 1.0)
    if order == 2:
        first = stencil.copy()
        stencil[:] = 0
        for dy, dx in ((0, 0), (-1, 0), (1, 0), (0, -1), (0, 1)):
            if first[2 + dy, 2 + dx] != 0:
                _add_laplacian(stencil, y, x, dy, dx, height, width, first[2 + dy, 2 + dx])


@njit(cache=True)
def _near_border(y: int, x: int, height: int, width: int) -> bool:
    """Whether the equation at a pixel differs from that inside the image."""
    return min(y, x, height - 1 - y, width - 1 - x) < 2


@njit(cache=True)
def _upper_triangle(mask: Mask, place: Integers, order: int) -> tuple[Integers, Integers, Floats]:
    """Write the equation's matrix in the order of elimination: offsets, columns, values."""
    height, width = mask.shape
    size = place.max() + 1
    where = np.zeros((size, 2), np.int64)
    for y in range(height):
        for x in range(width):
            if mask[y, x]:
                where[place[y, x]] = y, x
    offsets = np.zeros(size + 1, np.int64)
    columns = np.empty(13 * size, np.int64)
    values = np.empty(13 * size, np.float64)
    stencil = np.zeros((5, 5))
    end = 0
    written = False  # the stencil inside the image, which most pixels share
    for row in range(size):
        y, x = where[row]
        by_border = _near_border(y, x, height, width)
        if by_border or not written:
            _fill_stencil(stencil, y, x, height, width, order)
        written = not by_border
        for dy in range(-2, 3):
            for dx in range(-2, 3):
                if stencil[2 + dy, 2 + dx] != 0 and place[y + dy, x + dx] >= row:
                    columns[end] = place[y + dy, x + dx]
                    values[end] = stencil[2 + dy, 2 + dx]
                    end += 1
        offsets[row + 1] = end
    return offsets, columns[:end], values[:end]


@njit(cache=True)
def _known_side(values: Floats, mask: Mask, order: int) -> Floats:
    """Sum what the known pixels contribute to each equation, in raster order."""
    height, width, channels = values.shape
    right = np.zeros((mask.sum(), channels))
    stencil = np.zeros((5, 5))
    number = 0
    written = False
    for y in range(height):
        for x in range(width):
            if not mask[y, x]:
                continue
            by_border = _near_border(y, x, height, width)
            if by_border or not written:
                _fill_stencil(stencil, y, x, height, width, order)
            written = not by_border
            for dy in range(-2, 3):
                for dx in range(-2, 3):
                    weight = stencil[2 + dy, 2 + dx]
                    if weight != 0 and not mask[y + dy, x + dx]:
                        for c in range(channels):
                            right[number, c] -= weight * values[y + dy, x + dx, c]
            number += 1
    return right
