"""Total variation inpainting by the primal-dual method of Chambolle and Pock, compiled."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from inpaintbench.methods.base import Mask
from inpaintbench.methods.kernels.elliptic import Equation
from inpaintbench.methods.kernels.planes import Planes, Runs, runs

# Ratio of the primal to the dual step: images differ by tenths, dual variables by ones.
_STEP_RATIO = 0.1

# Norm of the discrete gradient, squared, is at most 8.
_PRIMAL_STEP = _STEP_RATIO / np.sqrt(8.0)
_DUAL_STEP = 1.0 / (_STEP_RATIO * np.sqrt(8.0))

_SMALLEST_SIDE = 8
_ITERATIONS_BETWEEN_CHECKS = 50


def total_variation_fill(
    values: Planes, mask: Mask, iterations: int, tolerance: float
) -> tuple[Planes, NDArray[np.float32]]:
    """Minimise the total variation of the whole image over the values of its hole.

    The variation is isotropic, of forward differences, and couples the channels: the norm is taken
    over both directions and all channels. Starts from the solution at half the size.

    Parameters
    ----------
    values : (C, H, W) array of float32
        Image; its hole is not read.
    mask : (H, W) array of bool
        True = hole; neither empty nor the whole image.
    iterations, tolerance
        As in the method.

    Returns
    -------
    solution : (C, H, W) array of float32
        The image with its hole filled.
    dual : (2, C, H, W) array of float32
        The dual variables of both directions.
    """
    solution, dual = _start(values, mask, iterations, tolerance)
    # Differences that a pixel of the hole takes part in; the others are constant.
    touched = mask.copy()
    touched[:-1] |= mask[1:]
    touched[:, :-1] |= mask[:, 1:]
    dual *= touched
    dual[0, :, :, -1] = 0
    dual[1, :, -1] = 0
    hole, rim = runs(mask), runs(touched)
    ahead = solution.copy()
    before = variation(solution, rim)
    used = 0
    while used < iterations:
        count = min(_ITERATIONS_BETWEEN_CHECKS, iterations - used)
        iterate(solution, ahead, dual, hole, rim, _PRIMAL_STEP, _DUAL_STEP, count)
        used += count
        now = variation(solution, rim)
        if abs(now - before) <= tolerance * before:
            break
        before = now
    return solution, dual


def _start(
    values: Planes, mask: Mask, iterations: int, tolerance: float
) -> tuple[Planes, NDArray[np.float32]]:
    """Solve at half the size and enlarge; where that leaves no hole, start harmonic."""
    solution = values.copy()
    dual = np.zeros((2, *values.shape), np.float32)
    half, half_mask = _halved(values, mask)
    if half_mask.any() and min(mask.shape) >= _SMALLEST_SIDE:
        small, small_dual = total_variation_fill(half, half_mask, iterations, tolerance)
        height, width = mask.shape
        solution[:, mask] = _doubled(small)[:, :height, :width][:, mask]
        dual[:] = _doubled(small_dual)[:, :, :height, :width]
    else:
        start = Equation(mask, 1).fill(values.transpose(1, 2, 0).astype(np.float64))
        solution[:] = start.transpose(2, 0, 1)
    return solution, dual


def _halved(values: Planes, mask: Mask) -> tuple[Planes, Mask]:
    """Average the known pixels of each square of four; where none is known there is the hole."""
    height, width = mask.shape
    beyond = ((0, height % 2), (0, width % 2))
    known = np.pad(~mask, beyond)
    blocks = (known.shape[0] // 2, 2, known.shape[1] // 2, 2)
    count = known.reshape(blocks).sum(axis=(1, 3))
    inside = np.pad(np.where(mask, 0, values), ((0, 0), *beyond))
    total = inside.reshape(-1, *blocks).sum(axis=(2, 4))
    return (total / np.maximum(count, 1)).astype(np.float32), count == 0


def _doubled(small: NDArray[np.float32]) -> NDArray[np.float32]:
    return small.repeat(2, axis=-2).repeat(2, axis=-1)


@njit(cache=True)
def variation(values: Planes, rim: Runs) -> float:
    """Sum the norm of the gradient over some pixels."""
    channels, height, width = values.shape
    total = 0.0
    for run in range(rim.shape[0]):
        y = rim[run, 0]
        for x in range(rim[run, 1], rim[run, 2]):
            square = 0.0
            for c in range(channels):
                if x + 1 < width:
                    square += (values[c, y, x + 1] - values[c, y, x]) ** 2
                if y + 1 < height:
                    square += (values[c, y + 1, x] - values[c, y, x]) ** 2
            total += np.sqrt(square)
    return total


@njit(cache=True)
def iterate(
    values: Planes,
    ahead: Planes,
    dual: NDArray[np.float32],
    hole: Runs,
    rim: Runs,
    primal_step: float,
    dual_step: float,
    count: int,
) -> None:
    """Iterate in place: `values` and the point extrapolated from them, and the dual variables."""
    channels, height, width = values.shape
    tau = np.float32(primal_step)
    sigma = np.float32(dual_step)
    one = np.float32(1)
    row = np.empty(width, np.float32)
    for _ in range(count):
        for run in range(rim.shape[0]):
            y, start, stop = rim[run, 0], rim[run, 1], rim[run, 2]
            for x in range(start, stop):
                row[x] = 0
            for c in range(channels):
                along, down, here = dual[0, c, y], dual[1, c, y], ahead[c, y]
                for x in range(start, min(stop, width - 1)):
                    along[x] += sigma * (here[x + 1] - here[x])
                if y + 1 < height:
                    below = ahead[c, y + 1]
                    for x in range(start, stop):
                        down[x] += sigma * (below[x] - here[x])
                for x in range(start, stop):
                    row[x] += along[x] * along[x] + down[x] * down[x]
            # Project onto the unit ball, all channels and directions of a pixel together.
            for x in range(start, stop):
                row[x] = one / np.sqrt(row[x] if row[x] > one else one)
            for c in range(channels):
                along, down = dual[0, c, y], dual[1, c, y]
                for x in range(start, stop):
                    along[x] *= row[x]
                    down[x] *= row[x]
        for run in range(hole.shape[0]):
            y, start, stop = hole[run, 0], hole[run, 1], hole[run, 2]
            for c in range(channels):
                along, down = dual[0, c, y], dual[1, c, y]
                here, there = values[c, y], ahead[c, y]
                for x in range(start, stop):
                    row[x] = along[x] + down[x]
                for x in range(max(start, 1), stop):
                    row[x] -= along[x - 1]
                if y > 0:
                    above = dual[1, c, y - 1]
                    for x in range(start, stop):
                        row[x] -= above[x]
                for x in range(start, stop):
                    new = here[x] + tau * row[x]
                    there[x] = new + new - here[x]
                    here[x] = new
