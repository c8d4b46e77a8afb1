"""Layers that compute their output at chosen positions.

Inputs are ``H×W×C`` float32 maps with a zero border of the layer's padding, one pixel wider at
the bottom and right. Positions are rows and columns of the output map.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]
Positions = NDArray[np.int64]

_BLOCK_BYTES = 2 << 20
"""Size of what is gathered at once: it is multiplied while still in the cache."""


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
    def evaluate(self, source: Float, wanted: NDArray[np.bool_]) -> Float:
        """Compute the output at the wanted positions.

        Parameters
        ----------
        source : (H, W, C) array of float32
            Input with its border.
        wanted : (h, w) array of bool
            Positions of the output map.

        Returns
        -------
        (n, channels) array of float32
            One row for each wanted position, in row order.
        """

    def output_side(self, side: int) -> int:
        """Return the side of the output map for a side of the input; below 1 if it is too small."""
        return (side + 2 * self.padding - self.kernel) // self.stride + 1


class Pooling(Layer):
    """The largest value of each window."""

    def evaluate(self, source: Float, wanted: NDArray[np.bool_]) -> Float:
        """Compute the output at the wanted positions."""
        from inpaintbench.metrics.kernels import convolution as kernels

        rows, columns = np.nonzero(wanted)
        values = np.empty((len(rows), self.channels), np.float32)
        kernels.pool(source, rows, columns, self.kernel, self.stride, values)
        return values


@dataclass(frozen=True, eq=False)
class Convolution(Layer):
    """A convolution and a ReLU, by one matrix product over gathered windows.

    Parameters
    ----------
    weight : (kernel·kernel·I, channels) array of float32
        Rows in the order of a window's rows, columns and channels.
    bias : (channels,) array of float32
    """

    weight: Float
    bias: Float

    def evaluate(self, source: Float, wanted: NDArray[np.bool_]) -> Float:
        """Compute the output at the wanted positions."""
        from inpaintbench.metrics.kernels import convolution as kernels

        rows, columns = np.nonzero(wanted)
        values = np.empty((len(rows), self.channels), np.float32)
        length = len(self.weight)
        block = max(128, _BLOCK_BYTES // (4 * length))
        windows = np.empty((min(block, len(rows)), length), np.float32)
        for start in range(0, len(rows), block):
            part = slice(start, start + block)
            chosen = windows[: len(rows[part])]
            kernels.gather(source, rows[part], columns[part], self.kernel, self.stride, chosen)
            np.matmul(chosen, self.weight, out=values[part])
        values += self.bias
        return np.maximum(values, 0, out=values)


@dataclass(frozen=True, eq=False)
class WinogradConvolution(Layer):
    """A convolution of stride 1 and a ReLU, with fewer multiplications (kernels/winograd.py).

    Parameters
    ----------
    weight : (n·n, I, channels) array of float32
        Transformed weights, n = kernel + 1.
    bias : (channels,) array of float32
    output, data : array of float32
        Matrices of the algorithm.
    """

    weight: Float
    bias: Float
    output: Float
    data: Float

    def evaluate(self, source: Float, wanted: NDArray[np.bool_]) -> Float:
        """Compute the output at the wanted positions."""
        from inpaintbench.metrics.kernels import winograd as kernels

        order = np.cumsum(wanted).reshape(wanted.shape) - 1
        values = np.empty((int(order[-1, -1]) + 1, self.channels), np.float32)
        values[:] = self.bias
        order[~wanted] = -1
        rows, columns = np.nonzero(_tiles(wanted, kernels.TILE))
        points, inputs, outputs = self.weight.shape
        block = max(128, _BLOCK_BYTES // (4 * points * (inputs + outputs)))
        shape = (points, min(block, len(rows)))
        transformed = np.empty((*shape, inputs), np.float32)
        products = np.empty((*shape, outputs), np.float32)
        for start in range(0, len(rows), block):
            part = slice(start, start + block)
            count = len(rows[part])
            chosen, result = transformed[:, :count], products[:, :count]
            kernels.transform(source, rows[part], columns[part], self.data, chosen)
            np.matmul(chosen, self.weight, out=result)
            kernels.untransform(result, rows[part], columns[part], self.output, order, values)
        return np.maximum(values, 0, out=values)


def _tiles(wanted: NDArray[np.bool_], side: int) -> NDArray[np.bool_]:
    """Mark the tiles that hold a wanted position."""
    rows = np.logical_or.reduceat(wanted, range(0, wanted.shape[0], side), axis=0)
    return np.logical_or.reduceat(rows, range(0, wanted.shape[1], side), axis=1)


def convolution(
    weight: Float, bias: Float, *, stride: int, padding: int, head: Float | None = None
) -> Layer:
    """Make a convolution with a ReLU from a weight laid out as in torch, ``O×I×H×W``.

    Kernels of side 3 and 5 over many channels take the way with fewer multiplications; over few
    channels, transforming the input would cost more than it saves.
    """
    outputs, inputs, kernel, _ = weight.shape
    if stride != 1 or kernel not in (3, 5) or inputs < 16:
        matrix = np.ascontiguousarray(weight.transpose(2, 3, 1, 0).reshape(-1, outputs))
        return Convolution(kernel, stride, padding, outputs, matrix, bias, head=head)
    from inpaintbench.metrics.kernels.winograd import matrices

    output, transform, data = matrices(kernel)
    # G g Gᵀ of every pair of channels at once
    by_place = weight.transpose(2, 3, 1, 0).reshape(kernel**2, -1)
    points = np.kron(transform, transform).astype(np.float32) @ by_place
    return WinogradConvolution(
        kernel,
        1,
        padding,
        outputs,
        points.reshape(-1, inputs, outputs),
        bias,
        output,
        data,
        head=head,
    )
