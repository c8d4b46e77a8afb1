"""Images whose distribution is known: Gaussian fields, with what they are given some pixels.

Three kinds of grey images of 16 bits, `SIDE` pixels square, around the middle of the range. Each is
a stationary field; the kinds differ in its standard deviation s, in levels, and in its correlation
at a distance of r pixels:

- ``smooth``: s = 3000, (1 + √3 r/8) exp(-√3 r/8), Matérn's of order 3/2;
- ``rough``: s = 3000, exp(-r/6), Matérn's of order 1/2;
- ``bumps``: s = 1500, (1 + √3 r/3) exp(-√3 r/3), with a bump of 9000 levels added, bright or dark,
  at one of 16 places: a mixture of 32 Gaussians.

Rounding to levels is part of the model as noise of variance 1/12, which is at most 6e-6 of any
pixel's variance given all others. The ends of the range are over ten s away: nothing is clipped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from inpaintbench.images.types import Image, Mask

Floats: TypeAlias = NDArray[np.float64]
Kind: TypeAlias = Literal["smooth", "rough", "bumps"]

SIDE = 32
MEAN = 32_768.0

_ROUNDING = 1 / 12
_BUMP_HEIGHT = 9_000.0
_BUMP_RADIUS = 2.0


def not_known(shape: tuple[int, int, int], dtype: np.dtype[np.generic]) -> str | None:
    """Say why images of this shape ``(H, W, C)`` and dtype can't be of these kinds, or None."""
    if shape == (SIDE, SIDE, 1) and dtype == np.uint16:
        return None
    return f"knows the distribution of known-posterior's images alone: grey, 16 bits, {SIDE}x{SIDE}"


@dataclass(frozen=True, eq=False)
class _Field:
    """Gaussians of n pixels with one covariance and equal weights.

    `means` are ``(c, n)``, `precision` is the covariance's inverse ``(n, n)``.
    """

    means: Floats
    precision: Floats
    log_determinant: float


def _matern(length: float) -> Callable[[Floats], Floats]:
    """Return Matérn's correlation of order 3/2."""
    return lambda r: (1 + np.sqrt(3) * r / length) * np.exp(-np.sqrt(3) * r / length)


_CORRELATIONS: dict[Kind, Callable[[Floats], Floats]] = {
    "smooth": _matern(8),
    "rough": lambda r: np.exp(-r / 6),
    "bumps": _matern(3),
}
_DEVIATIONS: dict[Kind, float] = {"smooth": 3_000.0, "rough": 3_000.0, "bumps": 1_500.0}


@cache
def _factor(kind: Kind) -> Floats:
    """Return the lower Cholesky factor of the covariance of rounded pixels, row by row."""
    from scipy.linalg import cholesky

    rows, columns = (axis.ravel() for axis in np.mgrid[:SIDE, :SIDE])
    distances = np.hypot(rows[:, None] - rows, columns[:, None] - columns)
    covariance = _DEVIATIONS[kind] ** 2 * _CORRELATIONS[kind](distances) + _ROUNDING * np.eye(
        SIDE**2
    )
    factor: Floats = cholesky(covariance, lower=True)
    return factor


@cache
def _means(kind: Kind) -> Floats:
    """Return the mean image of each component, ``(c, n)``."""
    if kind != "bumps":
        return np.full((1, SIDE**2), MEAN)
    rows, columns = (axis.ravel() for axis in np.mgrid[:SIDE, :SIDE])
    places = np.arange(SIDE // 8, SIDE, SIDE // 4) - 0.5
    bumps = [
        np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (2 * _BUMP_RADIUS**2))
        for y in places
        for x in places
    ]
    return MEAN + _BUMP_HEIGHT * np.concatenate([bumps, -np.array(bumps)])


@cache
def _field(kind: Kind) -> _Field:
    from scipy.linalg import cho_solve

    factor = _factor(kind)
    precision = cho_solve((factor, True), np.eye(len(factor)))
    return _Field(_means(kind), precision, 2 * float(np.log(np.diag(factor)).sum()))


