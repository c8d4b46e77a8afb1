"""Means with intervals when cases of one image belong together.

Masks are nested in images, so the image is what is drawn again, with all its cases. The interval
is a studentised bootstrap: percentile intervals hold the truth too rarely with the few images
that a benchmark often has.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.integer[Any]]

LEVEL = 0.95
RESAMPLES = 10_000
SEED = 20_240_229

FEWEST_IMAGES = 3
"""Images below which there is no interval: two would give one twelve standard errors wide."""

WIDEST = 1.5
"""Largest factor by which the bootstrap may widen a side of Student's interval; less for values
that fill the range between two bounds about its middle, where there is no room for skew."""

STRETCH = 2.0
"""Largest factor by which keeping to the range of the values may widen a side."""

UNBOUNDED = (-math.inf, math.inf)
"""The range of values that may be any number."""

# Columns, and counts of drawn images, worked on at once: keeps memory in tens of megabytes.
_COLUMNS = 256
_DRAWS = 2_000_000
_TINY = 1e-300
_MOST_GROWTH = 500.0  # as a logarithm, short of overflow


@dataclass(frozen=True, eq=False)
class Intervals:
    """Means of the columns of a table, with their intervals.

    Parameters
    ----------
    mean, low, high : (m,) arrays
        `low` and `high` are NaN where no interval is possible: below `FEWEST_IMAGES`.
    cases, images : int
        What the means are over.
    """

    mean: Floats
    low: Floats
    high: Floats
    cases: int
    images: int


def mean_intervals(
    values: Floats,
    images: Codes,
    *,
    bounds: tuple[float, float] = UNBOUNDED,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Intervals:
    """Average the columns over cases, with intervals that know which cases share an image.

    Each case weighs the same. The standard error is that of a ratio of image totals to image
    sizes; its multipliers are the quantiles of the studentised bootstrap mean when images are
    drawn with replacement, held between Student's quantile and `WIDEST` times it. With bounds the
    interval is one of the logarithm of the mean's distance from the bound, or of the logit between
    two bounds: so it stays inside, and holds the truth of skewed values near a bound more often.

    Parameters
    ----------
    values : (n, m) array of finite floats
        A row a case, a column a method, a pair of methods, or whatever is averaged.
    images : (n,) array of integers
        Which image each case belongs to; any numbering.
    bounds : pair of floats
        Least and largest value that there can be. A bound that a value exceeds is moved there.
    level : float
        Confidence, between 0 and 1.
    resamples : int
        Number of bootstrap draws.
    seed : int
        The same seed gives the same intervals.

    Raises
    ------
    ValueError
        When there is no case.
    """
    if len(values) == 0:
        raise ValueError("no cases to average over")
    totals, sizes = image_totals(values, images)
    mean: Floats = totals.sum(axis=0) / sizes.sum()
    count = len(sizes)
    if count < FEWEST_IMAGES:
        unknown = np.full_like(mean, np.nan)
        return Intervals(mean, unknown, unknown, len(values), count)

    from scipy.special import stdtrit

    residuals = totals - sizes[:, None] * mean
    squares = np.square(residuals).sum(axis=0)
    error: Floats = np.sqrt(count / (count - 1) * squares) / sizes.sum()
    tail = (1 - level) / 2
    narrowest = float(stdtrit(count - 1, 1 - tail))
    low, high = _studentised_quantiles(residuals, error, sizes, tail, resamples, seed)
    least = np.minimum(bounds[0], values.min(axis=0))
    most = np.maximum(bounds[1], values.max(axis=0))
    filled = _filled(mean, math.sqrt(count) * error, least, most)
    widest = narrowest * (WIDEST - (WIDEST - 1) * filled)
    below = np.clip(high, narrowest, widest) * error
    above = np.clip(-low, narrowest, widest) * error
    return Intervals(
        mean=mean,
        low=np.maximum(mean - _inside(below, mean - least, most - mean), least),
        high=np.minimum(mean + _inside(above, most - mean, mean - least), most),
        cases=len(values),
        images=count,
    )


def _filled(mean: Floats, spread: Floats, least: Floats, most: Floats) -> Floats:
    """Say how far values fill the range between two bounds about its middle: from 0 to 1."""
    with np.errstate(all="ignore"):
        share, part = (mean - least) / (most - least), spread / (most - least)
        filled = 4 * share * (1 - share) * np.minimum(1, 5 * part)
        return np.where(np.isfinite(filled), filled, 0.0)


def _inside(side: Floats, ahead: Floats, behind: Floats) -> Floats:
    """Fit a side of an interval before a bound, given the distances to it and to the other one."""
    with np.errstate(all="ignore"):
        rate = 1 / ahead + 1 / behind
        # the odds, distance behind / distance ahead, grow by this factor - 1
        growth = np.expm1(np.minimum(side * rate, _MOST_GROWTH))
        fitted = np.where(rate > 0, growth / (rate + growth / ahead), side)
    return np.where(side > 0, np.minimum(fitted, STRETCH * side), 0.0)


def image_totals(values: Floats, images: Codes) -> tuple[Floats, Floats]:
    """Add up the rows of each image.

    Returns
    -------
    totals : (k, m) array
        Images in ascending order of their code.
    sizes : (k,) array
        Cases of each image.
    """
    order = np.argsort(images, kind="stable")
    _, starts, sizes = np.unique(images[order], return_index=True, return_counts=True)
    return np.add.reduceat(values[order], starts, axis=0), sizes.astype(np.float64)


def image_means(values: Floats, images: Codes) -> Floats:
    """Average the rows of each image, images in ascending order of their code."""
    totals, sizes = image_totals(values, images)
    return totals / sizes[:, None]


@lru_cache(maxsize=8)
def _draws(count: int, resamples: int, seed: tuple[int, int]) -> Floats:
    """Count how often each of `count` images is drawn: (count, resamples)."""
    random = np.random.default_rng(seed)
    drawn = random.integers(0, count, (resamples, count), dtype=np.int64)
    drawn += np.arange(resamples)[:, None] * count
    counts = np.bincount(drawn.ravel(), minlength=resamples * count)
    return np.ascontiguousarray(counts.reshape(resamples, count).T, dtype=np.float64)


def _studentised_quantiles(
    residuals: Floats, error: Floats, sizes: Floats, tail: float, resamples: int, seed: int
) -> tuple[Floats, Floats]:
    """Find the lower and upper quantile of (drawn mean - mean) / drawn error, column by column."""
    # One unit of error, so that a column of differences of 1e-9 is treated like any other.
    scaled = np.divide(residuals, error, out=np.zeros_like(residuals), where=error > 0)
    low, high = np.empty_like(error), np.empty_like(error)
    at_once = min(resamples, max(1, _DRAWS // len(sizes)))
    # the smallest draw that at least this part of the draws doesn't exceed
    places = [max(0, math.ceil(part * resamples) - 1) for part in (tail, 1 - tail)]
    for start in range(0, len(error), _COLUMNS):
        columns = scaled[:, start : start + _COLUMNS]
        ratios = np.empty((columns.shape[1], resamples))
        for block, begin in enumerate(range(0, resamples, at_once)):
            draws = _draws(len(sizes), min(at_once, resamples - begin), (seed, block))
            ratios[:, begin : begin + at_once] = _studentised(columns.T, sizes, draws)
        ratios.partition(places, axis=1)
        low[start : start + _COLUMNS] = ratios[:, places[0]]
        high[start : start + _COLUMNS] = ratios[:, places[1]]
    return low, high


def _studentised(columns: Floats, sizes: Floats, draws: Floats) -> Floats:
    """Return drawn mean / drawn error: (columns, resamples), from residuals (columns, images)."""
    count = len(sizes)
    size = sizes @ draws
    total = columns @ draws
    squares = np.square(columns) @ draws
    # Squared residuals from the drawn mean, r = total / size: sum of (column - r * size)**2.
    if np.ptp(sizes) == 0:
        squares -= np.square(total) / count
    else:
        cross = (columns * sizes) @ draws
        squares += total / size * (total / size * (sizes**2 @ draws) - 2 * cross)
    # 0 / 0 where every residual drawn is 0 gives 0; one image drawn throughout, a huge ratio.
    np.maximum(squares, _TINY, out=squares)
    ratios: Floats = np.divide(total, np.sqrt(squares, out=squares), out=total)
    ratios *= np.sqrt((count - 1) / count)
    return ratios
