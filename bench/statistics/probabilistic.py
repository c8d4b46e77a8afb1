"""Scores of several draws against the truth: proper scores, intervals of pixels, ranks.

Values are those of the hole, every channel of every pixel, in levels of 255. Draws are as good as
the truth when nobody could say which of them all is the truth; then its rank among m draws is
uniform over 0..m, whatever the distribution, and everything here says what to expect at this m.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np

from inpaintbench.statistics.bootstrap import Codes, Floats, image_means, mean_intervals
from inpaintbench.statistics.comparison import Estimate
from inpaintbench.statistics.pairs import Flags

NOMINAL = (0.5, 0.9)
"""The intervals of pixels whose coverage is reported, as near as the number of draws allows."""


def crps(draws: Floats, truth: Floats) -> Floats:
    """Return the fair continuous ranked probability score of each value, ``(n,)``; less is better.

    The mean distance of the draws from the truth, less half the mean distance of two draws (Ferro
    2014), so that its expectation doesn't depend on the number of draws. Of a single draw, the
    absolute error.

    Parameters
    ----------
    draws : (m, n) array
        Draws of n values.
    truth : (n,) array
        The true values.
    """
    count = len(draws)
    error: Floats = np.abs(draws - truth).mean(axis=0)
    if count > 1:
        # the sum of differences over all pairs, from the sorted draws
        signs = 2 * np.arange(count) - count + 1
        error -= signs @ np.sort(draws, axis=0) / (count * (count - 1))
    return error


def energy_score(draws: Floats, truth: Floats) -> float:
    """Return the fair energy score of the values as one vector; lower is better.

    As `crps`, with Euclidean norms (Gneiting, Raftery 2007) divided by the root of the number of
    values, so that holes of any size have one scale: of a single draw, the root mean square error.
    """
    count, values = draws.shape
    score = np.linalg.norm(draws - truth, axis=1).mean()
    if count > 1:
        pairs = sum(np.linalg.norm(draws[i + 1 :] - draws[i], axis=1).sum() for i in range(count))
        score -= pairs / (count * (count - 1))
    return float(score / np.sqrt(values))


def rank_shares(draws: Floats, truth: Floats) -> Floats:
    """Return the share of values whose truth is above 0, 1, … m of the draws, ``(m + 1,)``.

    A truth that equals some draws counts in equal parts for every rank that it could have.
    """
    below = (draws < truth).sum(axis=0)
    ties = (draws == truth).sum(axis=0)
    part = 1 / (ties + 1)
    steps = np.bincount(below, part, len(draws) + 2)
    steps -= np.bincount(below + ties + 1, part, len(draws) + 2)
    shares: Floats = np.cumsum(steps)[:-1] / truth.size
    return shares


@dataclass(frozen=True, eq=False)
class DrawScores:
    """Scores of m draws in n cases.

    Parameters
    ----------
    crps, energy : (n,) arrays
        Fair CRPS, averaged over the hole, and energy score; levels of 255.
    ranks, mean_ranks : (n, m + 1) arrays
        `rank_shares` of the hole's values, and of their mean.
    errors, mean_errors : (n,) arrays
        Mean squared error in the hole of a draw, averaged over draws, and of the draws' mean.
    """

    crps: Floats
    energy: Floats
    ranks: Floats
    mean_ranks: Floats
    errors: Floats
    mean_errors: Floats

    @classmethod
    def of(cls, cases: Iterable[tuple[Floats, Floats]]) -> Self:
        """Score draws ``(m, v)`` against the truth ``(v,)`` of v values, case by case."""
        scores = [
            (
                crps(draws, truth).mean(),
                energy_score(draws, truth),
                rank_shares(draws, truth),
                rank_shares(draws.mean(axis=1, keepdims=True), truth.mean(keepdims=True)),
                np.square(draws - truth).mean(),
                np.square(draws.mean(axis=0) - truth).mean(),
            )
            for draws, truth in cases
        ]
        return cls(*map(np.array, zip(*scores, strict=True)))

    def only(self, kept: Flags) -> Self:
        """Keep some of the cases."""
        return replace(self, **{name: values[kept] for name, values in vars(self).items()})


@dataclass(frozen=True, eq=False)
class Calibration:
    """How the truth's ranks among m draws compare with those of one more draw.

    Parameters
    ----------
    ranks, mean_ranks : (n, m + 1) arrays
        As in `DrawScores`, m at least 2.
    images : (n,) array
        Which image each case belongs to.
    """

    ranks: Floats
    mean_ranks: Floats
    images: Codes

    @property
    def draws(self) -> int:
        """Number of draws m."""
        return self.ranks.shape[1] - 1

    @property
    def histogram(self) -> Floats:
        """Share of values at each rank, ``(m + 1,)``: 1/(m + 1) each is expected."""
        shares: Floats = self.ranks.mean(axis=0)
        return shares

    @property
    def _cuts(self) -> tuple[int, ...]:
        """Draws that lie outside each interval of `NOMINAL` on either side, and its end."""
        most = (self.draws + 1) // 2
        ideal = (round((self.draws + 1) * (1 - nominal) / 2) for nominal in NOMINAL)
        return tuple(min(most, max(1, cut)) for cut in ideal)

    @property
    def expected(self) -> tuple[float, ...]:
        """What the intervals of `coverage` hold of one more draw: exactly, at any m."""
        return tuple((self.draws + 1 - 2 * cut) / (self.draws + 1) for cut in self._cuts)

    @cached_property
    def coverage(self) -> tuple[Estimate, ...]:
        """Share of values between the k-th smallest and the k-th largest draw.

        k is such that the share expected is as near to each of `NOMINAL` as can be.
        """
        columns = [self.ranks[:, cut : self.draws + 1 - cut].sum(axis=1) for cut in self._cuts]
        return self._estimates(columns)

    @cached_property
    def shape(self) -> tuple[Estimate, Estimate, Estimate]:
        """Bias, spread, and spread of the hole's mean.

        Bias: mean rank over m, less ½; 0 expected, above it where draws are too dark. Spread: mean
        squared distance of ranks from the middle, over that of uniform ones; 1 expected, above it
        where draws are too alike, below where they differ too much. The slope and the curvature of
        the rank histogram (Jolliffe, Primo 2008).
        """
        bias, spread, whole = self._estimates([*self._contrasts.T])
        return bias, spread, whole

    @cached_property
    def p(self) -> float:
        """Test that the three of `shape` are as expected: Hotelling's T², images as the unit.

        NaN with fewer than five images.
        """
        from scipy.stats import f as fisher

        means = image_means(self._contrasts - [0.0, 1.0, 1.0], self.images)
        images, contrasts = means.shape
        if images < contrasts + 2:
            return float("nan")
        centre = means.mean(axis=0)
        # draws that are all alike have no spread at all
        covariance = np.cov(means.T) + 1e-12 * np.eye(contrasts)
        square = images * centre @ np.linalg.solve(covariance, centre)
        scaled = square * (images - contrasts) / (contrasts * (images - 1))
        return float(fisher.sf(scaled, contrasts, images - contrasts))

    @property
    def _contrasts(self) -> Floats:
        places = np.arange(self.draws + 1) / self.draws - 0.5
        squares = np.square(places) / np.square(places).mean()
        return np.stack([self.ranks @ places, self.ranks @ squares, self.mean_ranks @ squares], 1)

    def _estimates(self, columns: Sequence[Floats]) -> tuple[Estimate, ...]:
        return estimates(np.stack(columns, axis=1), self.images)


def estimates(values: Floats, images: Codes) -> tuple[Estimate, ...]:
    """Average columns ``(n, k)`` with intervals clustered by image."""
    found = mean_intervals(values, images)
    return tuple(
        Estimate(float(mean), float(low), float(high), found.cases, found.images)
        for mean, low, high in zip(found.mean, found.low, found.high, strict=True)
    )


def gap(errors: Floats, least: Floats, images: Codes) -> Estimate:
    """Compare mean squared errors in decibels, 10 log₁₀(mean error / mean least error), by case.

    The interval is that of the ratio's linearisation, clustered by image.
    """
    over = errors / errors.mean() - least / least.mean()
    ratio = np.log(errors.mean() / least.mean())
    (found,) = estimates(10 / np.log(10) * (ratio + over)[:, None], images)
    return found
