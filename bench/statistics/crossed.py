"""Estimates from observations that share a rater as well as an image, compared with each other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from string import ascii_lowercase

import numpy as np

from inpaintbench.statistics.bootstrap import FEWEST_IMAGES, LEVEL, Codes, Floats
from inpaintbench.statistics.pairs import Flags, holm
from inpaintbench.statistics.ranks import RankInterval, rank_intervals, tied_groups


@dataclass(frozen=True, eq=False)
class Crossed:
    """Estimates whose errors come from raters and from images, which are crossed.

    The variance of anything is that by raters plus that by images less that by both together
    (Cameron, Gelbach and Miller 2011), and never less than the larger of the first two.

    Parameters
    ----------
    values : (k,) array
        The estimates; more is better.
    by_rater, by_image, by_both : (k, k) arrays
        Covariances when these are what is drawn again.
    raters, images : int
        How many there are.
    """

    values: Floats
    by_rater: Floats
    by_image: Floats
    by_both: Floats
    raters: int
    images: int

    @property
    def freedom(self) -> int:
        """Degrees of freedom of Student's t: raters or images, whichever are fewer, less one."""
        return min(self.raters, self.images) - 1

    def error(self, contrasts: Floats) -> Floats:
        """Return the standard errors of c weighted sums: (c, k) → (c,).

        NaN where there are too few raters or images to know.
        """
        if min(self.raters, self.images) < FEWEST_IMAGES:
            return np.full(len(contrasts), np.nan)
        rater, image, both = (
            np.einsum("ci,ij,cj->c", contrasts, covariance, contrasts)
            for covariance in (self.by_rater, self.by_image, self.by_both)
        )
        error: Floats = np.sqrt(np.maximum.reduce([rater, image, rater + image - both]))
        return error

    @cached_property
    def bounds(self) -> tuple[Floats, Floats]:
        """Lower and upper ends of the intervals, (k,) each; NaN where none is possible."""
        from scipy.special import stdtrit

        reach = stdtrit(self.freedom, (1 + LEVEL) / 2) * self.error(np.eye(len(self.values)))
        return self.values - reach, self.values + reach

    @cached_property
    def apart(self) -> Flags:
        """Which pairs can be told apart, (k, k): Wald's test of the difference, Holm's p ≤ 0.05."""
        from scipy.special import stdtr

        count = len(self.values)
        first, second = np.triu_indices(count, 1)
        contrasts = np.eye(count)[first] - np.eye(count)[second]
        difference, error = contrasts @ self.values, self.error(contrasts)
        # what never differs in any vote has no error and no difference
        ratio = np.divide(difference, error, out=np.zeros_like(error), where=error != 0)
        p = holm(2 * stdtr(self.freedom, -np.abs(ratio)))
        apart = np.zeros((count, count), np.bool_)
        apart[first, second] = apart[second, first] = p <= 1 - LEVEL
        return apart

    @cached_property
    def ranks(self) -> list[RankInterval]:
        """Where each estimate stands, given who is demonstrably better than whom."""
        return rank_intervals(self.apart & (self.values[:, None] > self.values))

    @cached_property
    def order(self) -> list[int]:
        """Places from best to worst."""
        return [int(i) for i in np.argsort(-self.values, kind="stable")]

    @cached_property
    def letters(self) -> list[str]:
        """Letters of the tied groups of each: those that share one can't be told apart."""
        groups = tied_groups(self.apart[np.ix_(self.order, self.order)])
        names = [f"{ascii_lowercase[i % 26]}{i // 26 + 1 if i > 25 else ''}" for i in range(999)]
        place = np.argsort(self.order)
        return [
            "".join(name for name, group in zip(names, groups, strict=False) if place[i] in group)
            for i in range(len(place))
        ]


def crossed_means(values: Floats, raters: Codes, images: Codes) -> Crossed:
    """Average each column over rows that share raters and images: (n, k) → k estimates."""
    mean = values.mean(axis=0)
    centred = values - mean

    def without(codes: Codes) -> Floats:
        """Covariance by leaving out one cluster after the other."""
        sums, sizes = totals(centred, codes), totals(np.ones((len(values), 1)), codes)
        with np.errstate(invalid="ignore", divide="ignore"):
            return jackknife(np.nan_to_num(sums / (len(values) - sizes)))

    both = totals(centred, pair_codes(raters, images)) / len(values)
    return Crossed(
        values=mean,
        by_rater=without(raters),
        by_image=without(images),
        by_both=both.T @ both,
        raters=len(np.unique(raters)),
        images=len(np.unique(images)),
    )


def jackknife(changes: Floats) -> Floats:
    """Return the covariance of k estimates by their changes when a cluster is left out: (g, k)."""
    covariance: Floats = (len(changes) - 1) / len(changes) * changes.T @ changes
    return covariance


def totals(values: Floats, codes: Codes) -> Floats:
    """Add up the rows (n, k) of each of the codes from 0 on."""
    sums = np.zeros((int(codes.max()) + 1, values.shape[1]))
    np.add.at(sums, codes, values)
    return sums


def pair_codes(one: Codes, other: Codes) -> Codes:
    """Give each combination of two codes a number, from 0 on."""
    codes: Codes = np.unique(one * (int(other.max()) + 1) + other, return_inverse=True)[1]
    return codes
