"""Where methods stand: quality with intervals, ranks with ties, runtime, what was finished."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from inpaintbench.statistics.bootstrap import Codes, Floats, mean_intervals
from inpaintbench.statistics.contamination import seen
from inpaintbench.statistics.pairs import Pairs, apart_from, compare_pairs
from inpaintbench.statistics.ranks import (
    RankInterval,
    mean_of_ranks,
    rank_intervals,
    ranks_within_cases,
    tied_groups,
)
from inpaintbench.statistics.runtimes import Runtimes, read_runtimes
from inpaintbench.statistics.scores import MetricInfo, Scores, read_scores
from inpaintbench.statistics.strata import Stratum
from inpaintbench.statistics.support import Support, common_support
from inpaintbench.storage.rows import RunRows


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
        Over the common support, or over the method's own cases when it isn't ranked.
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
    """

    variants: tuple[str, ...]
    values: Floats
    cases: pd.Index[str]
    images: Codes
    higher_is_better: bool
    judges: bool = True

    @property
    def image_count(self) -> int:
        """Number of images that the cases belong to."""
        return len(np.unique(self.images))

    @cached_property
    def estimates(self) -> list[Estimate]:
        """Mean of each method with its interval."""
        return estimates(self.values, self.images)

    @cached_property
    def pairs(self) -> Pairs:
        """Every method against every other."""
        return compare_pairs(self.values, self.images)

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


class _Qualities(Mapping[str, Quality]):
    """The qualities of a method, each metric's worked out when first asked for."""

    def __init__(self, comparisons: Mapping[str, Comparison], variant: str) -> None:
        self._comparisons = comparisons
        self._variant = variant

    def __getitem__(self, metric: str) -> Quality:
        return self._comparisons[metric].qualities[self._variant]

    def __iter__(self) -> Iterator[str]:
        return iter(self._comparisons)

    def __len__(self) -> int:
        return len(self._comparisons)


@dataclass(frozen=True)
class Entry:
    """A method's line.

    Parameters
    ----------
    variant, method, family : str
        What it is.
    set_aside : bool
        Whether it finished too few cells to be compared.
    qualities : mapping of str to Quality
        Metric id → quality; lacks metrics without a score.
    finished : int
        Cases finished.
    failures : mapping of str to int
        Kind of failure, ``skipped`` or ``not reached`` → cases.
    seen : tuple of str
        What it was trained on that a dataset of these cases holds images of, of any split.
    seen_images : tuple of str
        Those of them whose very images are among these cases' datasets.
    rank : RankInterval or None
        None when it isn't ranked.
    group : str
        Letters of its tied groups: methods that share a letter can't be told apart.
    mean_rank : Estimate or None
        Mean over cases of the rank within the case, averaged over the main metrics.
    """

    variant: str
    method: str
    family: str
    set_aside: bool
    qualities: Mapping[str, Quality]
    finished: int
    failures: Mapping[str, int]
    seen: tuple[str, ...]
    seen_images: tuple[str, ...]
    rank: RankInterval | None = None
    group: str = ""
    mean_rank: Estimate | None = None


@dataclass(frozen=True, eq=False)
class Standing:
    """All methods on some cases, best first, those without a rank last.

    Parameters
    ----------
    dataset, suite : str or None
        The cases looked at; None means all.
    stratum : Stratum or None
        The bin of hole sizes looked at; None means all.
    metrics : tuple of MetricInfo
        Every metric that has a quality, and those that are missing.
    main : tuple of MetricInfo
        The metrics that the rank is made from, and those missing among them.
    entries : tuple of Entry
        A method each.
    support : Support
        Who was compared on what.
    comparisons : mapping of str to Comparison
        Metric id → comparison; lacks metrics without a common case.
    ranking : Comparison or None
        Mean ranks compared; None without a common case.
    runtimes : Runtimes
        From the timing pass.
    exact : int
        Scores in decibels, of the main metrics, that count as the cap.
    """

    dataset: str | None
    suite: str | None
    stratum: Stratum | None
    metrics: tuple[MetricInfo, ...]
    main: tuple[MetricInfo, ...]
    entries: tuple[Entry, ...]
    support: Support
    comparisons: Mapping[str, Comparison]
    ranking: Comparison | None
    runtimes: Runtimes
    exact: int

    @property
    def order(self) -> tuple[str, ...]:
        """The methods that are ranked, best first."""
        return tuple(entry.variant for entry in self.entries if entry.rank)


def estimates(values: Floats, images: Codes) -> list[Estimate]:
    """Average each column over cases, with intervals."""
    found = mean_intervals(values, images)
    return [
        Estimate(float(mean), float(low), float(high), found.cases, found.images)
        for mean, low, high in zip(found.mean, found.low, found.high, strict=True)
    ]


