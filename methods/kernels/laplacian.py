"""Linear equations on the pixels of a hole, solved exactly."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.ndimage import binary_dilation
from scipy.sparse.linalg import splu

Solve = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def laplacian_rows(mask: NDArray[np.bool_]) -> sparse.csr_array:
    """Write the five-point Laplacian of the hole's pixels as a sparse matrix.

    Nothing flows across the image border: a neighbour beyond it is left out (Neumann).

    Parameters
    ----------
    mask : (H, W) array of bool
        True = hole, n pixels.

    Returns
    -------
    (n, H·W) sparse array
        One row for each pixel of the hole, in raster order; one column for each of the image.
    """
    height, width = mask.shape
    rows, columns = np.nonzero(mask)
    centre = rows * width + columns
    number = np.arange(centre.size)
    entries = [
        (number[inside], centre[inside] + step)
        for inside, step in (
            (rows > 0, -width),
            (rows < height - 1, width),
            (columns > 0, -1),
            (columns < width - 1, 1),
        )
    ]
    i = np.concatenate([i for i, _ in entries])
    degree = np.bincount(i, minlength=centre.size)
    j = np.concatenate([*(j for _, j in entries), centre])
    values = np.concatenate([np.ones(i.size), -degree.astype(np.float64)])
    return sparse.csr_array(
        (values, (np.concatenate([i, number]), j)), shape=(centre.size, mask.size)
    )


def factorised(matrix: sparse.sparray) -> Solve:
    """Factorise a symmetric definite matrix once, to solve with it many times.

    The ordering and pivoting are SuperLU's for symmetric matrices, which halve the fill-in.
    """
    factors = splu(
        sparse.csc_array(matrix),
        permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0.0,
        options={"SymmetricMode": True},
    )
    solve: Solve = factors.solve
    return solve


def harmonic_fill(values: NDArray[np.float64], mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Solve Laplace's equation in the hole, with the known pixels as boundary values.

    Parameters
    ----------
    values : (H, W, C) array of float
        Image; its hole is not read.
    mask : (H, W) array of bool
        True = hole; neither empty nor the whole image.

    Returns
    -------
    (H, W, C) array of float
        The image with its hole filled.
    """
    return _filled(values, mask, -laplacian_rows(mask))


def biharmonic_fill(values: NDArray[np.float64], mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Solve the biharmonic equation in the hole, with the known pixels as boundary values.

    Nothing flows across the image border, neither of the values nor of their Laplacian. This is
    the discretisation of ``skimage.restoration.inpaint_biharmonic``.

    Parameters
    ----------
    values : (H, W, C) array of float
        Image; its hole is not read.
    mask : (H, W) array of bool
        True = hole; neither empty nor the whole image.

    Returns
    -------
    (H, W, C) array of float
        The image with its hole filled.
    """
    near = binary_dilation(mask)
    laplacian = laplacian_rows(near)
    # The Laplacian is symmetric, so its rows at the hole are also its columns there.
    return _filled(values, mask, laplacian[:, np.flatnonzero(mask)].T @ laplacian)


def _filled(
    values: NDArray[np.float64], mask: NDArray[np.bool_], rows: sparse.csr_array
) -> NDArray[np.float64]:
    """Solve ``rows @ image = 0`` for the pixels of the hole."""
    hole = np.flatnonzero(mask)
    known = np.flatnonzero(~mask)
    flat = values.reshape(mask.size, -1)
    result = flat.copy()
    result[hole] = factorised(rows[:, hole])(-(rows[:, known] @ flat[known]))
    return result.reshape(values.shape)
