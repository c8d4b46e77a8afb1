"""Laplace's and the biharmonic equation on the pixels of a hole, solved exactly."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from inpaintbench.methods.base import Mask
from inpaintbench.methods.kernels.dissection import (
    Dissection,
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

    def fill(
        self, values: NDArray[np.float64], source: NDArray[np.float64] | None = None
    ) -> NDArray[np.float64]:
        """Fill the hole with the solution.

        Parameters
        ----------
        values : (H, W, C) array of float
            Image; its hole is not read.
        source : (H, W, C) array of float, optional
            Right-hand side of the equation in the hole; zero by default.

        Returns
        -------
        (H, W, C) array of float
            The image with its hole filled.
        """
        values = np.ascontiguousarray(values, dtype=np.float64)
        right = _known_side(values, self._mask, self._dissection.place, self._order)
        if source is not None:
            right[self._place] += source[self._mask]
        solve(self._dissection, self._factors, right)
        result = values.copy()
        result[self._mask] = right[self._place]
        return result


def harmonic_fill(values: NDArray[np.float64], mask: Mask) -> NDArray[np.float64]:
    """Fill the hole of an image ``(H, W, C)`` with the solution of Laplace's equation."""
    return Equation(mask, 1).fill(values)


def biharmonic_fill(values: NDArray[np.float64], mask: Mask) -> NDArray[np.float64]:
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
def _upper_triangle(
    mask: Mask, place: Integers, order: int
) -> tuple[Integers, Integers, Floats]:
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
    for row in range(size):
        y, x = where[row]
        _fill_stencil(stencil, y, x, height, width, order)
        for dy in range(-2, 3):
            for dx in range(-2, 3):
                if stencil[2 + dy, 2 + dx] != 0 and place[y + dy, x + dx] >= row:
                    columns[end] = place[y + dy, x + dx]
                    values[end] = stencil[2 + dy, 2 + dx]
                    end += 1
        offsets[row + 1] = end
    return offsets, columns[:end], values[:end]


@njit(cache=True)
def _known_side(values: Floats, mask: Mask, place: Integers, order: int) -> Floats:
    """Sum what the known pixels contribute to each equation, in the order of elimination."""
    height, width, channels = values.shape
    right = np.zeros((place.max() + 1, channels))
    stencil = np.zeros((5, 5))
    for y in range(height):
        for x in range(width):
            if not mask[y, x]:
                continue
            _fill_stencil(stencil, y, x, height, width, order)
            for dy in range(-2, 3):
                for dx in range(-2, 3):
                    weight = stencil[2 + dy, 2 + dx]
                    if weight != 0 and not mask[y + dy, x + dx]:
                        for c in range(channels):
                            right[place[y, x], c] -= weight * values[y + dy, x + dx, c]
    return right
