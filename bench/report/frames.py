"""Statistics in full precision, one tidy frame each: what the CSV tables hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Any

import pandas as pd

from inpaintbench.statistics.standings import Estimate, Standing

EVERYTHING = "all"
"""What stands for every dataset or every mask suite."""


def standing_frame(standings: Iterable[Standing]) -> pd.DataFrame:
    """One row for each standing × method: rank, main metrics, runtime, memory, cells."""
    return pd.DataFrame(row for here in standings for row in _standing_rows(here))


def quality_frame(standings: Iterable[Standing]) -> pd.DataFrame:
    """One row for each standing × method × metric, every metric of the run."""
    return pd.DataFrame(row for here in standings for row in _quality_rows(here))


def suite_frame(standings: Iterable[Standing]) -> pd.DataFrame:
    """Like `quality_frame`, with the main metrics only."""
    frame = quality_frame(here := list(standings))
    main = {metric.id for standing in here for metric in standing.main}
    return frame[frame["metric"].isin(main)].reset_index(drop=True)


def pair_frame(standings: Iterable[Standing], *, main: bool = False) -> pd.DataFrame:
    """One row for each standing × metric × pair of methods: every metric, or the main ones."""
    columns = ["dataset", "suite", "metric", "label", "variant", "other", "difference", "low"]
    columns += ["high", "p", "p_holm", "told_apart", "cases", "images"]
    rows = (row for here in standings for row in _pair_rows(here, main))
    return pd.DataFrame(rows, columns=columns)


def _where(here: Standing) -> dict[str, Any]:
    where = {"dataset": here.dataset or EVERYTHING, "suite": here.suite or EVERYTHING}
    return where | ({here.stratum.measure: here.stratum.bin} if here.stratum else {})


def _standing_rows(here: Standing) -> Iterator[dict[str, Any]]:
    for entry in here.entries:
        row = {
            **_where(here),
            "rank": entry.rank.rank if entry.rank else None,
            "rank_last": entry.rank.last if entry.rank else None,
            "group": entry.group,
            "variant": entry.variant,
            "method": entry.method,
            "family": entry.family,
            **_estimate("mean_rank", entry.mean_rank),
        }
        for metric in here.main:
            quality = entry.qualities.get(metric.id)
            row |= _estimate(metric.id, quality.estimate if quality else None)
        runtime = here.runtimes.of.get(entry.variant)
        row |= {
            "seconds": runtime.median if runtime else None,
            "seconds_low_quartile": runtime.low_quartile if runtime else None,
            "seconds_high_quartile": runtime.high_quartile if runtime else None,
            "timed_cases": runtime.cases if runtime else 0,
            "peak_bytes": runtime.peak_bytes if runtime else None,
            "finished": entry.finished,
            "reached": here.support.reached,
            "ranked": entry.rank is not None,
            "trained_on_here": ",".join(entry.seen),
        }
        yield row


def _estimate(name: str, estimate: Estimate | None) -> dict[str, float | None]:
    return {
        name: estimate.mean if estimate else None,
        f"{name}_low": estimate.low if estimate else None,
        f"{name}_high": estimate.high if estimate else None,
    }


def _quality_rows(here: Standing) -> Iterator[dict[str, Any]]:
    for entry in here.entries:
        for metric in here.metrics:
            quality = entry.qualities.get(metric.id)
            yield {
                **_where(here),
                "variant": entry.variant,
                "metric": metric.id,
                "label": metric.label,
                "unit": metric.unit,
                "higher_is_better": metric.higher_is_better,
                **_mean(quality.estimate if quality else None),
                "ranked": entry.rank is not None,
                "best": bool(quality and quality.best),
                "second": bool(quality and quality.second),
                "tied_with_best": bool(quality and quality.tied),
                "finished": entry.finished,
                "reached": here.support.reached,
                "missing": metric.missing,
            }


def _mean(estimate: Estimate | None) -> dict[str, float | int | None]:
    return {
        "mean": estimate.mean if estimate else None,
        "low": estimate.low if estimate else None,
        "high": estimate.high if estimate else None,
        "cases": estimate.cases if estimate else 0,
        "images": estimate.images if estimate else 0,
    }


def _pair_rows(here: Standing, main: bool) -> Iterator[dict[str, Any]]:
    chosen = {metric.id for metric in (here.main if main else here.metrics)}
    for id, comparison in here.comparisons.items():
        if id not in chosen:
            continue
        pairs = comparison.pairs
        label = next(metric.label for metric in here.metrics if metric.id == id)
        for first, second in combinations(comparison.order, 2):
            yield {
                **_where(here),
                "metric": id,
                "label": label,
                "variant": comparison.variants[first],
                "other": comparison.variants[second],
                "difference": pairs.difference[first, second],
                "low": pairs.low[first, second],
                "high": pairs.high[first, second],
                "p": pairs.p[first, second],
                "p_holm": pairs.p_holm[first, second],
                "told_apart": bool(pairs.apart[first, second]),
                "cases": len(comparison.values),
                "images": comparison.image_count,
            }
