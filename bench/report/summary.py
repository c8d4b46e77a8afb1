"""A run with its statistics, shared by every table and figure made from it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from inpaintbench.report.ensembles import Ensemble, read_ensemble
from inpaintbench.report.selection import select
from inpaintbench.statistics.axes import RankBy
from inpaintbench.statistics.draws import Draws, read_draws
from inpaintbench.statistics.scores import MetricInfo, Scores, read_scores
from inpaintbench.statistics.standings import Standing, standing
from inpaintbench.statistics.strata import strata
from inpaintbench.storage.rows import RunRows, main_metrics


@dataclass(frozen=True, eq=False)
class Summary:
    """A run with its statistics, each worked out when first asked for.

    Parameters
    ----------
    rows : RunRows
        The run.
    metrics : tuple of str
        Main metrics by id, label or name; empty takes those that the run was asked for by name,
        or else PSNR, SSIM and LPIPS.
    rank_by : RankBy
        Which rank orders the methods.
    every_draw : bool
        Whether the draws of a method compete with each other; otherwise the first stands for all.
    """

    rows: RunRows
    metrics: tuple[str, ...] = ()
    rank_by: RankBy = RankBy.perception
    every_draw: bool = False

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
    def ensembles(self) -> list[Ensemble | None]:
        """What the pictures of each of them tell; None where they aren't here."""
        return [read_ensemble(self.rows, self.scores, draws) for draws in self.draws]

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
        rows, scores = self._competing
        metrics = self.metrics or main_metrics(rows)
        return standing(rows, metrics=metrics, rank_by=self.rank_by, scores=scores, **where)

    @cached_property
    def _competing(self) -> tuple[RunRows, Scores]:
        """The methods that are compared, with their scores."""
        later = (
            {v for one in self.draws for v in one.variants[1:]} if not self.every_draw else set()
        )
        if not later:
            return self.rows, self.scores
        rows = select(self.rows, [v for v in self.rows.variants["variant"] if v not in later])
        return rows, read_scores(rows)

    @property
    def about_draws(self) -> tuple[str, ...]:
        """Say which methods are compared by their first draw alone; nothing where none is."""
        if self.every_draw or not self.draws:
            return ()
        named = ", ".join(f"{one.method} ({len(one.variants)})" for one in self.draws)
        return (f"Of a method with several draws, the first is compared with the others: {named}.",)
