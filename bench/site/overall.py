"""The front page: the overall table, which the browser sorts and filters."""

from __future__ import annotations

from inpaintbench.report import notes, tables
from inpaintbench.report.kinds import TableKind
from inpaintbench.site.site import Site
from inpaintbench.statistics.comparison import Estimate
from inpaintbench.statistics.scores import MetricInfo
from inpaintbench.statistics.standings import Standing

_BUDGETS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 60.0)
"""Runtimes in seconds that methods can be held to."""


def write_overall(site: Site) -> None:
    """Write ``index.html``."""
    summary, here = site.summary, site.summary.overall
    benchmark = summary.rows.provenance.benchmark
    slowest = max((runtime.median for runtime in here.runtimes.of.values()), default=0.0)
    count = len(here.support.compared)
    site.page(
        "overall.html",
        "index.html",
        section="leaderboard",
        here=here,
        every_metric=[
            (number, other)
            for number, other in enumerate(summary.scores.metrics)
            if any(other.id in entry.qualities for entry in here.entries)
        ],
        chosen=site.metric,
        suites=[
            (str(suite.suite), {entry.variant: entry for entry in suite.entries})
            for suite in summary.suites
        ],
        ranks=[(by, ranking.metrics) for by, ranking in here.rankings.items()],
        others=_unranked(here),
        whiskers=lambda place: _whisker(place and place.mean_rank, count),
        families=sorted({entry.family for entry in here.entries}),
        budgets=[value for value in _BUDGETS if value < slowest],
        # the table of the report says the same rules under it
        rules=tables.make(TableKind.leaderboard, summary).notes,
        datasets=summary.scores.cases["dataset"].nunique(),
        images=summary.scores.cases["image"].nunique(),
        seen=notes.SEEN,
        # without its full stop
        description=benchmark.description.strip().rstrip(".") if benchmark else "",
    )


def _unranked(here: Standing) -> list[MetricInfo]:
    """List the main metrics that no rank is made from."""
    ranked = [metric for ranking in here.rankings.values() for metric in ranking.metrics]
    return [metric for metric in here.main if metric not in ranked]


def _whisker(rank: Estimate | None, count: int) -> list[float]:
    """Place low end, mean and high end of a rank on a scale of `count` methods, in percent."""
    if rank is None or not rank.has_interval or count < 2:
        return []
    return [
        round(100 * min(1.0, max(0.0, (value - 1) / (count - 1))), 1)
        for value in (rank.low, rank.mean, rank.high)
    ]
