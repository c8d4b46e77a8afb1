"""Layers that compute their output at chosen positions, for several inputs at a time.

Inputs are ``H×W×C`` float32 maps with a zero border of the layer's padding, `OVERHANG` pixels wider
at the bottom and right. Positions are rows and columns of the output map.

A layer first takes what it needs of each input, then computes all of them. For small maps most of
the time goes into reading the weights, which is then done once for all inputs. They are stacked in
whole fours of rows, which is what matrix products work on at a time, so that the values of one
don't depend on the others.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]
Positions = NDArray[np.int64]
Matrix = tuple[tuple[np.float32, ...], ...]

OVERHANG = 3
"""How far the last tile of a map may reach beyond it."""

_ROWS = 4
"""Rows that a matrix product works on at a time; a row alone takes another way, and rounds so."""

_SIDES = {3: 4, 5: 2}
"""Side of a tile of outputs, by the kernel's side; for 5, larger ones round too much."""

_UNPACKED = 1_000_000
"""Multiplications in a matrix product up to which OpenBLAS, on processors with AVX-512, works on
matrices as they lie; it copies larger ones first, which for few rows costs as much again."""

_COLUMNS = 64
"""Columns of the blocks that weights are kept in, so that a product of one is small."""

_BLOCK_TILES = 44
"""Tiles that are multiplied at once, at most: all of it stays in the cache, and no power of two,
for which what is read together would fall on the same places of the cache."""


@dataclass(eq=False)
class Computation:
    """The output of a layer at wanted positions of one input, in the making."""

    values: Float
    """(n, channels), complete unless there are `tiles`, which are still to be multiplied."""
    tiles: Tiles | None = None


@dataclass(frozen=True, eq=False)
class Tiles:
    """Transformed tiles of an input; where they lie is counted in tiles."""

    rows: Positions
    columns: Positions
    order: Positions
    """(h, w): row of the values for each position, or -1 where none is wanted."""
    transformed: Float
    """(n·n, tiles, I), filled up to a multiple of `_ROWS` tiles with zeros."""


@dataclass(frozen=True, eq=False)
class Tiling:
    """Tiles of one size, and what turns inputs into outputs with them (kernels/winograd.py).

    `output` holds `side` tuples of n numbers, `data` n of them.
    """

    weight: Float
    """(n·n, blocks, I, columns): transformed weights, the channels of the output in blocks."""
    output: Matrix
    data: Matrix

    @property
    def side(self) -> int:
        """Side of a tile of outputs."""
        return len(self.output)


@dataclass(frozen=True, eq=False)
class Layer(ABC):
    """What every layer has.

    Parameters
    ----------
    kernel, stride, padding : int
        Side of the window, step between windows, width of the zero border.
    channels : int
        Channels of the output.
    head : (channels,) array of float32, optional
        Weights of the channels in the distance, where this layer's output takes part in it.
    """

    kernel: int
    stride: int
    padding: int
    channels: int
    head: Float | None = field(default=None, kw_only=True)

    @abstractmethod
    def take(self, source: Float, wanted: NDArray[np.bool_]) -> Computation:
        """Take what is needed of an input, which may change afterwards.

        Parameters
        ----------
        source : (H, W, C) array of float32
            Input with its border.
        wanted : (h, w) array of bool
            Positions of the output map.

        Returns
        -------
        Computation
            Of one row for each wanted position, in row order.
        """

    def compute(self, computations: Sequence[Computation]) -> list[Float]:
        """Compute what was taken; (n, channels) float32 for each."""
        return [computation.values for computation in computations]

    def reach(self, changed: NDArray[np.bool_], height: int, width: int) -> NDArray[np.bool_]:
        """Mark the positions of the output, `height` × `width`, that a changed input reaches."""
        from inpaintbench.metrics.kernels import convolution as kernels

        reached: NDArray[np.bool_] = kernels.reach(
            changed, self.kernel, self.stride, self.padding, height, width
        )
        return reached

    def output_side(self, side: int) -> int:
        """Return the side of the output map for a side of the input; below 1 if it is too small."""
        return (side + 2 * self.padding - self.kernel) // self.stride + 1


