"""Methods ranked by what people see, by closeness to the truth, or by both."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from inpaintbench.metrics.base import Axis
from inpaintbench.statistics.axes import RankBy
from inpaintbench.statistics.comparison import Comparison, Estimate
from inpaintbench.statistics.ranks import (
    RankInterval,
    mean_of_ranks,
    rank_intervals,
    ranks_within_cases,
    tied_groups,
)
from inpaintbench.statistics.scores import MetricInfo, Scores
from inpaintbench.statistics.support import Support


@dataclass(frozen=True)
class Place:
    """Where a method stands by one rank.

    Parameters
    ----------
    rank : RankInterval
        The rank with its interval.
    group : str
        Letters of its tied groups: methods that share a letter can't be told apart.
    mean_rank : Estimate
        Mean over cases of the rank within the case, averaged over the metrics of the rank.
    """

    rank: RankInterval
    group: str
    mean_rank: Estimate


@dataclass(frozen=True, eq=False)
class Ranking:
    """Methods ranked within each case by some metrics, averaged over metrics and cases.

    Parameters
    ----------
    metrics : tuple of MetricInfo
        What the rank is made from.
    comparison : Comparison
        Mean ranks within cases.
    """

    metrics: tuple[MetricInfo, ...]
    comparison: Comparison

    @cached_property
    def groups(self) -> list[tuple[int, ...]]:
        """Groups of columns, best first, in which no two methods can be told apart."""
        order = self.comparison.order
        apart = self.comparison.pairs.apart[np.ix_(order, order)]
        return [tuple(order[place] for place in group) for group in tied_groups(apart)]

    @cached_property
    def places(self) -> dict[str, Place]:
        """Where each method stands."""
        ranks = rank_intervals(self.comparison.pairs.better(higher_is_better=False))
        return {
            name: Place(
                rank=ranks[column],
                group="".join(_letter(i) for i, group in enumerate(self.groups) if column in group),
                mean_rank=self.comparison.estimates[column],
            )
            for column, name in enumerate(self.comparison.variants)
        }


def rankings(
    scores: Scores, support: Support, metrics: list[MetricInfo], first: RankBy
) -> dict[RankBy, Ranking]:
    """Rank by the metrics of each axis, and by those of both where that is asked for."""
    by_axis = {
        RankBy(axis): [metric for metric in metrics if metric.axis is axis]
        for axis in sorted(Axis, key=lambda axis: RankBy(axis) is not first)
    }
    chosen = {by: found for by, found in by_axis.items() if found}
    if first is RankBy.both and len(chosen) > 1:
        chosen = {first: [metric for metric in metrics if metric.measures_quality], **chosen}
    return {by: _ranking(scores, support, found) for by, found in chosen.items()}


def _ranking(scores: Scores, support: Support, metrics: list[MetricInfo]) -> Ranking:
    """Rank within each case by each metric, and average over metrics."""
    ranks = mean_of_ranks(
        [
            ranks_within_cases(
                scores.values[metric.id].loc[support.cases, list(support.compared)].to_numpy(),
                metric.higher_is_better,
            )
            for metric in metrics
        ]
    )
    known = ~np.isnan(ranks[:, 0])
    cases = support.cases[known]
    comparison = Comparison(
        variants=support.compared,
        values=ranks[known],
        cases=cases,
        images=scores.images(cases),
        higher_is_better=False,
        bounds=(1.0, float(max(1, len(support.compared)))),
    )
    return Ranking(tuple(metrics), comparison)


def _letter(number: int) -> str:
    """Name groups a, b, …, z, then a2, b2, …."""
    turn, letter = divmod(number, 26)
    return chr(ord("a") + letter) + (str(turn + 1) if turn else "")
