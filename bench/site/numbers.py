"""How many decimals the numbers of each metric get, the same on every page and in the browser."""

from __future__ import annotations

from collections.abc import Iterable

from inpaintbench.report.numbers import decimals, significant
from inpaintbench.report.summary import Summary
from inpaintbench.statistics.bootstrap import mean_intervals
from inpaintbench.statistics.standings import Comparison


def metric_decimals(summary: Summary) -> dict[str, int]:
    """Choose the decimals of each metric from the intervals between neighbouring methods."""
    here = summary.overall
    return {
        metric.id: decimals(
            _half_widths(here.comparisons.get(metric.id)),
            otherwise=2 if metric.unit else 4,
            least=1 if metric.unit else 3,
        )
        for metric in here.metrics
    }


def duration(seconds: float) -> str:
    """Write a runtime with two significant digits: ``16 ms``, ``2.4 s``."""
    if seconds < 0.9995:
        return f"{significant(seconds * 1000)} ms"
    return f"{significant(seconds)} s"


def rank_decimals(summary: Summary) -> int:
    """Choose the decimals of mean ranks."""
    return decimals(_half_widths(summary.overall.ranking), otherwise=2, least=1, most=2)


def _half_widths(comparison: Comparison | None) -> Iterable[float]:
    """List half the widths of the intervals between neighbours: what must be told apart."""
    if comparison is None or len(comparison.variants) < 2:
        return []
    ordered = comparison.values[:, comparison.order]
    found = mean_intervals(ordered[:, :-1] - ordered[:, 1:], comparison.images)
    widths: list[float] = ((found.high - found.low) / 2).tolist()
    return widths
