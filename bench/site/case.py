"""The page of a case: original, masked, and every method's result."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from inpaintbench.report.numbers import MISSING, fixed
from inpaintbench.site.pictures import CasePictures, ResultPictures
from inpaintbench.site.reproduction import replay_command
from inpaintbench.site.site import Site
from inpaintbench.statistics.scores import MetricInfo


@dataclass(frozen=True)
class _Score:
    text: str
    best: bool


@dataclass(frozen=True)
class _Result:
    """What a method made of the case."""

    variant: str
    page: str
    family: str
    reason: str
    missing: str
    scores: list[_Score]
    pictures: ResultPictures | None


class CasePages:
    """Writes the pages of cases, one after the other in the order of the run."""

    def __init__(self, site: Site) -> None:
        self._site = site
        scores = site.summary.scores
        self._order = [entry.variant for entry in site.summary.overall.entries]
        self._families = {e.variant: e.family for e in site.summary.overall.entries}
        self._metrics = list(site.summary.shown)
        self._cases = [str(case) for case in scores.cases.index]
        self._values = {
            metric.id: scores.values[metric.id][self._order].to_numpy() for metric in self._metrics
        }
        self._done = scores.done[self._order].to_numpy()
        self._reasons = _reasons(site.summary.rows.cells)

    def write(self, number: int) -> None:
        """Write the page of the case with this number."""
        site, case = self._site, self._cases[number]
        row = site.summary.scores.cases.loc[case].to_dict()
        pictures: CasePictures | None = site.pictures.of.get(case)
        site.renderer.page(
            "case.html",
            site.case_pages[case],
            section="cases",
            site=site,
            case=case,
            row=row,
            coverage=f"{100 * row['coverage']:.1f} %",
            thickness=f"{row['thickness']:.1f} px",
            metrics=self._metrics,
            results=self._results(number, case),
            pictures=pictures,
            missing=site.pictures.missing.get((case, ""), ""),
            brightest=fixed(pictures.brightest, 0) if pictures else "",
            before=self._page(number - 1),
            after=self._page(number + 1),
            number=number + 1,
            count=len(self._cases),
            replay=replay_command(site.runs[0], case, self._order[0])
            if len(site.runs) == 1 and self._order
            else "",
        )

    def _page(self, number: int) -> str:
        inside = 0 <= number < len(self._cases)
        return self._site.case_pages[self._cases[number]] if inside else ""

    def _results(self, number: int, case: str) -> list[_Result]:
        best = {m.id: _best(self._values[m.id][number], m) for m in self._metrics}
        found = []
        for column, variant in enumerate(self._order):
            done = bool(self._done[number, column])
            found.append(
                _Result(
                    variant=variant,
                    page=self._site.method_pages[variant],
                    family=self._families[variant],
                    reason="" if done else self._reasons.get((case, variant), "not reached"),
                    missing=self._site.pictures.missing.get((case, variant), ""),
                    scores=[
                        self._score(m, float(self._values[m.id][number, column]), best[m.id])
                        for m in self._metrics
                    ],
                    pictures=self._site.pictures.result(case, variant),
                )
            )
        return found

    def _score(self, metric: MetricInfo, value: float, best: float) -> _Score:
        if not math.isfinite(value):
            return _Score(MISSING, False)
        return _Score(fixed(value, 2 if metric.unit == "dB" else 4), value == best)


def _best(values: np.ndarray[tuple[int], np.dtype[np.float64]], metric: MetricInfo) -> float:
    known = values[np.isfinite(values)]
    if len(known) < 2:
        return math.nan
    return float(known.max() if metric.higher_is_better else known.min())


def _reasons(cells: pd.DataFrame) -> dict[tuple[str, str], str]:
    """Say of each unfinished cell why: its kind, and the message where there is one."""
    unfinished = cells[cells["status"] != "done"]
    reasons = {}
    for row in unfinished.to_dict("records"):
        kind = row["failure"] or row["status"]
        message = f": {row['message']}" if row["message"] else ""
        reasons[str(row["case"]), str(row["variant"])] = f"{kind}{message}"
    return reasons