def standing(
    rows: RunRows,
    *,
    dataset: str | None = None,
    suite: str | None = None,
    stratum: Stratum | None = None,
    metrics: Sequence[str] = (),
    scores: Scores | None = None,
) -> Standing:
    """Compare all methods on the cases of a run, or of one dataset, mask suite or bin.

    Parameters
    ----------
    rows : RunRows
        The run.
    dataset, suite : str or None
        Keep the cases of these only.
    stratum : Stratum or None
        Keep the cases with holes of this size only.
    metrics : sequence of str
        Ids, labels or names of the main metrics; by default PSNR, SSIM and LPIPS.
    scores : Scores or None
        What `read_scores` made of the rows, to spare making it again.
    """
    every = scores or read_scores(rows)
    here = every.where(dataset, suite)
    if stratum is not None:
        here = here.only(stratum.of(here.cases))
    support = common_support(here.done)
    main = every.main_metrics(metrics)
    comparisons = _comparisons(here, support.cases, support.compared)
    judging = [metric for metric in main if metric.id in comparisons and metric.measures_quality]
    ranking = _ranking(here, support, judging)
    return Standing(
        dataset=dataset,
        suite=suite,
        stratum=stratum,
        metrics=every.metrics,
        main=main,
        entries=_entries(rows, here, support, comparisons, ranking),
        support=support,
        comparisons=comparisons,
        ranking=ranking,
        runtimes=read_runtimes(rows, here.cases.index, support.compared, support.set_aside),
        exact=sum(int(here.exact[metric.id].to_numpy().sum()) for metric in main),
    )


def _comparisons(
    scores: Scores, cases: pd.Index[str], variants: tuple[str, ...]
) -> dict[str, Comparison]:
    """Line up each metric on the cases where every one of some methods has a score."""
    found = {}
    for metric in scores.metrics:
        table = scores.values[metric.id].loc[cases, list(variants)].dropna()
        if len(table):
            found[metric.id] = Comparison(
                variants=variants,
                values=table.to_numpy(),
                cases=table.index,
                images=scores.images(table.index),
                higher_is_better=metric.higher_is_better,
                judges=metric.measures_quality,
            )
    return found


def _ranking(scores: Scores, support: Support, metrics: list[MetricInfo]) -> Comparison | None:
    """Rank within each case by each metric, and average over metrics."""
    if not metrics:
        return None
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
    return Comparison(
        variants=support.compared,
        values=ranks[known],
        cases=cases,
        images=scores.images(cases),
        higher_is_better=False,
    )


def _entries(
    rows: RunRows,
    scores: Scores,
    support: Support,
    comparisons: Mapping[str, Comparison],
    ranking: Comparison | None,
) -> tuple[Entry, ...]:
    failures = _failures(rows, scores)
    here = list(scores.cases["dataset"].unique())

    def entry(name: str) -> Entry:
        row = scores.variants.loc[name]
        found = seen(str(row["trained_on"]), here)
        set_aside = name in support.set_aside
        # one that isn't ranked has its means over its own cases
        own = _comparisons(scores, scores.cases.index, (name,)) if set_aside else comparisons
        return Entry(
            variant=name,
            method=str(row["method"]),
            family=str(row["family"]),
            set_aside=set_aside,
            qualities=_Qualities(own, name),
            finished=support.finished[name],
            failures=failures.get(name, {}),
            seen=found.collections,
            seen_images=found.images,
        )

    if ranking is None:
        return tuple(entry(name) for name in (*support.compared, *support.set_aside))
    order = ranking.order
    intervals = rank_intervals(ranking.pairs.better(higher_is_better=False))
    groups = tied_groups(ranking.pairs.apart[np.ix_(order, order)])
    ranked = [
        replace(
            entry(ranking.variants[column]),
            rank=intervals[column],
            group="".join(_letter(i) for i, group in enumerate(groups) if position in group),
            mean_rank=ranking.estimates[column],
        )
        for position, column in enumerate(order)
    ]
    return (*ranked, *(entry(name) for name in support.set_aside))


def _failures(rows: RunRows, scores: Scores) -> dict[str, dict[str, int]]:
    """Count the cells that each method didn't finish, by reason."""
    cells = rows.cells[rows.cells["case"].isin(scores.cases.index)]
    cells = cells[cells["status"] != "done"]
    kind = cells["failure"].where(cells["status"] == "failed", "skipped")
    counts: dict[str, dict[str, int]] = {}
    for variant, reasons in kind.groupby(cells["variant"], sort=False):
        counts[str(variant)] = {str(r): int(n) for r, n in reasons.value_counts().items()}
    for variant, number in (scores.status == "").sum(axis=0).items():
        if number:
            counts.setdefault(str(variant), {})["not reached"] = int(number)
    return counts


def _letter(number: int) -> str:
    """Name groups a, b, …, z, then a2, b2, …."""
    turn, letter = divmod(number, 26)
    return chr(ord("a") + letter) + (str(turn + 1) if turn else "")
