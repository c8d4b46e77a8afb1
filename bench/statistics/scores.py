"""Scores as tables of cases × methods, one a metric, ready for statistics."""

from __future__ import annotations

import math
import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from inspect import getdoc
from typing import Any

import numpy as np
import pandas as pd

from inpaintbench.errors import BenchError
from inpaintbench.metrics.base import Axis
from inpaintbench.plugins import registry
from inpaintbench.statistics.bootstrap import UNBOUNDED, Codes
from inpaintbench.storage.rows import RunRows
from inpaintbench.suggestion import did_you_mean

DECIBEL_CAP = 100.0
"""What a score in decibels counts at most, so that an exact result has a finite mean.

One value of a 256x256 colour image off by one level is 101 dB: more can't be seen or measured.
"""

MAIN_METRICS = ("psnr", "ssim", "lpips")
"""Names of the metrics of the main tables; among several of a name, that of the shortest label."""


@dataclass(frozen=True)
class MetricInfo:
    """A metric of a run; meanings as in ``rows.METRICS``.

    Parameters
    ----------
    axis : Axis or None
        As in `Metric`: which rank it counts for; None where methods aren't ranked by it.
    bounds : pair of floats
        As in `Metric`: least and largest score.
    meaning : str
        What it measures, in a line; empty for one that isn't installed here.
    """

    id: str
    name: str
    label: str
    unit: str
    higher_is_better: bool
    missing: str
    axis: Axis | None = Axis.fidelity
    bounds: tuple[float, float] = UNBOUNDED
    meaning: str = ""

    @property
    def measures_quality(self) -> bool:
        """Whether a better value means a better method."""
        return self.axis is not None

    @property
    def arrow(self) -> str:
        """The direction to wish for: ``↑`` or ``↓``, or nothing where neither is."""
        if not self.measures_quality:
            return ""
        return "↑" if self.higher_is_better else "↓"


@dataclass(frozen=True, eq=False)
class Scores:
    """What a run scored, arranged for comparison.

    Parameters
    ----------
    cases : DataFrame
        As ``rows.CASES``, indexed by case, with a column `image`: a number for each image.
    variants : DataFrame
        As ``rows.VARIANTS``, indexed by variant.
    status : DataFrame of str
        Cases × variants: ``done``, ``failed``, ``skipped``, or empty where not reached.
    metrics : tuple of MetricInfo
        In the order of the run.
    values : mapping of str to DataFrame
        Metric id → scores, cases × variants. NaN where there is none; decibels at most
        `DECIBEL_CAP`; other infinite scores count as none.
    exact : mapping of str to DataFrame of bool
        Metric id → where a score in decibels was above the cap.
    """

    cases: pd.DataFrame
    variants: pd.DataFrame
    status: pd.DataFrame
    metrics: tuple[MetricInfo, ...]
    values: Mapping[str, pd.DataFrame]
    exact: Mapping[str, pd.DataFrame]

    @property
    def done(self) -> pd.DataFrame:
        """Cases × variants: whether the cell was finished."""
        return self.status == "done"

    def images(self, cases: pd.Index[str]) -> Codes:
        """Return the number of the image of each case: what statistics are clustered by."""
        codes: Codes = self.cases.loc[cases, "image"].to_numpy()
        return codes

    def where(self, dataset: str | None = None, suite: str | None = None) -> Scores:
        """Keep the cases of a dataset, a mask suite, or both."""
        keep = pd.Series(True, index=self.cases.index)
        if dataset is not None:
            keep &= self.cases["dataset"] == dataset
        if suite is not None:
            keep &= self.cases["suite"] == suite
        return self.only(self.cases.index[keep])

    def only(self, cases: pd.Index[str]) -> Scores:
        """Keep some cases."""
        return replace(
            self,
            cases=self.cases.loc[cases],
            status=self.status.loc[cases],
            values={id: table.loc[cases] for id, table in self.values.items()},
            exact={id: table.loc[cases] for id, table in self.exact.items()},
        )

    def groups(self) -> list[tuple[str, str]]:
        """List dataset × suite, in the order of the run."""
        pairs = self.cases[["dataset", "suite"]].drop_duplicates()
        return list(pairs.itertuples(index=False, name=None))

    def suites(self) -> list[str]:
        """List the mask suites, in the order of the run."""
        return list(self.cases["suite"].unique())

    def main_metrics(self, names: Sequence[str] = ()) -> tuple[MetricInfo, ...]:
        """Choose the metrics of main tables and figures.

        Parameters
        ----------
        names : sequence of str
            Ids, labels or names to choose; by default `MAIN_METRICS`, or the first three where
            the run has none of them. Metrics that are missing are chosen too. Where there is
            nothing to compare with, so that none of these has a score, those that have one.

        Raises
        ------
        BenchError
            When the run has no such metric.
        """
        if names:
            return tuple(self._named(name) for name in names)
        chosen: list[MetricInfo] = []
        for name in MAIN_METRICS:
            known = [metric for metric in self.metrics if metric.name == name]
            chosen += sorted(known, key=lambda metric: len(metric.label))[:1]
        usual = tuple(chosen) or self.metrics[:3]
        if self._has_reference or any(metric.id in self.scored for metric in usual):
            return usual
        return tuple(metric for metric in self.metrics if metric.id in self.scored) or usual

    @property
    def _has_reference(self) -> bool:
        """Whether the true content of any hole is known."""
        return any(has_reference(dataset) for dataset in self.cases["dataset"].unique())

    @property
    def scored(self) -> set[str]:
        """The metrics that have a score."""
        return {id for id, table in self.values.items() if table.notna().to_numpy().any()}

    def _named(self, name: str) -> MetricInfo:
        for metric in self.metrics:
            if name.casefold() in (metric.id.casefold(), metric.label.casefold()):
                return metric
        for metric in self.metrics:
            if name.casefold() == metric.name.casefold():
                return metric
        labels = [metric.label for metric in self.metrics]
        near = did_you_mean(name, [*labels, *(metric.name for metric in self.metrics)])
        raise BenchError(f"the run has no metric {name!r}{near} (it has: {', '.join(labels)})")


