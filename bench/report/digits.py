"""How uncertain the differences in a column are: what its digits are chosen by."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from inpaintbench.statistics.bootstrap import mean_intervals
from inpaintbench.statistics.standings import Comparison


def half_widths(comparisons: Iterable[Comparison]) -> list[float]:
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
