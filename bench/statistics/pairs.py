"""Compare methods two by two, case by case, and say which pairs can be told apart."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from inpaintbench.statistics.bootstrap import (
    LEVEL,
    RESAMPLES,
    Codes,
    Floats,
    image_means,
    mean_intervals,
)

Flags: TypeAlias = NDArray[np.bool_]

# Images up to which all choices of signs are enumerated: 8,192 at most.
_ENUMERATED = 13

# Images up to which the choices of signs are counted by their sums, as scipy does.
_EXACT = 50


@dataclass(frozen=True, eq=False)
class Pairs:
    """Every ordered pair of m methods; row minus column.

    Parameters
    ----------
    difference, low, high : (m, m) arrays
        Mean of the differences per case, with its interval (NaN below three images).
    p : (m, m) array
        Wilcoxon's signed-rank test on the mean difference of each image, two-sided; 1 where
        nothing differs, NaN below two images.
    p_holm : (m, m) array
        The same, corrected for all pairs by Holm's method.
    apart : (m, m) array of bool
        Whether the two methods can be told apart: the corrected p is at most 1 - `LEVEL`, and the
        interval of the difference lies on one side of 0.
    """

    difference: Floats
    low: Floats
    high: Floats
    p: Floats
    p_holm: Floats
    apart: Flags

    def better(self, higher_is_better: bool) -> Flags:
        """Say whether the row's method is demonstrably better than the column's: (m, m) bool."""
        better: Flags = self.apart & ((self.difference > 0) == higher_is_better)
        return better


def compare_pairs(values: Floats, images: Codes, *, resamples: int = RESAMPLES) -> Pairs:
    """Compare the columns of a table two by two.

    Parameters
    ----------
    values : (n, m) array of finite floats
        A row a case, a column a method.
    images : (n,) array of integers
        Which image each case belongs to.
    resamples : int
        As in `mean_intervals`.
    """
    count = values.shape[1]
    first, second = np.triu_indices(count, 1)
    differences = values[:, first] - values[:, second]
    intervals = mean_intervals(differences, images, resamples=resamples)
    p = signed_rank(image_means(differences, images))
    p_holm = holm(p)
    clear_of_zero = (intervals.low > 0) | (intervals.high < 0)
    apart = (clear_of_zero & (p_holm <= 1 - LEVEL)).astype(np.float64)

    return Pairs(
        difference=square(intervals.mean, -intervals.mean, 0.0),
        low=square(intervals.low, -intervals.high, 0.0),
        high=square(intervals.high, -intervals.low, 0.0),
        p=square(p, p, 1.0),
        p_holm=square(p_holm, p_holm, 1.0),
        apart=square(apart, apart, 0.0) > 0,
    )


def square(upper: Floats, lower: Floats, diagonal: float) -> Floats:
    """Arrange a value of each pair in a square, the pairs in the order of `numpy.triu_indices`."""
    count = (1 + math.isqrt(1 + 8 * len(upper))) // 2
    first, second = np.triu_indices(count, 1)
    full = np.full((count, count), diagonal)
    full[first, second], full[second, first] = upper, lower
    return full


def apart_from(values: Floats, images: Codes, column: int) -> Flags:
    """Say which columns can be told apart from one: that row of `compare_pairs`, for less work."""
    count = values.shape[1]
    first, second = np.triu_indices(count, 1)
    p_holm = np.ones((count, count))
    p_holm[first, second] = p_holm[second, first] = holm(
        signed_rank(image_means(values[:, first] - values[:, second], images))
    )
    intervals = mean_intervals(values[:, [column]] - values, images)
    clear_of_zero = (intervals.low > 0) | (intervals.high < 0)
    apart: Flags = clear_of_zero & (p_holm[column] <= 1 - LEVEL)
    return apart


def signed_rank(differences: Floats) -> Floats:
    """Test each column of differences for a shift from 0 by Wilcoxon's signed ranks.

    Zeros are left out and ties share their mean rank. Up to 13 images the p-value is exact,
    ties or not, and up to 50 without ties; else it is that of the normal distribution. Equal to
    scipy.stats.wilcoxon, which takes a second to load.

    Parameters
    ----------
    differences : (k, m) array
        A row an image.

    Returns
    -------
    (m,) array
        Two-sided p; 1 where every difference is 0, NaN with fewer than two images.
    """
    images, columns = differences.shape
    if images < 2:
        return np.full(columns, np.nan)
    size = np.abs(differences)
    ranks = np.where(size > 0, mean_ranks(np.where(size > 0, size, np.inf)), 0.0)
    positive = np.where(differences > 0, ranks, 0.0).sum(axis=0)
    if images <= _ENUMERATED:
        return _enumerated(ranks, positive)
    p = _normal(ranks, positive)
    if images <= _EXACT:
        untied = (np.sort(ranks, axis=0) == np.arange(1, images + 1)[:, None]).all(axis=0)
        p[untied] = _exact(images, positive[untied])
    return p


def mean_ranks(values: Floats) -> Floats:
    """Rank the values of each column, 1 the smallest; equal values share their mean rank."""
    order = np.argsort(values, axis=0)
    ascending = np.take_along_axis(values, order, axis=0)
    rises = ascending[1:] != ascending[:-1]
    edge = np.ones((1, values.shape[1]), np.bool_)
    places = np.arange(1, len(values) + 1)[:, None]
    first = np.maximum.accumulate(np.where(np.vstack([edge, rises]), places, 1), axis=0)
    last = np.where(np.vstack([rises, edge]), places, len(values))
    last = np.minimum.accumulate(last[::-1], axis=0)[::-1]
    ranks: Floats = np.empty(values.shape)
    np.put_along_axis(ranks, order, (first + last) / 2, axis=0)
    return ranks


def _enumerated(ranks: Floats, positive: Floats) -> Floats:
    """Place the sum of positive ranks among those of all 2**k choices of signs."""
    images = len(ranks)
    signs = (np.arange(2**images)[:, None] >> np.arange(images)) & 1
    sums = signs.astype(np.float64) @ ranks
    # Ranks are multiples of 1/2, so the sums are exact and may be compared.
    tails = np.minimum((sums <= positive).mean(axis=0), (sums >= positive).mean(axis=0))
    p: Floats = np.minimum(2 * tails, 1.0)
    return p


def _exact(images: int, positive: Floats) -> Floats:
    """Place sums of positive ranks among those of all choices of signs, counted sum by sum."""
    counts = np.ones(1)
    for rank in range(1, images + 1):
        counts = np.pad(counts, (0, rank)) + np.pad(counts, (rank, 0))
    smaller = np.minimum(positive, len(counts) - 1 - positive).astype(np.int64)
    p: Floats = np.minimum(2 * np.cumsum(counts)[smaller] / 2.0**images, 1.0)
    return p


def _normal(ranks: Floats, positive: Floats) -> Floats:
    """Compare sums of positive ranks with a normal distribution; 1 where there are no ranks."""
    from scipy.special import ndtr

    deviation = np.sqrt(np.square(ranks).sum(axis=0)) / 2
    away = np.abs(positive - ranks.sum(axis=0) / 2)
    scaled = np.divide(away, deviation, out=np.zeros_like(away), where=deviation > 0)
    p: Floats = 2 * ndtr(-scaled)
    return p


def holm(p: Floats) -> Floats:
    """Correct p-values of one family by Holm's step-down method; NaN stays NaN."""
    corrected = np.full_like(p, np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    steps = p[order] * np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return corrected
