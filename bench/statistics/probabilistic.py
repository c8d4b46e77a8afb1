"""Scores of several draws against the truth: proper scores, intervals of pixels, ranks.

Values are those of the hole, every channel of every pixel, in levels of 255. Draws are as good as
the truth when nobody could say which of them all is the truth; then its rank among m draws is
uniform over 0..m, whatever the distribution, and everything here says what to expect at this m.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from math import nan
from typing import Self

import numpy as np

from inpaintbench.statistics.bootstrap import SEED, Codes, Floats, image_means
from inpaintbench.statistics.comparison import Estimate, estimates

NOMINAL = (0.5, 0.9)
"""The intervals of pixels whose coverage is reported, as near as the number of draws allows."""

FEWEST_IMAGES = 5
"""Images below which there is no p-value."""

# Times that lots are drawn for a p-value, and how many at once.
_LOTS, _AT_ONCE = 2_000, 100


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


def rank_shares(fields: Floats) -> Floats:
    """Rank each field among the others, value by value.

    Parameters
    ----------
    fields : (m + 1, n) array
        The truth and m draws.

    Returns
    -------
    (m + 1, m + 1) array
        A row a field: the share of its values that are above 0, 1, … m of the other fields. One
        that equals some of them counts in equal parts for every rank that it could have.
    """
    count, values = fields.shape
    rows = []
    for field in fields:
        below = (fields < field).sum(axis=0)
        ties = (fields == field).sum(axis=0)  # with itself
        steps = np.bincount(below, 1 / ties, count + 1)
        steps -= np.bincount(below + ties, 1 / ties, count + 1)
        rows.append(np.cumsum(steps)[:-1] / values)
    return np.array(rows)


@dataclass(frozen=True, eq=False)
class DrawScores:
    """Scores of m draws in n cases.

    Parameters
    ----------
    crps, energy : (n,) arrays
        Fair CRPS, averaged over the hole, and energy score; levels of 255.
    ranks, mean_ranks : (n, m + 1, m + 1) arrays
        `rank_shares` of the hole's values, and of their mean; the truth comes first.
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
                rank_shares(fields := np.vstack([truth, draws])),
                rank_shares(fields.mean(axis=1, keepdims=True)),
                np.square(draws - truth).mean(),
                np.square(draws.mean(axis=0) - truth).mean(),
            )
            for draws, truth in cases
        ]
        return cls(*map(np.array, zip(*scores, strict=True)))


@dataclass(frozen=True, eq=False)
class Calibration:
    """How the truth's ranks among m draws compare with those of one more draw.

    Parameters
    ----------
    ranks, mean_ranks : (n, m + 1, m + 1) arrays
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
        return len(self.ranks[0]) - 1

    @property
    def histogram(self) -> tuple[Estimate, ...]:
        """Share of values at each of the m + 1 ranks: 1/(m + 1) each is expected."""
        return tuple(estimates(self.ranks[:, 0], self.images, (0.0, 1.0)))

    @property
    def _cuts(self) -> tuple[int, ...]:
        """Draws that lie outside each interval of `NOMINAL` on either side, and its end."""
        most = (self.draws + 1) // 2
        ideal = (round((self.draws + 1) * (1 - nominal) / 2) for nominal in NOMINAL)
        return tuple(dict.fromkeys(min(most, max(1, cut)) for cut in ideal))

    @property
    def expected(self) -> tuple[float, ...]:
        """What the intervals of `coverage` hold of one more draw: exactly, at any m."""
        return tuple((self.draws + 1 - 2 * cut) / (self.draws + 1) for cut in self._cuts)

    @cached_property
    def coverage(self) -> tuple[Estimate, ...]:
        """Share of values between the k-th smallest and the k-th largest draw.

        k is such that the share expected is as near to each of `NOMINAL` as can be; where that is
        one interval for both, as with fewer than five draws, there is that alone.
        """
        inside = [self.ranks[:, 0, cut : self.draws + 1 - cut].sum(axis=1) for cut in self._cuts]
        return tuple(estimates(np.stack(inside, axis=1), self.images, (0, 1)))

    @cached_property
    def shape(self) -> tuple[Estimate, Estimate, Estimate]:
        """Bias, spread, and spread of the hole's mean.

        Bias: mean rank over m, less ½; 0 expected, above it where draws are too dark. Spread: mean
        squared distance of ranks from the middle, over that of uniform ones; 1 expected, above it
        where draws are too alike, below where they differ too much. The slope and the curvature of
        the rank histogram (Jolliffe, Primo 2008).
        """
        found = self._contrasts[:, 0]
        (bias,) = estimates(found[:, :1], self.images, (-0.5, 0.5))
        spread, whole = estimates(found[:, 1:], self.images, (0, float(self._squares.max())))
        return bias, spread, whole

    @cached_property
    def p(self) -> float:
        """Test that the truth might be any of the draws.

        Hotelling's T² of `shape`, with images as the unit, is compared with what it is when in
        each case one of truth and draws, by lot, is taken for the truth: exact where each image has
        one case, whatever the distribution. NaN with fewer images than `FEWEST_IMAGES`.
        """
        if len(np.unique(self.images)) < FEWEST_IMAGES:
            return nan
        expected = self._contrasts - [0.0, 1.0, 1.0]
        cases = np.arange(len(expected))
        observed = _squares(expected[:, :1], self.images)[0] * (1 - 1e-9)
        random = np.random.default_rng(SEED)
        reached = 1
        for _ in range(0, _LOTS, _AT_ONCE):
            lots = random.integers(0, self.draws + 1, (_AT_ONCE, len(cases)))
            chosen = expected[cases, lots].swapaxes(0, 1)
            reached += int((_squares(chosen, self.images) >= observed).sum())
        return reached / (_LOTS + 1)

    @cached_property
    def _contrasts(self) -> Floats:
        """Work out bias, spread, spread of mean: ``(n, m + 1, 3)``, the truth first."""
        squares = self._squares
        columns = [self.ranks @ self._places, self.ranks @ squares, self.mean_ranks @ squares]
        return np.stack(columns, axis=2)

    @property
    def _places(self) -> Floats:
        """Ranks from −½ to ½, ``(m + 1,)``."""
        places: Floats = np.arange(self.draws + 1) / self.draws - 0.5
        return places

    @property
    def _squares(self) -> Floats:
        """Squared distance of ranks from the middle, 1 on average, ``(m + 1,)``."""
        squares: Floats = np.square(self._places) / np.square(self._places).mean()
        return squares


def _squares(values: Floats, images: Codes) -> Floats:
    """Return Hotelling's T² of k columns ``(n, b, k)`` from 0, over images, b times."""
    cases, times, columns = values.shape
    means = image_means(values.reshape(cases, -1), images).reshape(-1, times, columns)
    centre = means.mean(axis=0)
    from_centre = means - centre
    covariance = np.einsum("ibj,ibk->bjk", from_centre, from_centre) / (len(means) - 1)
    covariance += 1e-12 * np.eye(columns)  # draws that are all alike have no spread at all
    solved = np.linalg.solve(covariance, centre[..., None])[..., 0]
    squares: Floats = len(means) * (centre * solved).sum(axis=1)
    return squares


def gap(errors: Floats, least: Floats, images: Codes) -> Estimate:
    """Compare mean squared errors in decibels, 10 log₁₀(mean error / mean least error), by case.

    The interval is that of the ratio's linearisation, clustered by image.
    """
    over = errors / errors.mean() - least / least.mean()
    ratio = np.log(errors.mean() / least.mean())
    (found,) = estimates(10 / np.log(10) * (ratio + over)[:, None], images)
    return found
