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
Flat = NDArray[np.float32]
Mask = NDArray[np.bool_]
Positions = NDArray[np.int64]
Row = tuple[np.float32, ...]
Matrix = tuple[Row, ...]
"""Tuples, whose lengths the compiler knows, so that sums over them are unrolled."""

_POINTS = {
    5: (0.0, 1.0, -1.0, 2.0),
    6: (0.0, 1.0, -1.0, 0.5, -2.0),
}
"""Interpolation points beside the one at infinity, by n, chosen for the smallest rounding error."""


def matrices(kernel: int, tile: int) -> tuple[Matrix, NDArray[np.float64], Matrix]:
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
    return _rows(output), weight, _rows(data)


def _rows(matrix: NDArray[np.float64]) -> Matrix:
    return tuple(tuple(np.float32(value) for value in row) for row in matrix)


@nb.njit(cache=True, nogil=True)
def cover(wanted: Mask, side: int) -> tuple[Positions, Positions, Positions, int]:
    """Cover the wanted positions of an output map with tiles.

    Parameters
    ----------
    wanted : (H, W) array of bool
    side : int
        Of a tile.

    Returns
    -------
    rows, columns : (tiles,) array of int64
        Tiles that hold a wanted position, counted in tiles.
    order : (H, W) array of int64
        Number of each wanted position, row by row, or -1.
    count : int
        Wanted positions.
    """
    height, width = wanted.shape
    down, across = -(-height // side), -(-width // side)
    held = np.zeros((down, across), np.bool_)
    order = np.empty((height, width), np.int64)
    count = 0
    for y in range(height):
        for x in range(width):
            if wanted[y, x]:
                held[y // side, x // side] = True
                order[y, x] = count
                count += 1
            else:
                order[y, x] = -1
    rows, columns = np.nonzero(held)
    return rows, columns, order, count


@nb.njit(cache=True, nogil=True, fastmath={"contract"}, inline="always")
def _mix(
    weights: Row, source: Flat, start: int, step: int, target: Flat, first: int, count: int
) -> None:
    """Sum `count` values from `start` on, those `step` further and so on, with the weights."""
    # unsigned, because an index that could be negative keeps the loop from being vectorised
    origin, stride, end = nb.uintp(start), nb.uintp(step), nb.uintp(first)
    for c in range(nb.uintp(count)):
        total = np.float32(0)
        for k in range(len(weights)):
            total += weights[k] * source[origin + nb.uintp(k) * stride + c]
        target[end + c] = total


@nb.njit(cache=True, nogil=True, fastmath={"contract"})
def transform(
    source: Float, rows: Positions, columns: Positions, side: int, data: Matrix, transformed: Float
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
    data : n tuples of n float32
    """
    n = len(data)
    channels = source.shape[2]
    pitch = source.shape[1] * channels
    tiles = transformed.shape[1]
    flat, target = source.reshape(-1), transformed.reshape(-1)
    half = np.empty(n * n * channels, np.float32)
    line = n * channels
    for tile in range(rows.size):
        corner = side * (rows[tile] * pitch + columns[tile] * channels)
        for a in range(n):
            _mix(data[a], flat, corner, pitch, half, a * line, line)
        for a in range(n):
            for b in range(n):
                place = ((a * n + b) * tiles + tile) * channels
                _mix(data[b], half, a * line, channels, target, place, channels)


@nb.njit(cache=True, nogil=True, fastmath={"contract"})
def untransform(
    products: Float,
    first: int,
    rows: Positions,
    columns: Positions,
    output: Matrix,
    bias: Flat,
    order: Positions,
    values: Float,
) -> None:
    """Put ``Aᵀ m A`` of each tile, the bias and a ReLU into the rows of wanted positions.

    Parameters
    ----------
    products : (n·n, blocks, tiles, C / blocks) array of float32
    first : int
        Where the tiles begin among the products.
    rows, columns : (tiles,) array of int64
    output : t tuples of n float32
    bias : (C,) array of float32
    order : (H, W) array of int64
        Row of ``values`` for each position of the output map, or -1 where none is wanted.
    values : (positions, C) array of float32
    """
    side, n = len(output), len(output[0])
    _, blocks, tiles, width = products.shape
    flat = products.reshape(-1)
    half = np.empty(n * width, np.float32)
    sums = np.empty(width, np.float32)
    for tile in range(rows.size):
        for block in range(blocks):
            begin = block * width
            for i in range(side):
                y = rows[tile] * side + i
                if y >= order.shape[0]:
                    break
                for b in range(n):
                    place = ((b * blocks + block) * tiles + first + tile) * width
                    step = n * blocks * tiles * width
                    _mix(output[i], flat, place, step, half, b * width, width)
                for j in range(side):
                    x = columns[tile] * side + j
                    if x >= order.shape[1] or order[y, x] < 0:
                        continue
                    _mix(output[j], half, 0, width, sums, 0, width)
                    target = values[order[y, x], begin : begin + width]
                    for c in range(width):
                        target[c] = max(sums[c] + bias[begin + c], np.float32(0))
