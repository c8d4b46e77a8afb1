"""A run with its statistics, shared by every table and figure made from it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np

from inpaintbench.errors import BenchError
from inpaintbench.metrics.base import MetricUnavailable, Result
from inpaintbench.metrics.lpips import LPIPS
from inpaintbench.report.pictures import CheckedPictures, composite
from inpaintbench.statistics.draws import Draws, read_draws
from inpaintbench.statistics.scores import MetricInfo, Scores, read_scores
from inpaintbench.statistics.standings import Standing, standing
from inpaintbench.statistics.strata import strata
from inpaintbench.storage.rows import RunRows
from inpaintbench.storage.runs import RunPictures
from inpaintbench.storage.store import Store


@dataclass(frozen=True, eq=False)
class Summary:
    """A run with its statistics, each worked out when first asked for.

    Parameters
    ----------
    rows : RunRows
        The run.
    metrics : tuple of str
        Main metrics by id, label or name; empty takes PSNR, SSIM and LPIPS.
    """

    rows: RunRows
    metrics: tuple[str, ...] = ()

    @cached_property
    def scores(self) -> Scores:
        """Scores by metric."""
        return read_scores(self.rows)

    @cached_property
    def overall(self) -> Standing:
        """Where methods stand over every case."""
        return self._standing()

    @cached_property
    def suites(self) -> list[Standing]:
        """Where methods stand over the cases of each mask suite."""
        return [self._standing(suite=suite) for suite in self.scores.suites()]

    @cached_property
    def groups(self) -> list[Standing]:
        """Where methods stand over the cases of each dataset × mask suite."""
        return [
            self._standing(dataset=dataset, suite=suite) for dataset, suite in self.scores.groups()
        ]

    @cached_property
    def draws(self) -> list[Draws]:
        """The methods that were run with several draws for each case."""
        return read_draws(self.scores)

    @cached_property
    def diversities(self) -> list[float]:
        """How far the draws of each of them differ; NaN where the run's pictures aren't here."""
        return [_diversity(self.rows, draws) for draws in self.draws]

    @cached_property
    def coverages(self) -> list[Standing]:
        """Where methods stand over the cases in each bin of coverage."""
        return [self._standing(stratum=bin) for bin in strata(self.scores.cases, "coverage")]

    @cached_property
    def thicknesses(self) -> list[Standing]:
        """Where methods stand over the cases in each bin of thickness."""
        return [self._standing(stratum=bin) for bin in strata(self.scores.cases, "thickness")]

    @property
    def shown(self) -> tuple[MetricInfo, ...]:
        """The main metrics that have a score."""
        return tuple(
            metric
            for metric in self.overall.main
            if any(metric.id in entry.qualities for entry in self.overall.entries)
        )

    @property
    def first_quality(self) -> MetricInfo | None:
        """The first of the main metrics that has a score and that methods are ranked by."""
        return next((metric for metric in self.shown if metric.measures_quality), None)

    def _standing(self, **where: Any) -> Standing:
        return standing(self.rows, metrics=self.metrics, scores=self.scores, **where)


def _diversity(rows: RunRows, draws: Draws) -> float:
    """Average LPIPS between the composites of all pairs of draws; NaN without their pictures."""
    metric, distances = LPIPS(), []
    try:
        metric.setup()
        with Store.read(rows.directory) as store:
            pictures = CheckedPictures(RunPictures(store), rows.cases)
            for case in draws.cases:
                truth, hole = pictures.reference(case), pictures.mask(case)
                composites = [
                    composite(pictures.output(case, variant), truth, hole)
                    for variant in draws.variants
                ]
                scores = [metric.bind(composite) for composite in composites[:-1]]
                distances += [
                    scores[i](Result(composites[j], hole, composites[i]))
                    for i, j in combinations(range(len(composites)), 2)
                ]
    except (BenchError, MetricUnavailable, KeyError):  # of several runs, it may be another's
        return math.nan
    return float(np.mean(distances)) if distances else math.nan
