"""Laplace's and the biharmonic equation on the pixels of a hole, solved exactly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

from inpaintbench.methods.base import Mask
from inpaintbench.methods.kernels.planes import with_neighbours

Floats = NDArray[np.float64]


class Equation:
    """``(-Laplacian) ** order`` in the hole, with the known pixels as boundary values.

    The Laplacian has five points, and nothing flows across the image border (Neumann). Of order 2
    it is the discretisation of ``skimage.restoration.inpaint_biharmonic``, borders included.
    Factorised once, by SuperLU, to solve with it many times.

    Parameters
    ----------
    mask : (H, W) array of bool
        True = hole; neither empty nor the whole image.
    order : int
        1, Laplace's equation, or 2, the biharmonic.
    """

    def __init__(self, mask: Mask, order: int) -> None:
        near = mask
        for _ in range(order - 1):
            near = with_neighbours(near)
        around = with_neighbours(near)
        self._hole = np.flatnonzero(mask)
        self._rim = np.flatnonzero(around & ~mask)
        laplacian = _laplacian(near, np.concatenate([self._hole, self._rim]))
        size = len(self._hole)
        rows = laplacian[:size]
        for _ in range(order - 1):
            rows = rows @ laplacian
        self._known_weights = -rows[:, size:]
        # The matrix is symmetric and positive definite: no pivots, and an order of elimination
        # that suits its own pattern rather than that of its square.
        self._factors = splu(
            rows[:, :size].tocsc(),
            permc_spec="MMD_AT_PLUS_A",
            diag_pivot_thresh=0,
            options={"SymmetricMode": True},
        )

    def fill(self, values: Floats) -> Floats:
        """Fill the hole of an image ``(H, W, C)``; its hole is not read."""
        result = values.copy()
        result.reshape(-1, values.shape[2])[self._hole] = self.solve(self.known_side(values))
        return result

    def known_side(self, values: Floats) -> Floats:
        """Sum what the known pixels of an image ``(H, W, C)`` contribute to each equation.

        Returns
        -------
        (n, C) array of float
            One row for each pixel of the hole, in raster order.
        """
        known = values.reshape(-1, values.shape[2])[self._rim]
        right: Floats = self._known_weights @ known
        return right

    def solve(self, right: Floats) -> Floats:
        """Solve with right-hand sides ``(n, C)``, pixels of the hole in raster order."""
        solution: Floats = self._factors.solve(right)
        return solution


def _laplacian(near: Mask, pixels: NDArray[np.intp]) -> sparse.csr_array:
    """Write the negative Laplacian over some pixels, whole in the rows of those `near` the hole."""
    places = np.empty(near.shape, np.intp)
    places.flat[pixels] = np.arange(len(pixels))
    down, across = near[:-1] | near[1:], near[:, :-1] | near[:, 1:]
    first = np.concatenate([places[:-1][down], places[:, :-1][across]])
    second = np.concatenate([places[1:][down], places[:, 1:][across]])
    size = len(pixels)
    diagonal = np.arange(size)
    degrees = np.bincount(first, minlength=size) + np.bincount(second, minlength=size)
    weights = np.concatenate([degrees, np.full(2 * len(first), -1.0)])
    rows = np.concatenate([diagonal, first, second])
    columns = np.concatenate([diagonal, second, first])
    return sparse.csr_array((weights, (rows, columns)), shape=(size, size))