class Pooling(Layer):
    """The largest value of each window."""

    def take(self, source: Float, wanted: NDArray[np.bool_]) -> Computation:
        """Compute the output at the wanted positions at once."""
        from inpaintbench.metrics.kernels import convolution as kernels

        rows, columns = np.nonzero(wanted)
        values = np.empty((len(rows), self.channels), np.float32)
        kernels.pool(source, rows, columns, self.kernel, self.stride, values)
        return Computation(values)


class RootMeanSquarePooling(Layer):
    """The root of the weighted mean of the squares in each window of 3×3; stride 2, padding 1."""

    def take(self, source: Float, wanted: NDArray[np.bool_]) -> Computation:
        """Compute the output at the wanted positions at once."""
        from inpaintbench.metrics.kernels import pooling as kernels

        rows, columns = np.nonzero(wanted)
        values = np.empty((len(rows), self.channels), np.float32)
        kernels.root_mean_square(source, rows, columns, values)
        return Computation(values)


class BlurPooling(Layer):
    """The weighted mean of each window of 3×3, and a ReLU; stride 2, padding 2 by reflection."""

    def take(self, source: Float, wanted: NDArray[np.bool_]) -> Computation:
        """Compute the output at the wanted positions at once."""
        from inpaintbench.metrics.kernels import pooling as kernels

        rows, columns = np.nonzero(wanted)
        values = np.empty((len(rows), self.channels), np.float32)
        around = 2 * self.padding + OVERHANG
        sides = (source.shape[0] - around, source.shape[1] - around)
        kernels.blur(source, sides, self.padding, rows, columns, values)
        return Computation(values)

    def reach(self, changed: NDArray[np.bool_], height: int, width: int) -> NDArray[np.bool_]:
        """Mark the positions of the output that a changed input, or its reflection, reaches."""
        from inpaintbench.metrics.kernels import convolution as kernels

        reflected = np.pad(changed, self.padding, "reflect")
        reached: NDArray[np.bool_] = kernels.reach(
            reflected, self.kernel, self.stride, 0, height, width
        )
        return reached

    def output_side(self, side: int) -> int:
        """Return the side of the output map; 0 where there's too little to reflect."""
        return super().output_side(side) if side > self.padding else 0


