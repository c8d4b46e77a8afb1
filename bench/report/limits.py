"""What comparisons could have found: the sentences of a table about too few images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import isfinite, isnan
from statistics import median

from inpaintbench.report.notes import axis_words, listed
from inpaintbench.report.numbers import percent, significant
from inpaintbench.statistics.bootstrap import Floats
from inpaintbench.statistics.comparison import Comparison
from inpaintbench.statistics.power import POWER, fewest_images
from inpaintbench.statistics.standings import Standing

_MOST_PAIRS = 3
"""Pairs that a note names."""


def too_few_images(standings: Sequence[Standing]) -> Iterator[str]:
    """Say where no two methods can be told apart, whatever their scores."""
    rankings = [here.ranking.comparison for here in standings if here.ranking]
    blind = [len(comparison.variants) for comparison in rankings if comparison.cannot_tell_any]
    if blind:
        where = f" in {len(blind)} of {len(standings)} groups" if len(standings) > 1 else ""
        yield (
            f"Too few images to tell any two methods apart{where}, whatever their scores: "
            f"{max(blind)} methods take {fewest_images(max(blind))} images."
        )


def detectable(standings: Sequence[Standing]) -> Iterator[str]:
    """Say which differences would be found; of one standing by metric, of several by mean rank."""
    if len(standings) == 1:
        here = standings[0]
        smallest = {m: _smallest(here.comparisons.get(m.id)) for m in here.main if m.axis}
        found = [
            f"{metric.label} {significant(value)}{f' {metric.unit}' if metric.unit else ''}"
            for metric, value in smallest.items()
            if isfinite(value)
        ]
    else:
        ranked = [_smallest(here.ranking.comparison) for here in standings if here.ranking]
        known = [significant(value) for value in sorted(filter(isfinite, ranked))]
        ends = " to ".join(dict.fromkeys((known[0], known[-1]))) if known else ""
        found = [f"{ends} in the mean rank that orders methods"] if ends else []
    if found:
        yield (
            f"Between neighbours, true differences of {listed(found)} are found with "
            f"{percent(POWER)} power on these images (median of the pairs)."
        )


def images_needed(here: Standing) -> Iterator[str]:
    """Say how many images would tell tied neighbours apart."""
    if here.ranking is None or here.rank_by is None:
        return
    comparison = here.ranking.comparison
    takes = [
        f"{comparison.variants[one]} and {comparison.variants[other]} "
        + (f"{images:.0f}" if isfinite(images) else "never, being equal")
        for one, other in pairwise(comparison.order)
        if not comparison.pairs.apart[one, other]
        and not isnan(images := float(comparison.power.images[one, other]))
    ]
    if takes:
        more = len(takes) - _MOST_PAIRS
        yield (
            f"Images that would tell tied neighbours apart by {axis_words(here.rank_by)}, if they "
            f"differ as observed: {'; '.join(takes[:_MOST_PAIRS])}"
            + (f"; and {more} more pairs (inpaintbench table pairs)." if more > 0 else ".")
        )


def _smallest(comparison: Comparison | None) -> float:
    """Return the median over neighbours of the difference that is found; NaN without any."""
    if comparison is None or len(comparison.variants) < 2:
        return float("nan")
    return median(_of_neighbours(comparison, comparison.power.detectable))


def _of_neighbours(comparison: Comparison, pairs: Floats) -> list[float]:
    """List a value of pairs for the neighbours, best to worst."""
    return [float(pairs[pair]) for pair in pairwise(comparison.order)]
