"""How the numbers of a table are written: the same digits all the way down a block of a column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite
from typing import Self

from inpaintbench.report import notes
from inpaintbench.report.kinds import IntervalStyle
from inpaintbench.report.numbers import MISSING, case_decimals, decimals, fixed, significant
from inpaintbench.report.table import Cell
from inpaintbench.statistics.bootstrap import mean_intervals
from inpaintbench.statistics.comparison import Comparison
from inpaintbench.statistics.rankings import Place
from inpaintbench.statistics.scores import MetricInfo
from inpaintbench.statistics.standings import Entry, Standing


@dataclass(frozen=True)
class Form:
    """The digits of each column, chosen for each standing apart, and how intervals are shown.

    Parameters
    ----------
    digits : mapping of Entry to mapping of str to int
        Each entry of the standings → metric id → decimals.
    rank_digits : int
        Decimals of mean ranks.
    intervals : IntervalStyle
        How intervals are shown.
    """

    digits: Mapping[Entry, Mapping[str, int]]
    rank_digits: int
    intervals: IntervalStyle

    @classmethod
    def of(
        cls,
        standings: Sequence[Standing],
        metrics: Iterable[MetricInfo],
        intervals: IntervalStyle = IntervalStyle.brackets,
        unitless: int = 2,
    ) -> Self:
        """Choose the digits by differences of methods, or by means where none is known.

        Metrics without a unit, which lie between 0 and 1, get `unitless` at least, and so many
        that the smallest mean doesn't read 0.
        """
        metrics = tuple(metrics)
        digits: dict[Entry, dict[str, int]] = {}
        for here in standings:
            chosen = {metric.id: _decimals(here, metric, unitless) for metric in metrics}
            digits |= dict.fromkeys(here.entries, chosen)
        widths = _half_widths(
            ranking.comparison for here in standings for ranking in here.rankings.values()
        )
        return cls(digits, decimals(widths, otherwise=2, least=1, most=2), intervals)

    def quality(self, entry: Entry, metric: str, *, own: bool = True) -> Cell:
        """Write a mean; with `own`, mark it where the method isn't ranked."""
        quality = entry.qualities.get(metric)
        if quality is None:
            return Cell(MISSING)
        aside = notes.SET_ASIDE if own and entry.set_aside else ""
        mean, digits = quality.estimate, self.digits[entry][metric]
        return Cell(
            fixed(mean.mean, digits),
            interval(mean.low, mean.high, digits, self.intervals),
            mark=(notes.TIED if quality.tied else "") + aside,
            best=quality.best,
            second=quality.second,
        )

    def mean_rank(self, place: Place | None) -> Cell:
        """Write a mean rank."""
        if place is None:
            return Cell(MISSING)
        rank = place.mean_rank
        shown = interval(rank.low, rank.high, self.rank_digits, self.intervals)
        return Cell(fixed(rank.mean, self.rank_digits), shown)

    def runtime(self, here: Standing, entry: Entry, *, quartiles: bool = True) -> Cell:
        """Write a median runtime, with its quartiles where there are several cases."""
        runtime = here.runtimes.of.get(entry.variant)
        if runtime is None:
            return Cell(MISSING)
        spread = f"[{significant(runtime.low_quartile)}, {significant(runtime.high_quartile)}]"
        shown = quartiles and runtime.cases > 1 and self.intervals is not IntervalStyle.none
        return Cell(
            significant(runtime.median),
            spread if shown else "",
            mark="" if runtime.common or entry.set_aside else notes.SET_ASIDE,
        )


def _decimals(here: Standing, metric: MetricInfo, unitless: int) -> int:
    """Choose the decimals of a metric in a standing."""
    found = [e.qualities[metric.id].estimate for e in here.entries if metric.id in e.qualities]
    comparison = here.comparisons.get(metric.id)
    widths = _half_widths([comparison] if comparison else [])
    return decimals(
        widths or [(estimate.high - estimate.low) / 2 for estimate in found],
        otherwise=case_decimals(metric.unit),
        least=unitless if not metric.unit else 1 if metric.unit == "dB" else 2,
        means=[estimate.mean for estimate in found],
    )


def interval(low: float, high: float, digits: int, style: IntervalStyle) -> str:
    """Write an interval; nothing where none is possible."""
    if not isfinite(low) or style is IntervalStyle.none:
        return ""
    if style is IntervalStyle.plus_minus:
        return f"± {fixed((high - low) / 2, digits)}"
    return f"[{fixed(low, digits)}, {fixed(high, digits)}]"


def _half_widths(comparisons: Iterable[Comparison]) -> list[float]:
    """List half the widths of the intervals between neighbouring methods, best to worst.

    Those of paired differences: images vary more than methods do, so a mean's own interval would
    hide differences that are certain. Neighbours are what the digits must tell apart.
    """
    return [width for comparison in comparisons for width in _of_neighbours(comparison)]


@lru_cache(maxsize=1024)
def _of_neighbours(comparison: Comparison) -> tuple[float, ...]:
    if len(comparison.variants) < 2:
        return ()
    ordered = comparison.values[:, comparison.order]
    found = mean_intervals(ordered[:, :-1] - ordered[:, 1:], comparison.images)
    return tuple(((found.high - found.low) / 2).tolist())
