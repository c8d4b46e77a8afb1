"""The front page: the overall table, which the browser sorts and filters."""

from __future__ import annotations

from dataclasses import dataclass

from inpaintbench.report import notes, tables
from inpaintbench.report.kinds import IntervalStyle, TableKind
from inpaintbench.report.numbers import MISSING, fixed
from inpaintbench.site.estimates import Shown, shown_mean_rank, shown_quality
from inpaintbench.site.numbers import duration
from inpaintbench.site.site import Site
from inpaintbench.statistics.scores import MetricInfo
from inpaintbench.statistics.standings import Entry, Estimate

_BUDGETS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 60.0)
"""Runtimes in seconds that methods can be held to."""


@dataclass(frozen=True)
class _Whisker:
    """A mean rank with its interval on a scale from 1 to the number of methods, in percent."""

    low: float
    middle: float
    high: float


@dataclass(frozen=True)
class _Row:
    entry: Entry
    page: str
    rank: str
    mean_rank: Shown
    whisker: _Whisker | None
    main: list[Shown]
    suites: list[Shown]
    seconds: float | None
    runtime: str
    quartiles: str
    peak_bytes: float | None
    memory: str
    finished: str


def write_overall(site: Site) -> None:
    """Write ``index.html``."""
    summary, here = site.summary, site.summary.overall
    metric = next(iter(summary.shown), None)
    # the table of the report says the same rules under it
    rules = tables.make(TableKind.leaderboard, summary, IntervalStyle.brackets).notes
    families = sorted({entry.family for entry in here.entries})
    benchmark = summary.rows.provenance.benchmark
    slowest = max((runtime.median for runtime in here.runtimes.of.values()), default=0.0)
    site.renderer.page(
        "overall.html",
        "index.html",
        section="leaderboard",
        site=site,
        metrics=here.main,
        every_metric=[
            (number, other)
            for number, other in enumerate(summary.scores.metrics)
            if any(other.id in entry.qualities for entry in here.entries)
        ],
        chosen=metric,
        suites=summary.scores.suites(),
        rows=[_row(site, entry, metric) for entry in here.entries],
        families=families,
        budgets=[(value, duration(value)) for value in _BUDGETS if value < slowest],
        rules=rules,
        datasets=list(summary.scores.cases["dataset"].unique()),
        cases=len(summary.scores.cases),
        images=int(summary.scores.cases["image"].nunique()),
        seen=notes.SEEN,
        # without its full stop
        description=benchmark.description.strip().rstrip(".") if benchmark else "",
    )


def _row(site: Site, entry: Entry, metric: MetricInfo | None) -> _Row:
    here = site.summary.overall
    runtime = here.runtimes.of.get(entry.variant)
    return _Row(
        entry=entry,
        page=site.method_pages[entry.variant],
        rank=str(entry.rank) if entry.rank else MISSING,
        mean_rank=shown_mean_rank(entry, site.rank_digits),
        whisker=_whisker(entry.mean_rank, len(here.support.compared)),
        main=[shown_quality(entry, m.id, site.digits[m.id]) for m in here.main],
        suites=[
            shown_quality(by_name.get(entry.variant), metric.id, site.digits[metric.id])
            for by_name in site.suite_entries
            if metric is not None
        ],
        seconds=runtime.median if runtime else None,
        runtime=duration(runtime.median) if runtime else MISSING,
        quartiles=(
            f"[{duration(runtime.low_quartile)}, {duration(runtime.high_quartile)}]"
            if runtime and runtime.cases > 1
            else ""
        ),
        peak_bytes=runtime.peak_bytes if runtime else None,
        memory=fixed(runtime.peak_bytes / 1e6, 0) if runtime else MISSING,
        finished=f"{entry.finished}/{here.support.reached}",
    )


def _whisker(rank: Estimate | None, count: int) -> _Whisker | None:
    """Place a mean rank among `count` methods."""
    if rank is None or not rank.has_interval or count < 2:
        return None
    low, middle, high = (
        100 * min(1.0, max(0.0, (value - 1) / (count - 1)))
        for value in (rank.low, rank.mean, rank.high)
    )
    return _Whisker(low, middle, high)
