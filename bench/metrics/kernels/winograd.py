"""Winograd convolution at chosen positions: fewer multiplications for the same sums.

A tile of t×t outputs of an r×r convolution is ``Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A`` with d the tile's
n×n inputs, n = t + r − 1, and g the weights (Lavin and Gray, "Fast Algorithms for Convolutional
Neural Networks", CVPR 2016). The products over channels become n² matrix products: for r = 3, 3.2
times fewer multiplications with t = 3 and 4 times with t = 4; for r = 5, 2.8 with t = 2. Larger
tiles multiply less, but have more weights to read and round more.
"""

from __future__ import annotations

import numba as nb
import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]
Positions = NDArray[np.int64]

_POINTS = {
    5: (0.0, 1.0, -1.0, 2.0),
    6: (0.0, 1.0, -1.0, 0.5, -2.0),
}
"""Interpolation points beside the one at infinity, by n, chosen for the smallest rounding error."""


def matrices(kernel: int, tile: int) -> tuple[Float, NDArray[np.float64], Float]:
    """Return Aᵀ (t×n), G (n×r) and Bᵀ (n×n) of Cook and Toom for a kernel and a tile.

    n = tile + kernel − 1 is 5 or 6.
    """
    from numpy.polynomial import polynomial

    n = tile + kernel - 1
    points = np.array(_POINTS[n])
    output, weight, data = np.zeros((tile, n)), np.zeros((n, kernel)), np.zeros((n, n))
    for j, point in enumerate(points):
        others = np.delete(points, j)
        output[:, j] = point ** np.arange(tile)
        weight[j] = point ** np.arange(kernel) / np.prod(point - others)
        data[j, :-1] = polynomial.polyfromroots(others)
    # the point at infinity
    output[-1, -1] = weight[-1, -1] = 1
    data[-1] = polynomial.polyfromroots(points)
    return output.astype(np.float32), weight, data.astype(np.float32)


@nb.njit(cache=True, nogil=True)
def transform(
    source: Float, rows: Positions, columns: Positions, side: int, data: Float, transformed: Float
) -> None:
    """Compute ``Bᵀ d B`` of each tile into ``transformed`` (``n·n × tiles × C``).

    Parameters
    ----------
    source : (H, W, C) array of float32
        Input with its border; large enough for the tiles that overhang.
    rows, columns : (tiles,) array of int64
        Tiles, counted in tiles.
    side : int
        Of a tile of outputs.
    data : (n, n) array of float32
    """
    n = data.shape[0]
    channels = source.shape[2]
    lines = source.reshape(source.shape[0], -1)
    half = np.empty((n, n * channels), np.float32)
    for tile in range(rows.size):
        top = rows[tile] * side
        left = columns[tile] * side * channels
        for a in range(n):
            target = half[a]
            target[:] = 0
            for y in range(n):
                weight = data[a, y]
                if weight != 0:
                    line = lines[top + y, left : left + n * channels]
                    for c in range(n * channels):
                        target[c] += weight * line[c]
        for a in range(n):
            for b in range(n):
                target = transformed[a * n + b, tile]
                target[:] = 0
                for x in range(n):
                    weight = data[b, x]
                    if weight != 0:
                        values = half[a, x * channels : (x + 1) * channels]
                        for c in range(channels):
                            target[c] += weight * values[c]


@nb.njit(cache=True, nogil=True)
def untransform(
    products: Float,
    first: int,
    rows: Positions,
    columns: Positions,
    output: Float,
    order: NDArray[np.int64],
    values: Float,
) -> None:
    """Add ``Aᵀ m A`` of each tile to the rows of ``values`` that stand for wanted positions.

    Parameters
    ----------
    products : (n·n, tiles, C) array of float32
    first : int
        Where the tiles begin among the products.
    rows, columns : (tiles,) array of int64
    output : (t, n) array of float32
    order : (H, W) array of int64
        Row of ``values`` for each position of the output map, or -1 where none is wanted.
    values : (positions, C) array of float32
    """
    side, n = output.shape
    channels = values.shape[1]
    half = np.empty((n, channels), np.float32)
    for tile in range(rows.size):
        for i in range(side):
            y = rows[tile] * side + i
            if y >= order.shape[0]:
                break
            for b in range(n):
                target = half[b]
                target[:] = 0
                for a in range(n):
                    weight = output[i, a]
                    if weight != 0:
                        part = products[a * n + b, first + tile]
                        for c in range(channels):
                            target[c] += weight * part[c]
            for j in range(side):
                x = columns[tile] * side + j
                if x >= order.shape[1] or order[y, x] < 0:
                    continue
                target = values[order[y, x]]
                for b in range(n):
                    weight = output[j, b]
                    if weight != 0:
                        part = half[b]
                        for c in range(channels):
                            target[c] += weight * part[c]
