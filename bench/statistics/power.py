"""What a comparison could have found: the smallest difference, and the images that it would take.

The rule of `pairs` is applied to benchmarks drawn at random, whose differences vary normally from
image to image. Each tells by how much its images must shift until both the signed ranks and the
interval tell the methods apart; what suffices in `POWER` of them is the effect that is found, in
units of the differences' standard deviation between images.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from functools import cache

import numpy as np

from inpaintbench.statistics.bootstrap import (
    FEWEST_IMAGES,
    LEVEL,
    Codes,
    Floats,
    image_means,
    mean_intervals,
)
from inpaintbench.statistics.pairs import Pairs, square

POWER = 0.8
"""Share of benchmarks in which a difference is to be found."""

_BENCHMARKS = 2000
_RESAMPLES = 500
_SEED = 20_240_301

# Numbers of images that are simulated. Between the larger ones effects are interpolated; beyond
# the last they shrink with the square root of the number.
_SIZES: tuple[int, ...] = (*range(FEWEST_IMAGES, 14), 15, 18, 22, 27, 34, 44)

# Effects within this factor of each other are as likely to be found in either order.
_ALIKE = 1.2


@dataclass(frozen=True, eq=False)
class Power:
    """What the comparison of m methods could have found; every ordered pair, the diagonal NaN.

    Parameters
    ----------
    detectable : (m, m) array
        Smallest true difference that is found with `POWER` at these images and this spread, the
        other pairs being as they are; inf where none is, however large, NaN with one image.
    images : (m, m) array
        Number of images that tell the pair apart with `POWER` if differences and spreads stay as
        observed; inf where the pair doesn't differ, NaN with one image.
    """

    detectable: Floats
    images: Floats


def fewest_images(methods: int) -> int:
    """Return the number of images from which methods can be told apart.

    On k images no p of the signed-rank test is below 2^(1 - k), and Holm's method multiplies the
    smallest p by the number of pairs. From this number of images on every pair can be told apart;
    below it none can, whatever the scores.
    """
    if methods < 2:
        return 1
    return max(FEWEST_IMAGES, 1 + math.ceil(math.log2(math.comb(methods, 2) / (1 - LEVEL))))


def cannot_tell_any(images: int, methods: int) -> bool:
    """Say whether no two of the methods can be told apart on so few images, whatever the scores."""
    return images < fewest_images(methods)


def comparison_power(values: Floats, images: Codes, pairs: Pairs) -> Power:
    """Work out what a comparison could have found.

    Parameters
    ----------
    values : (n, m) array of finite floats
        A row a case, a column a method.
    images : (n,) array of integers
        Which image each case belongs to.
    pairs : Pairs
        What `compare_pairs` found in them.
    """
    methods = values.shape[1]
    first, second = upper = np.triu_indices(methods, 1)
    differences = image_means(values[:, first] - values[:, second], images)
    count, number = differences.shape
    detectable, needed = np.full((2, number), np.nan)
    if count > 1:
        spread = differences.std(axis=0, ddof=1)
        found = np.array([_effect(count, steps) for steps in _steps(pairs.p[upper])])
        known = np.isfinite(found)  # where it isn't, methods may be equal: no spread, and no effect
        detectable = np.multiply(found, spread, out=np.full(number, np.inf), where=known)
        size = np.abs(pairs.difference[upper])
        effect = np.divide(size, spread, out=np.where(size > 0, np.inf, 0.0), where=spread > 0)
        # those with larger effects are found before, and of those alike half
        before = effect > _ALIKE * effect[:, None], _ALIKE * effect > effect[:, None]
        steps = number - (np.sum(before, axis=(0, 2)) - 1) // 2
        least = fewest_images(methods)
        needed = np.array([max(least, _images(*each)) for each in zip(effect, steps, strict=True)])

    return Power(
        detectable=square(detectable, detectable, np.nan), images=square(needed, needed, np.nan)
    )


@cache
def effect_by_interval(images: int, level: float) -> float:
    """Return the difference whose interval leaves out 0 with `POWER`, in standard deviations.

    Between images; NaN where so few give no interval.
    """
    if images > _SIZES[-1]:
        return effect_by_interval(_SIZES[-1], level) * math.sqrt(_SIZES[-1] / images)
    drawn = np.random.default_rng([_SEED, images]).normal(size=(images, _BENCHMARKS // 4))
    resamples = max(_RESAMPLES, round(4 / (1 - level)))  # so that some lie beyond the quantile
    found = mean_intervals(drawn, np.arange(images), level=level, resamples=resamples)
    return float(np.quantile(-found.low, POWER))


def _steps(p: Floats) -> list[int]:
    """Return what Holm's method would multiply each p by, were it the next after those found."""
    steps = np.arange(len(p), 1, -1)
    others = (np.sort(np.delete(p, i)) * steps <= 1 - LEVEL for i in range(len(p)))
    return [len(p) - int(np.logical_and.accumulate(found).sum()) for found in others]


def _images(effect: float, steps: int) -> float:
    """Return the number of images on which an effect is found when p is multiplied by `steps`."""
    if effect == 0:
        return math.inf
    place = bisect_left(_SIZES, -effect, key=lambda size: -_effect(size, steps))
    few, many = _SIZES[max(0, place - 1)], _SIZES[min(place, len(_SIZES) - 1)]
    larger, smaller = _effect(few, steps), _effect(many, steps)
    if few == many and place:
        return math.ceil(few * (larger / effect) ** 2)
    if many == few + 1 or few == many or math.isinf(larger):
        return many
    share = math.log(larger / effect) / math.log(larger / smaller)
    return math.ceil(few * math.exp(share * math.log(many / few)))


@cache
def _effect(images: int, steps: int) -> float:
    """Return the effect that is found on so many images when p is multiplied by `steps`."""
    if images > _SIZES[-1]:
        return _effect(_SIZES[-1], steps) * math.sqrt(_SIZES[-1] / images)
    # of each sum of negative ranks, the chance if the signs were random
    chance = np.ones(1)
    for rank in range(1, images + 1):
        chance = (np.pad(chance, (0, rank)) + np.pad(chance, (rank, 0))) / 2
    allowed = int((2 * np.cumsum(chance) * steps <= 1 - LEVEL).sum())
    return float(_effects(images)[allowed - 1]) if allowed else math.inf


@cache
def _effects(images: int) -> Floats:
    """Return the effects that are found when the sum of negative ranks may be 0, 1, 2, …."""
    drawn = np.random.default_rng([_SEED, images]).normal(size=(images, _BENCHMARKS))
    by_interval = -mean_intervals(drawn, np.arange(images), resamples=_RESAMPLES).low
    first, second = np.triu_indices(images)
    # the sum of negative ranks is the number of negative Walsh averages; half of it is by chance
    walsh = np.sort((drawn[first] + drawn[second]).T / 2)[:, : len(first) // 2 + 1]
    place = math.ceil(POWER * _BENCHMARKS) - 1
    shifts = np.maximum(-walsh, by_interval[:, None])
    effects: Floats = np.partition(shifts, place, axis=0)[place]
    return effects
