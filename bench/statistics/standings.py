"""Where methods stand: quality with intervals, ranks with ties, runtime, what was finished."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import pandas as pd

from inpaintbench.statistics.axes import RankBy
from inpaintbench.statistics.comparison import Comparison, Quality
from inpaintbench.statistics.contamination import seen
from inpaintbench.statistics.rankings import Place, Ranking, rankings
from inpaintbench.statistics.runtimes import Runtimes, read_runtimes
from inpaintbench.statistics.scores import MetricInfo, Scores, read_scores
from inpaintbench.statistics.strata import Stratum
from inpaintbench.statistics.support import Support, common_support
from inpaintbench.storage.rows import RunRows

K = TypeVar("K")
T = TypeVar("T")


class _WhenAsked(Mapping[K, T], Generic[K, T]):
    """A mapping whose values are worked out when asked for."""

    def __init__(self, keys: Mapping[K, object], value: Callable[[K], T]) -> None:
        self._keys = keys
        self._value = value

    def __getitem__(self, key: K) -> T:
        if key not in self._keys:
            raise KeyError(key)
        return self._value(key)

    def __iter__(self) -> Iterator[K]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


@dataclass(frozen=True, eq=False)
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
    places : mapping of RankBy to Place
        Where it stands by each rank; empty when it isn't ranked.
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
    places: Mapping[RankBy, Place]

    @property
    def ranked(self) -> bool:
        """Whether it is compared with the others."""
        return len(self.places) > 0


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
        The metrics that ranks are made from, those missing among them, and statistics asked for.
    entries : tuple of Entry
        A method each.
    support : Support
        Who was compared on what.
    comparisons : mapping of str to Comparison
        Metric id → comparison; lacks metrics without a common case.
    rankings : mapping of RankBy to Ranking
        The ranks there are, that which orders the methods first; empty without a common case.
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
    rankings: Mapping[RankBy, Ranking]
    runtimes: Runtimes
    exact: int

    @property
    def order(self) -> tuple[str, ...]:
        """The methods that are ranked, best first."""
        return tuple(entry.variant for entry in self.entries if entry.ranked)

    @property
    def rank_by(self) -> RankBy | None:
        """Which rank orders the methods; None where there is none."""
        return next(iter(self.rankings), None)

    @property
    def ranking(self) -> Ranking | None:
        """The rank that orders the methods."""
        return next(iter(self.rankings.values()), None)


def standing(
    rows: RunRows,
    *,
    dataset: str | None = None,
    suite: str | None = None,
    stratum: Stratum | None = None,
    metrics: Sequence[str] = (),
    rank_by: RankBy = RankBy.perception,
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
    rank_by : RankBy
        Which rank orders the methods; where the main metrics have but one axis, they are ordered
        by that.
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
    ranked = rankings(here, support, [m for m in main if m.id in comparisons], rank_by)
    return Standing(
        dataset=dataset,
        suite=suite,
        stratum=stratum,
        metrics=every.metrics,
        main=main,
        entries=_entries(rows, here, support, comparisons, ranked),
        support=support,
        comparisons=comparisons,
        rankings=ranked,
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
                bounds=metric.bounds,
            )
    return found


def _entries(
    rows: RunRows,
    scores: Scores,
    support: Support,
    comparisons: Mapping[str, Comparison],
    ranked: Mapping[RankBy, Ranking],
) -> tuple[Entry, ...]:
    failures = _failures(rows, scores)
    here = list(scores.cases["dataset"].unique())

    def entry(name: str) -> Entry:
        row = scores.variants.loc[name]
        found = seen(str(row["trained_on"]), here)
        set_aside = name in support.set_aside
        # one that isn't ranked has its means over its own cases
        own = _comparisons(scores, scores.cases.index, (name,)) if set_aside else comparisons
        ranks = {} if set_aside else ranked
        return Entry(
            variant=name,
            method=str(row["method"]),
            family=str(row["family"]),
            set_aside=set_aside,
            qualities=_WhenAsked(own, lambda metric: own[metric].qualities[name]),
            finished=support.finished[name],
            failures=failures.get(name, {}),
            seen=found.collections,
            seen_images=found.images,
            places=_WhenAsked(ranks, lambda by: ranks[by].places[name]),
        )

    compared = support.compared
    if ranked:
        first = next(iter(ranked.values())).comparison
        compared = tuple(first.variants[column] for column in first.order)
    return tuple(entry(name) for name in (*compared, *support.set_aside))


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
