"""The front page: the overall table, which the browser sorts and filters."""

from __future__ import annotations

from dataclasses import dataclass, field

from inpaintbench.report import notes, tables
from inpaintbench.report.kinds import IntervalStyle, TableKind
from inpaintbench.report.numbers import MISSING, fixed, significant
from inpaintbench.site.estimates import Shown, interval_text, shown_quality
from inpaintbench.site.site import Site
from inpaintbench.statistics.scores import MetricInfo
from inpaintbench.statistics.standings import Entry

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
    missing: list[str] = field(default_factory=list)


def write_overall(site: Site) -> None:
    """Write ``index.html``."""
    summary, here = site.summary, site.summary.overall
    metric = next(iter(summary.shown), None)
    # the table of the report says the same rules under it
    rules = tables.make(TableKind.leaderboard, summary, IntervalStyle.brackets).notes
    families = sorted({entry.family for entry in here.entries})
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
        budgets=[(value, significant(value, 1)) for value in _BUDGETS if value < slowest],
        rules=rules,
        datasets=list(summary.scores.cases["dataset"].unique()),
        cases=len(summary.scores.cases),
        images=int(summary.scores.cases["image"].nunique()),
        seen=notes.SEEN,
    )


def _row(site: Site, entry: Entry, metric: MetricInfo | None) -> _Row:
    here = site.summary.overall
    runtime = here.runtimes.of.get(entry.variant)
    mean_rank = Shown()
    whisker = None
    if entry.mean_rank:
        digits = site.rank_digits
        mean_rank = Shown(
            fixed(entry.mean_rank.mean, digits),
            interval_text(entry.mean_rank, digits),
            value=entry.mean_rank.mean,
        )
        count = len(here.support.compared)
        if entry.mean_rank.has_interval and count > 1:
            low, middle, high = (
                100 * min(1.0, max(0.0, (rank - 1) / (count - 1)))
                for rank in (entry.mean_rank.low, entry.mean_rank.mean, entry.mean_rank.high)
            )
            whisker = _Whisker(low, middle, high)
    return _Row(
        entry=entry,
        page=site.method_pages[entry.variant],
        rank=str(entry.rank) if entry.rank else MISSING,
        mean_rank=mean_rank,
        whisker=whisker,
        main=[shown_quality(entry, m.id, site.digits[m.id]) for m in here.main],
        suites=[
            shown_quality(by_name.get(entry.variant), metric.id, site.digits[metric.id])
            for by_name in site.suite_entries
            if metric is not None
        ],
        seconds=runtime.median if runtime else None,
        runtime=significant(runtime.median) if runtime else MISSING,
        quartiles=(
            f"[{significant(runtime.low_quartile)}, {significant(runtime.high_quartile)}]"
            if runtime and runtime.cases > 1
            else ""
        ),
        peak_bytes=runtime.peak_bytes if runtime else None,
        memory=fixed(runtime.peak_bytes / 1e6, 0) if runtime else MISSING,
        finished=f"{entry.finished}/{here.support.reached}",
    )
