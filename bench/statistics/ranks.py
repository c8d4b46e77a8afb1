"""Ranks with intervals, groups of methods that can't be told apart, critical differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inpaintbench.statistics.bootstrap import LEVEL, Codes, Floats, image_means
from inpaintbench.statistics.pairs import Flags, mean_ranks


def ranks_within_cases(values: Floats, higher_is_better: bool) -> Floats:
    """Rank the columns of each row, 1 the best; equal values share their mean rank.

    A row that holds a NaN has no ranks: it stays NaN.
    """
    if values.size == 0:
        return values.astype(np.float64)
    ranks = mean_ranks((-values if higher_is_better else values).T).T
    ranks[np.isnan(values).any(axis=1)] = np.nan
    return ranks


def mean_of_ranks(ranks: Sequence[Floats]) -> Floats:
    """Average the ranks of several metrics case by case, over the metrics that the case has.

    A case that has none stays NaN.
    """
    stack = np.stack(ranks)
    known = ~np.isnan(stack)
    count = known.sum(axis=0)
    total = np.where(known, stack, 0.0).sum(axis=0)
    mean: Floats = np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)
    return mean


@dataclass(frozen=True)
class RankInterval:
    """Where a method stands among those compared.

    Parameters
    ----------
    rank : int
        1 + the number of methods that are demonstrably better: methods that can't be told apart
        from the best share rank 1.
    last : int
        The number of methods compared, less those that are demonstrably worse: the last
        place it may take.
    """

    rank: int
    last: int

    def __str__(self) -> str:
        return str(self.rank) if self.rank == self.last else f"{self.rank}\N{EN DASH}{self.last}"


def rank_intervals(better: Flags) -> list[RankInterval]:
    """Rank methods by who is demonstrably better than whom.

    Parameters
    ----------
    better : (m, m) array of bool
        Whether the row's method is demonstrably better than the column's.
    """
    return [
        RankInterval(rank=1 + int(beaten_by), last=len(better) - int(beats))
        for beaten_by, beats in zip(better.sum(axis=0), better.sum(axis=1), strict=True)
    ]


def tied_groups(apart: Flags) -> list[tuple[int, ...]]:
    """List the largest groups of methods in which no two can be told apart.

    Being tied isn't transitive, so a method may belong to several groups (the letters of a
    compact letter display). Groups of one are listed too; each method is in at least one.

    Parameters
    ----------
    apart : (m, m) array of bool
        Whether two methods can be told apart; columns in order of rank.

    Returns
    -------
    list of tuples of int
        Columns of each group in ascending order, groups in order of their columns.
    """
    groups = [frozenset(range(len(apart)))] if len(apart) else []
    # Insert and absorb (Piepho 2004): split each group at a pair, drop what another one holds.
    for first, second in np.argwhere(np.triu(apart, 1)):
        split = [
            group - {member}
            for group in groups
            if first in group and second in group
            for member in (int(first), int(second))
        ]
        kept = [group for group in groups if not (first in group and second in group)]
        groups = kept + [
            group
            for i, group in enumerate(split)
            if not any(group <= other for other in kept + split[:i])
            and not any(group < other for other in split[i:])
        ]
    return sorted(tuple(sorted(group)) for group in groups)


@dataclass(frozen=True, eq=False)
class CriticalDifference:
    """Friedman's test and Nemenyi's critical difference (Demšar 2006), images as blocks.

    Parameters
    ----------
    mean_ranks : (m,) array
        Mean over images of the rank of a method's mean on the image.
    difference : float
        Mean ranks closer than this can't be told apart.
    p : (m, m) array
        Nemenyi's p for every pair.
    friedman_p : float
        p of Friedman's test that all methods are the same; NaN for fewer than three methods.
    images : int
        Number of blocks.
    """

    mean_ranks: Floats
    difference: float
    p: Floats
    friedman_p: float
    images: int

    @property
    def groups(self) -> list[tuple[int, ...]]:
        """Groups of at least two methods whose mean ranks span less than the difference."""
        order = np.argsort(self.mean_ranks, kind="stable")
        ranks = self.mean_ranks[order]
        groups: list[tuple[int, ...]] = []
        reached = 0
        for start in range(len(ranks)):
            end = int(np.searchsorted(ranks, ranks[start] + self.difference, side="left"))
            if end - start > 1 and end > reached:
                groups.append(tuple(int(i) for i in order[start:end]))
                reached = end
        return groups


def critical_difference(
    values: Floats, images: Codes, higher_is_better: bool
) -> CriticalDifference:
    """Rank methods on each image and find how far apart mean ranks must be to differ.

    Parameters
    ----------
    values : (n, m) array of finite floats, m >= 2
        A row a case, a column a method.
    images : (n,) array of integers
        Which image each case belongs to: the blocks, since cases of one image aren't
        independent.
    higher_is_better : bool
        Direction of the values.

    Raises
    ------
    ValueError
        With fewer than two methods or two images.
    """
    from scipy.stats import friedmanchisquare, studentized_range

    means = image_means(values, images)
    count, methods = means.shape
    if methods < 2 or count < 2:
        raise ValueError(f"{methods} methods on {count} images: both must be at least 2")
    ranks = ranks_within_cases(means, higher_is_better)
    friedman_p = float("nan")
    if methods > 2 and np.ptp(ranks) > 0:
        friedman_p = float(friedmanchisquare(*means.T).pvalue)
    mean = ranks.mean(axis=0)
    # of a difference of two mean ranks, in units of the studentized range
    error = float(np.sqrt(methods * (methods + 1) / (12 * count)))
    p = np.ones((methods, methods))
    first, second = np.triu_indices(methods, 1)
    p[first, second] = p[second, first] = studentized_range.sf(
        np.abs(mean[first] - mean[second]) / error, methods, np.inf
    )
    return CriticalDifference(
        mean_ranks=mean,
        difference=error * float(studentized_range.ppf(LEVEL, methods, np.inf)),
        p=p,
        friedman_p=friedman_p,
        images=count,
    )
