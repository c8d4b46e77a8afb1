"""Isophote transport and anisotropic diffusion of Bertalmio et al. (2000), compiled."""

from __future__ import annotations

import numpy as np
from numba import njit

from inpaintbench.methods.base import Mask
from inpaintbench.methods.kernels.elliptic import Equation
from inpaintbench.methods.kernels.planes import Planes, Runs, runs, with_neighbours

# Square of the slope (dtype's maximum at 1) under which a pixel counts as flat.
_FLAT = 1e-6


def isophote_fill(
    values: Planes,
    mask: Mask,
    cycles: int,
    transport_steps: int,
    diffusion_steps: int,
    step: float,
    tolerance: float,
) -> tuple[Planes, int]:
    """Carry isophotes into the hole, plane by plane, starting from the harmonic surface.

    Parameters
    ----------
    values : (C, H, W) array of float32
        Image; its hole is not read.
    mask : (H, W) array of bool
        True = hole; neither empty nor the whole image.
    cycles, transport_steps, diffusion_steps, step, tolerance
        As in the method.

    Returns
    -------
    solution : (C, H, W) array of float32
        The image with its hole filled.
    used : int
        Cycles used by the plane that took most.
    """
    start = Equation(mask, 1).fill(values.transpose(1, 2, 0).astype(np.float64))
    # Planes carry a frame of one pixel, so that no loop asks where the image ends.
    hole, rim = runs(mask) + 1, runs(with_neighbours(mask)) + 1
    solution = values.copy()
    used = 0
    for c in range(len(values)):
        plane = np.pad(start[..., c].astype(np.float32), 1, mode="edge")
        plane_cycles = evolve(
            plane, hole, rim, cycles, transport_steps, diffusion_steps, step, tolerance
        )
        used = max(used, plane_cycles)
        solution[c] = plane[1:-1, 1:-1]
    return solution, used


@njit(cache=True)
def evolve(
    plane: Planes,
    hole: Runs,
    rim: Runs,
    cycles: int,
    transport_steps: int,
    diffusion_steps: int,
    step: float,
    tolerance: float,
) -> int:
    """Evolve a framed plane in place until it stands still; return the cycles it took.

    Parameters
    ----------
    plane : (H + 2, W + 2) array of float32
        Framed by a copy of its outermost pixels.
    hole, rim : (n, 3) arrays of int
        Runs of the hole, and of the hole with its neighbours, in framed coordinates.
    """
    laplacian = np.zeros_like(plane)
    new = np.zeros_like(plane)
    before = np.zeros_like(plane)
    for cycle in range(cycles):
        _copy(plane, before, hole)
        for _ in range(transport_steps):
            _laplacian(plane, laplacian, rim)
            _frame(laplacian)
            _transport(plane, laplacian, new, hole, step)
            _copy(new, plane, hole)
            _frame(plane)
        for _ in range(diffusion_steps):
            _diffuse(plane, new, hole, step)
            _copy(new, plane, hole)
            _frame(plane)
        if _mean_change(before, plane, hole) <= tolerance:
            return cycle + 1
    return cycles


@njit(cache=True)
def _copy(source: Planes, target: Planes, hole: Runs) -> None:
    for run in range(hole.shape[0]):
        y, start, stop = hole[run, 0], hole[run, 1], hole[run, 2]
        target[y, start:stop] = source[y, start:stop]


@njit(cache=True)
def _mean_change(before: Planes, after: Planes, hole: Runs) -> float:
    total, count = 0.0, 0
    for run in range(hole.shape[0]):
        for x in range(hole[run, 1], hole[run, 2]):
            total += abs(after[hole[run, 0], x] - before[hole[run, 0], x])
            count += 1
    return total / count


@njit(cache=True)
def _frame(plane: Planes) -> None:
    """Copy the outermost pixels into the frame: nothing flows across the image border."""
    plane[0] = plane[1]
    plane[-1] = plane[-2]
    plane[:, 0] = plane[:, 1]
    plane[:, -1] = plane[:, -2]


@njit(cache=True)
def _laplacian(plane: Planes, laplacian: Planes, rim: Runs) -> None:
    four = np.float32(4)
    for run in range(rim.shape[0]):
        y = rim[run, 0]
        above, here, below, target = plane[y - 1], plane[y], plane[y + 1], laplacian[y]
        for x in range(rim[run, 1], rim[run, 2]):
            target[x] = here[x - 1] + here[x + 1] + above[x] + below[x] - four * here[x]


@njit(cache=True)
def _transport(plane: Planes, laplacian: Planes, new: Planes, hole: Runs, step: float) -> None:
    """Carry smoothness along isophotes: the change of the Laplacian along them, times the slope.

    The slope is limited as in the paper: one-sided differences, chosen against the flow.
    """
    half, zero, flat = np.float32(0.5), np.float32(0), np.float32(_FLAT)
    dt = np.float32(step)
    for run in range(hole.shape[0]):
        y = hole[run, 0]
        above, here, below = plane[y - 1], plane[y], plane[y + 1]
        lap_above, lap_here, lap_below = laplacian[y - 1], laplacian[y], laplacian[y + 1]
        target = new[y]
        for x in range(hole[run, 1], hole[run, 2]):
            east, west = here[x + 1] - here[x], here[x] - here[x - 1]
            south, north = below[x] - here[x], here[x] - above[x]
            ix, iy = half * (east + west), half * (south + north)
            lx = half * (lap_here[x + 1] - lap_here[x - 1])
            ly = half * (lap_below[x] - lap_above[x])
            speed = (ly * ix - lx * iy) / np.sqrt(ix * ix + iy * iy + flat)
            # With the flow reversed, the differences change places.
            ahead_x, behind_x = (east, west) if speed > zero else (west, east)
            ahead_y, behind_y = (south, north) if speed > zero else (north, south)
            ahead_x = ahead_x if ahead_x > zero else zero
            behind_x = behind_x if behind_x < zero else zero
            ahead_y = ahead_y if ahead_y > zero else zero
            behind_y = behind_y if behind_y < zero else zero
            slope = np.sqrt(
                ahead_x * ahead_x + behind_x * behind_x + ahead_y * ahead_y + behind_y * behind_y
            )
            target[x] = here[x] + dt * speed * slope


@njit(cache=True)
def _diffuse(plane: Planes, new: Planes, hole: Runs, step: float) -> None:
    """Diffuse along isophotes only: the curvature of each, times the slope."""
    half, quarter, two = np.float32(0.5), np.float32(0.25), np.float32(2)
    flat, dt = np.float32(_FLAT), np.float32(step)
    for run in range(hole.shape[0]):
        y = hole[run, 0]
        above, here, below, target = plane[y - 1], plane[y], plane[y + 1], new[y]
        for x in range(hole[run, 1], hole[run, 2]):
            ix, iy = half * (here[x + 1] - here[x - 1]), half * (below[x] - above[x])
            ixx = here[x + 1] - two * here[x] + here[x - 1]
            iyy = below[x] - two * here[x] + above[x]
            ixy = quarter * (below[x + 1] - below[x - 1] - above[x + 1] + above[x - 1])
            square = ix * ix + iy * iy
            target[x] = here[x] + dt * (
                (ixx * iy * iy - two * ix * iy * ixy + iyy * ix * ix) / (square + flat)
            )