def read_scores(rows: RunRows) -> Scores:
    """Arrange the rows of a run."""
    cases = rows.cases.set_index("case")
    cases["image"] = cases.groupby(["dataset", "sample"], sort=False).ngroup()
    variants = rows.variants.set_index("variant")
    status = _square(rows.cells, "status", cases.index, variants.index).fillna("").astype(str)
    metrics = tuple(_metric_info(row) for row in rows.metrics.to_dict("records"))
    values, exact = {}, {}
    by_metric = dict(list(rows.scores.groupby("metric", sort=False)))
    for metric in metrics:
        scores = by_metric.get(metric.id, rows.scores.iloc[:0])
        table = _square(scores, "value", cases.index, variants.index).astype(np.float64)
        decibels = metric.unit == "dB"
        exact[metric.id] = (table > DECIBEL_CAP) & decibels
        table = table.clip(upper=DECIBEL_CAP) if decibels else table
        values[metric.id] = table.where(np.isfinite(table) & (status == "done"))
    return Scores(cases, variants, status, metrics, values, exact)


def _square(
    rows: pd.DataFrame, column: str, cases: pd.Index[str], variants: pd.Index[str]
) -> pd.DataFrame:
    """Spread one column of long rows over cases × variants, in the order of the run."""
    wide = rows.pivot(index="case", columns="variant", values=column)
    return wide.reindex(index=cases, columns=variants)


@cache
def has_reference(dataset: str) -> bool:
    """Say whether the true content of the holes is known in a dataset, as specified.

    Of one that isn't installed here, it is taken to be.
    """
    try:
        return registry.datasets().make(dataset).has_reference
    except BenchError:
        return True


def _metric_info(row: Mapping[Hashable, Any]) -> MetricInfo:
    """Describe a metric as the run has it; a meaning is known only of those installed here."""
    plugin = registry.metrics().plugins.get(row["name"])
    return MetricInfo(
        id=row["metric"],
        name=row["name"],
        label=row["label"],
        unit=row["unit"],
        higher_is_better=bool(row["higher_is_better"]),
        missing=row["missing"],
        axis=Axis(row["axis"]) if row["axis"] else None,
        bounds=_bounds(row, plugin.bounds if plugin else UNBOUNDED),
        meaning=(getdoc(plugin) or "").split("\n")[0] if plugin else "",
    )


def _bounds(row: Mapping[Hashable, Any], usual: tuple[float, float]) -> tuple[float, float]:
    """Return the bounds of a metric, the usual ones where an older run doesn't say."""
    least, most = float(row["least"]), float(row["most"])
    return usual if math.isnan(least) or math.isnan(most) else (least, most)


def plain_name(specification: str) -> str:
    """Return a specification without its parameters: ``photos[size=128]`` → ``photos``."""
    return re.split(r"\[", specification, maxsplit=1)[0]