@dataclass(frozen=True, eq=False)
class Convolution(Layer):
    """A convolution and a ReLU, by one matrix product over gathered windows.

    Parameters
    ----------
    weight : (kernel·kernel·I, channels) array of float32
        Rows in the order of a window's rows, columns and channels.
    bias : (channels,) array of float32
    rectified : bool
        Whether there is a ReLU.
    """

    weight: Float
    bias: Float
    rectified: bool = True

    def take(self, source: Float, wanted: NDArray[np.bool_]) -> Computation:
        """Compute the output at the wanted positions at once; the weights are few."""
        from inpaintbench.metrics.kernels import convolution as kernels

        rows, columns = np.nonzero(wanted)
        values = np.empty((len(rows), self.channels), np.float32)
        length = len(self.weight)
        block = max(_ROWS, _UNPACKED // (self.channels * length) // _ROWS * _ROWS)
        windows = np.empty((min(block, len(rows)), length), np.float32)
        for start in range(0, len(rows), block):
            part = slice(start, start + block)
            chosen = windows[: len(rows[part])]
            kernels.gather(source, rows[part], columns[part], self.kernel, self.stride, chosen)
            np.matmul(chosen, self.weight, out=values[part])
        values += self.bias
        if self.rectified:
            np.maximum(values, 0, out=values)
        return Computation(values)


@dataclass(frozen=True, eq=False)
class WinogradConvolution(Layer):
    """A convolution of stride 1 and a ReLU, with fewer multiplications (kernels/winograd.py).

    Parameters
    ----------
    weight : (kernel·kernel, I, channels) array of float32
    bias : (channels,) array of float32
    """

    weight: Float
    bias: Float

    def take(self, source: Float, wanted: NDArray[np.bool_]) -> Computation:
        """Transform the input of the wanted positions, and compute them at once if they're many."""
        from inpaintbench.metrics.kernels import winograd as kernels

        tiling = self._tiling
        rows, columns, order, count = kernels.cover(wanted, tiling.side)
        values = np.empty((count, self.channels), np.float32)
        points, _, inputs, _ = tiling.weight.shape
        for start in range(0, len(rows), self._most):
            part = slice(start, start + self._most)
            filled_up = -(-len(rows[part]) // _ROWS) * _ROWS
            transformed = np.empty((points, filled_up, inputs), np.float32)
            transformed[:, len(rows[part]) :] = 0
            kernels.transform(
                source, rows[part], columns[part], tiling.side, tiling.data, transformed
            )
            tiles = Tiles(rows[part], columns[part], order, transformed)
            if len(rows) <= self._most:
                return Computation(values, tiles)
            self._multiply([Computation(values, tiles)])
        return Computation(values)

    def compute(self, computations: Sequence[Computation]) -> list[Float]:
        """Multiply what was taken, as many tiles together as a product may have."""
        waiting = [computation for computation in computations if computation.tiles is not None]
        stack: list[Computation] = []
        height = 0
        for computation in waiting:
            count = computation.tiles.transformed.shape[1] if computation.tiles else 0
            if stack and height + count > self._most:
                self._multiply(stack)
                stack, height = [], 0
            stack.append(computation)
            height += count
        if stack:
            self._multiply(stack)
        return [computation.values for computation in computations]

    @property
    def _most(self) -> int:
        """Tiles that are multiplied at once."""
        inputs: int = self.weight.shape[1]
        unpacked = _UNPACKED // (_COLUMNS * inputs) // _ROWS * _ROWS
        return max(_ROWS, min(_BLOCK_TILES, unpacked))

    def _multiply(self, computations: Sequence[Computation]) -> None:
        """Turn the products of tiles and weights into values."""
        from inpaintbench.metrics.kernels import winograd as kernels

        tiles = [c.tiles for c in computations if c.tiles is not None]
        tiling = self._tiling
        transformed = [t.transformed for t in tiles]
        stacked = np.concatenate(transformed, axis=1) if len(tiles) > 1 else transformed[0]
        products = np.matmul(stacked[:, None], tiling.weight)
        first = 0
        for part, computation in zip(tiles, computations, strict=True):
            kernels.untransform(
                products,
                first,
                part.rows,
                part.columns,
                tiling.output,
                self.bias,
                part.order,
                computation.values,
            )
            first += part.transformed.shape[1]

    @cached_property
    def _tiling(self) -> Tiling:
        from inpaintbench.metrics.kernels.winograd import matrices

        output, transform, data = matrices(self.kernel, _SIDES[self.kernel])
        _, inputs, outputs = self.weight.shape
        # G g Gᵀ of every pair of channels at once
        by_place = self.weight.reshape(self.kernel**2, -1)
        points = np.kron(transform, transform).astype(np.float32) @ by_place
        columns = outputs if outputs % _COLUMNS else _COLUMNS
        blocks = points.reshape(-1, inputs, outputs // columns, columns).transpose(0, 2, 1, 3)
        return Tiling(np.ascontiguousarray(blocks), output, data)


def convolution(
    weight: Float,
    bias: Float,
    *,
    stride: int,
    padding: int,
    head: Float | None = None,
    rectified: bool = True,
) -> Layer:
    """Make a convolution from a weight laid out as in torch, ``O×I×H×W``, with or without a ReLU.

    Kernels of side 3 and 5 over many channels take the way with fewer multiplications; over few
    channels, transforming the input would cost more than it saves.
    """
    outputs, inputs, kernel, _ = weight.shape
    by_place = np.ascontiguousarray(weight.transpose(2, 3, 1, 0))
    if stride == 1 and kernel in _SIDES and inputs >= 16 and rectified:
        by_place = by_place.reshape(kernel**2, inputs, outputs)
        return WinogradConvolution(kernel, 1, padding, outputs, by_place, bias, head=head)
    matrix = by_place.reshape(-1, outputs)
    return Convolution(kernel, stride, padding, outputs, matrix, bias, rectified, head=head)
