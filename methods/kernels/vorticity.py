"""Steady flow of Bertalmio, Bertozzi and Sapiro (2001), in vorticity and stream function."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from inpaintbench.methods.base import Mask
from inpaintbench.methods.kernels.elliptic import Equation, Floats
from inpaintbench.methods.kernels.planes import with_neighbours

Integers = NDArray[np.int64]

# Share of each new stream function that is taken over, and sweeps of the vorticity in between:
# the vorticity on the hole's rim depends on the stream function, and full steps would oscillate.
_RELAXATION = 0.3
_SWEEPS = 4

# How far a sweep goes beyond each new value where diffusion rules; nothing where transport does.
_OVERRELAXATION = 0.5


def vorticity_fill(
    values: Floats,
    mask: Mask,
    viscosity: float,
    contrast: float,
    iterations: int,
    tolerance: float,
) -> tuple[Floats, int]:
    """Let vorticity flow into the hole until the flow is steady, plane by plane.

    Each plane is the stream function I of a flow with velocity (-dI/dy, dI/dx) and vorticity w =
    Laplacian(I). Alternates sweeps over the steady transport equation, velocity · grad(w) =
    div(viscosity g(|grad w|) grad(w)) with g(s) = 1 / (1 + (s / contrast)²), and Poisson's
    equation for I. On the rim, I is known and w follows from it, so that isophotes enter at their
    own angle (the flow sticks to the wall). Starts from the biharmonic surface, which is the
    steady flow of infinite viscosity. I is kept within the range of the known pixels.

    Parameters
    ----------
    values : (H, W, C) array of float
        Image with its range at 1; its hole is not read.
    mask : (H, W) array of bool
        True = hole; neither empty nor the whole image.
    viscosity, contrast, iterations, tolerance
        As in the method.

    Returns
    -------
    solution : (H, W, C) array of float
        The image with its hole filled.
    used : int
        Rounds used by the plane that took most.
    """
    known = values[~mask]
    lowest, highest = known.min(axis=0), known.max(axis=0)
    solution = np.clip(Equation(mask, 2).fill(values), lowest, highest)
    poisson = Equation(mask, 1)
    boundary = poisson.known_side(values)
    hole, rim = np.argwhere(mask), np.argwhere(with_neighbours(mask) & ~mask)
    used = 0
    for c in range(values.shape[2]):
        stream = np.ascontiguousarray(solution[..., c])
        vorticity = np.zeros(mask.shape)
        laplacian(stream, vorticity, hole)
        change, rounds = np.inf, 0
        while change > tolerance and rounds < iterations:
            laplacian(stream, vorticity, rim)
            sweep(stream, vorticity, hole, viscosity, contrast, _SWEEPS)
            before = stream[mask]
            wanted = poisson.solve(boundary[:, c : c + 1] - vorticity[mask][:, None])[:, 0]
            after = before + _RELAXATION * (wanted - before)
            stream[mask] = np.clip(after, lowest[c], highest[c])
            change = float(np.abs(stream[mask] - before).max())
            rounds += 1
        solution[..., c] = stream
        used = max(used, rounds)
    return solution, used


@njit(cache=True)
def laplacian(plane: Floats, result: Floats, pixels: Integers) -> None:
    """Write the five-point Laplacian at some pixels; nothing flows across the image border."""
    height, width = plane.shape
    for k in range(len(pixels)):
        y, x = pixels[k, 0], pixels[k, 1]
        above, below = plane[max(y - 1, 0), x], plane[min(y + 1, height - 1), x]
        left, right = plane[y, max(x - 1, 0)], plane[y, min(x + 1, width - 1)]
        result[y, x] = above + below + left + right - 4 * plane[y, x]


@njit(cache=True)
def sweep(
    stream: Floats,
    vorticity: Floats,
    hole: Integers,
    viscosity: float,
    contrast: float,
    sweeps: int,
) -> None:
    """Relax the steady transport of vorticity by sweeps, there and back, in place.

    Transport is upwind and diffusion is conservative, so each value settles on an average of its
    neighbours'.
    """
    height, width = stream.shape
    for number in range(sweeps):
        for n in range(len(hole)):
            k = n if number % 2 == 0 else len(hole) - 1 - n
            y, x = hole[k, 0], hole[k, 1]
            up, down = max(y - 1, 0), min(y + 1, height - 1)
            left, right = max(x - 1, 0), min(x + 1, width - 1)
            flow_x = (stream[up, x] - stream[down, x]) / 2
            flow_y = (stream[y, right] - stream[y, left]) / 2
            here = vorticity[y, x]
            east, west = vorticity[y, right], vorticity[y, left]
            south, north = vorticity[down, x], vorticity[up, x]
            north_east, north_west = vorticity[up, right], vorticity[up, left]
            south_east, south_west = vorticity[down, right], vorticity[down, left]
            # Slopes along each of the four faces of the pixel.
            along_east = (south_east - north_east + south - north) / 4
            along_west = (south_west - north_west + south - north) / 4
            along_south = (south_east - south_west + east - west) / 4
            along_north = (north_east - north_west + east - west) / 4
            weight_east = _diffusivity(east - here, along_east, viscosity, contrast)
            weight_west = _diffusivity(west - here, along_west, viscosity, contrast)
            weight_south = _diffusivity(south - here, along_south, viscosity, contrast)
            weight_north = _diffusivity(north - here, along_north, viscosity, contrast)
            diffusion = weight_east + weight_west + weight_south + weight_north
            weight_east += max(-flow_x, 0.0)
            weight_west += max(flow_x, 0.0)
            weight_south += max(-flow_y, 0.0)
            weight_north += max(flow_y, 0.0)
            total = diffusion + abs(flow_x) + abs(flow_y)
            average = (
                weight_east * east
                + weight_west * west
                + weight_south * south
                + weight_north * north
            ) / total
            relaxation = 1 + _OVERRELAXATION * diffusion / total
            vorticity[y, x] = here + relaxation * (average - here)


@njit(cache=True)
def _diffusivity(across: float, along: float, viscosity: float, contrast: float) -> float:
    """Return the diffusivity of Perona and Malik at a face."""
    return viscosity / (1 + (across * across + along * along) / (contrast * contrast))
