"""How many decimals the numbers of each metric get, the same on every page and in the browser."""

from __future__ import annotations

from inpaintbench.report.digits import half_widths
from inpaintbench.report.numbers import decimals, significant
from inpaintbench.report.summary import Summary
from inpaintbench.statistics.standings import Comparison


def metric_decimals(summary: Summary) -> dict[str, int]:
    """Choose the decimals of each metric from the intervals between neighbouring methods."""
    here = summary.overall
    return {
        metric.id: decimals(
            half_widths(_known(here.comparisons.get(metric.id))),
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
    return decimals(half_widths(_known(summary.overall.ranking)), otherwise=2, least=1, most=2)


def _known(comparison: Comparison | None) -> tuple[Comparison, ...]:
    return () if comparison is None else (comparison,)