def prepare() -> None:
    """Factorise every covariance, which `posterior` would do when first called."""
    for kind in get_args(Kind):
        _field(kind)


def draw(kind: Kind, number: int) -> Image:
    """Draw image `number` of a kind: ``(SIDE, SIDE, 1)`` of uint16.

    Up to the rounding of the linear algebra, the same on every machine.
    """
    # of NumPy's generators, the one whose numbers never change
    random = np.random.RandomState([list(get_args(Kind)).index(kind), number])
    means = _means(kind)
    pixels = means[random.randint(len(means))] + _factor(kind) @ random.standard_normal(SIDE**2)
    image: Image = np.rint(pixels).astype(np.uint16).reshape(SIDE, SIDE, 1)
    return image


@dataclass(frozen=True, eq=False)
class Posterior:
    """What h pixels of a hole are, given the known ones: a mixture of c Gaussians.

    Parameters
    ----------
    weights : (c,) array
        Probability of each component.
    means : (c, h) array
        Levels, hole's pixels row by row.
    factors : tuple of (h, h) arrays
        Lower Cholesky factor of each component's precision.
    """

    weights: Floats
    means: Floats
    factors: tuple[Floats, ...]

    def mean(self) -> Floats:
        """Return the mean, ``(h,)``: no other fill has a smaller expected squared error."""
        mean: Floats = self.weights @ self.means
        return mean

    def sample(self, uniform: float, normal: Floats) -> Floats:
        """Turn a number from [0, 1) and normal numbers ``(h,)`` or ``(h, k)`` into draws.

        They are of the component that `uniform` chooses.
        """
        from scipy.linalg import solve_triangular

        last = len(self.weights) - 1
        chosen = min(last, int(np.searchsorted(np.cumsum(self.weights), uniform, side="right")))
        around = solve_triangular(self.factors[chosen], normal, lower=True, trans="T")
        draws: Floats = (self.means[chosen] + around.T).T
        return draws


def posterior(image: Image, mask: Mask) -> Posterior:
    """Work out what a hole holds, given the known pixels alone.

    Beforehand each kind is as likely as another: what is known tells the kind, unless next to
    nothing is. The result is the exact conditional distribution of a mixture of Gaussians.

    Parameters
    ----------
    image : (SIDE, SIDE, 1) array of uint16
        The hole's values don't matter.
    mask : (SIDE, SIDE) array of bool
        True = hole, at least one pixel.
    """
    from scipy.linalg import cholesky, solve_triangular

    hole = mask.ravel()
    values = image.ravel().astype(np.float64)
    logs, means, factors = [], [], []
    for kind in get_args(Kind):
        field = _field(kind)
        known = values[~hole] - field.means[:, ~hole]
        factor = cholesky(field.precision[np.ix_(hole, hole)], lower=True)
        pull = field.precision[np.ix_(hole, ~hole)] @ known.T
        half = solve_triangular(factor, pull, lower=True)
        shift = solve_triangular(factor, half, lower=True, trans="T")
        means.append(field.means[:, hole] - shift.T)
        # the density of the known pixels, by the Schur complement of the hole in the precision
        squares = (known @ field.precision[np.ix_(~hole, ~hole)] * known).sum(axis=1)
        squares -= np.square(half).sum(axis=0)
        determinant = field.log_determinant + 2 * np.log(np.diag(factor)).sum()
        logs.append(-(squares + determinant) / 2 - np.log(len(known)))
        factors += len(known) * [factor]
    log = np.concatenate(logs)
    weights = np.exp(log - log.max())
    return Posterior(weights / weights.sum(), np.concatenate(means), tuple(factors))


def filled(image: Image, mask: Mask, pixels: Floats) -> Floats:
    """Put the hole's pixels ``(h,)`` into an image ``(H, W, 1)``."""
    result = image.astype(np.float64)
    result[mask, 0] = pixels
    return result
