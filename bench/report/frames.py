"""Statistics in full precision, one tidy frame each: what the CSV tables hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import combinations
from typing import Any

import pandas as pd

from inpaintbench.statistics.rankings import Place
from inpaintbench.statistics.standings import Standing

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
    columns += ["high", "p", "p_holm", "told_apart", "detectable", "images_needed"]
    columns += ["cases", "images"]
    rows = (row for here in standings for row in _pair_rows(here, main))
    return pd.DataFrame(rows, columns=columns)


def _where(here: Standing) -> dict[str, Any]:
    where = {"dataset": here.dataset or EVERYTHING, "suite": here.suite or EVERYTHING}
    return where | ({here.stratum.measure: here.stratum.bin} if here.stratum else {})


def _standing_rows(here: Standing) -> Iterator[dict[str, Any]]:
    for entry in here.entries:
        runtime = here.runtimes.of.get(entry.variant)
        places = {by: entry.places.get(by) for by in here.rankings}
        means = {f"{by}_mean_rank": place and place.mean_rank for by, place in places.items()}
        for metric in here.main:
            quality = entry.qualities.get(metric.id)
            means[metric.id] = quality.estimate if quality else None
        yield {
            **_where(here),
            **{
                f"{by}_{name}": value
                for by, place in places.items()
                for name, value in _place(place).items()
            },
            "variant": entry.variant,
            "method": entry.method,
            "family": entry.family,
            **{
                f"{name}{end}": getattr(estimate, bound) if estimate else None
                for name, estimate in means.items()
                for end, bound in (("", "mean"), ("_low", "low"), ("_high", "high"))
            },
            "seconds": runtime.median if runtime else None,
            "seconds_low_quartile": runtime.low_quartile if runtime else None,
            "seconds_high_quartile": runtime.high_quartile if runtime else None,
            "timed_cases": runtime.cases if runtime else 0,
            "peak_bytes": runtime.peak_bytes if runtime else None,
            "finished": entry.finished,
            "reached": here.support.reached,
            "ranked": entry.ranked,
            "trained_on_here": ",".join(entry.seen),
        }


def _place(place: Place | None) -> dict[str, Any]:
    if place is None:
        return {"rank": None, "rank_last": None, "group": ""}
    return {"rank": place.rank.rank, "rank_last": place.rank.last, "group": place.group}


_NO_MEAN = {"mean": None, "low": None, "high": None, "cases": 0, "images": 0}


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
                **(asdict(quality.estimate) if quality else _NO_MEAN),
                "ranked": entry.ranked,
                "best": bool(quality and quality.best),
                "second": bool(quality and quality.second),
                "tied_with_best": bool(quality and quality.tied),
                "finished": entry.finished,
                "reached": here.support.reached,
                "missing": metric.missing,
            }


def _pair_rows(here: Standing, main: bool) -> Iterator[dict[str, Any]]:
    chosen = {metric.id: metric.label for metric in (here.main if main else here.metrics)}
    ranks = {f"mean-rank[{by}]": ranking.comparison for by, ranking in here.rankings.items()}
    chosen |= {id: id for id in ranks}
    for id, comparison in (ranks | dict(here.comparisons)).items():
        if id not in chosen:
            continue
        pairs = comparison.pairs
        for first, second in combinations(comparison.order, 2):
            yield {
                **_where(here),
                "metric": id,
                "label": chosen[id],
                "variant": comparison.variants[first],
                "other": comparison.variants[second],
                "difference": pairs.difference[first, second],
                "low": pairs.low[first, second],
                "high": pairs.high[first, second],
                "p": pairs.p[first, second],
                "p_holm": pairs.p_holm[first, second],
                "told_apart": bool(pairs.apart[first, second]),
                "detectable": comparison.power.detectable[first, second],
                "images_needed": comparison.power.images[first, second],
                "cases": len(comparison.values),
                "images": comparison.image_count,
            }
