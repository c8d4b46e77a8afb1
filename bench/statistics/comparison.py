"""Methods compared by one measure: means, differences, what can't be told apart."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from inpaintbench.statistics.bootstrap import UNBOUNDED, Codes, Floats, mean_intervals
from inpaintbench.statistics.pairs import Pairs, apart_from, compare_pairs
from inpaintbench.statistics.power import Power, cannot_tell_any, comparison_power


@dataclass(frozen=True)
class Estimate:
    """A mean with its interval; the bounds are NaN where none is possible."""

    mean: float
    low: float
    high: float
    cases: int
    images: int

    @property
    def has_interval(self) -> bool:
        """Whether there were enough images for an interval."""
        return bool(np.isfinite(self.low))


@dataclass(frozen=True)
class Quality:
    """A method's mean score, and where it lies among the methods compared.

    Parameters
    ----------
    estimate : Estimate
        Over the cases that every method compared finished, or over the method's own when it isn't
        ranked.
    best, second : bool
        Whether it has the best or second-best mean of those ranked; equal means share.
    tied : bool
        Whether it isn't the best, but can't be told apart from it.
    """

    estimate: Estimate
    best: bool = False
    second: bool = False
    tied: bool = False


@dataclass(frozen=True, eq=False)
class Comparison:
    """The methods compared by one measure, on the cases where all of them have it.

    Parameters
    ----------
    variants : tuple of str
        Methods, one a column.
    values : (n, m) array
        A row a case.
    cases : Index of str
        The cases.
    images : (n,) array
        Image of each case.
    higher_is_better : bool
        Direction.
    judges : bool
        Whether a better value means a better method; otherwise none is marked.
    bounds : pair of floats
        Least and largest value that there can be: intervals of means stay between them.
    """

    variants: tuple[str, ...]
    values: Floats
    cases: pd.Index[str]
    images: Codes
    higher_is_better: bool
    judges: bool = True
    bounds: tuple[float, float] = UNBOUNDED

    @property
    def image_count(self) -> int:
        """Number of images that the cases belong to."""
        return len(np.unique(self.images))

    @cached_property
    def estimates(self) -> list[Estimate]:
        """Mean of each method with its interval."""
        return estimates(self.values, self.images, self.bounds)

    @cached_property
    def among_methods(self) -> dict[str, Estimate]:
        """Mean of each method, with the interval of its difference from the median method.

        It leaves out how hard the cases are, as a paired difference does (Cousineau 2005); a
        median, since a single bad method would move the mean. Of one method, its own interval.
        """
        if len(self.variants) == 1:
            return dict(zip(self.variants, self.estimates, strict=True))
        middle = np.median(self.values, axis=1, keepdims=True)
        found = estimates(self.values - middle, self.images)
        shift, (least, most) = float(middle.mean()), self.bounds
        return {
            name: replace(
                e,
                mean=e.mean + shift,
                low=float(np.maximum(e.low + shift, least)),
                high=float(np.minimum(e.high + shift, most)),
            )
            for name, e in zip(self.variants, found, strict=True)
        }

    @cached_property
    def pairs(self) -> Pairs:
        """Every method against every other."""
        return compare_pairs(self.values, self.images)

    @cached_property
    def power(self) -> Power:
        """What the comparison of every pair could have found."""
        return comparison_power(self.values, self.images, self.pairs)

    @property
    def cannot_tell_any(self) -> bool:
        """Whether no two methods could be told apart on these images, whatever their scores."""
        return cannot_tell_any(self.image_count, len(self.variants))

    @cached_property
    def order(self) -> list[int]:
        """Columns from best to worst mean; the order of the run breaks equality."""
        return [int(i) for i in np.argsort(self._losses, kind="stable")]

    @property
    def _losses(self) -> Floats:
        """Means with their sign turned so that lower is better."""
        means: Floats = self.values.mean(axis=0)
        return -means if self.higher_is_better else means

    @cached_property
    def qualities(self) -> dict[str, Quality]:
        """Where each method's mean lies."""
        place = np.searchsorted(np.unique(self._losses), self._losses)
        several = len(self.variants) > 1 and self.judges
        best = int(np.argmin(place))
        apart = apart_from(self.values, self.images, best) if several else place > 0
        return {
            name: Quality(
                estimate=self.estimates[i],
                best=several and bool(place[i] == 0),
                second=several and bool(place[i] == 1),
                tied=several and bool(place[i] > 0 and not apart[i]),
            )
            for i, name in enumerate(self.variants)
        }


def estimates(
    values: Floats, images: Codes, bounds: tuple[float, float] = UNBOUNDED
) -> list[Estimate]:
    """Average each column over cases, with intervals that stay between the bounds."""
    found = mean_intervals(values, images, bounds=bounds)
    return [
        Estimate(float(mean), float(low), float(high), found.cases, found.images)
        for mean, low, high in zip(found.mean, found.low, found.high, strict=True)
    ]
