"""The list of all cases, and a page for each: original, masked, every method's result."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inpaintbench.report.numbers import case_decimals, fixed
from inpaintbench.site.pictures import ResultPictures
from inpaintbench.site.reproduction import replay_command
from inpaintbench.site.site import Site
from inpaintbench.statistics.scores import MetricInfo
from inpaintbench.statistics.standings import Entry


@dataclass(frozen=True)
class _Result:
    """What a method made of the case; each score with whether it is the best."""

    entry: Entry
    reason: str
    missing: str
    scores: list[tuple[str, bool]]
    pictures: ResultPictures[str] | None


def write_case_list(site: Site) -> None:
    """Write ``cases.html``."""
    scores, compared = site.summary.scores, list(site.summary.overall.support.compared)
    means = np.full(len(site.cases), np.nan)
    if site.metric is not None and compared:
        # a mean over other methods than the next case's would not say which case is harder
        means = scores.values[site.metric.id][compared].to_numpy().mean(axis=1)
    site.page(
        "case_list.html",
        "cases.html",
        section="cases",
        metric=site.metric,
        codes=list(zip(*(facet.codes for facet in site.facets), strict=True)),
        means=means.tolist(),
        finished=scores.done.sum(axis=1).tolist(),
        methods=len(scores.variants),
    )


def write_case_pages(site: Site) -> None:
    """Write the pages of all cases, each linked with its neighbours in the order of the run."""
    summary, missing = site.summary, site.pictures.missing
    metrics, entries = summary.shown, summary.overall.entries
    order = [entry.variant for entry in entries]
    values = [summary.scores.values[metric.id][order].to_numpy() for metric in metrics]
    reasons = _reasons(site)
    pages = ["", *site.case_pages.values(), ""]
    for number, (case, row) in enumerate(site.cases.items()):
        scores = [_scores(m, table[number]) for m, table in zip(metrics, values, strict=True)]
        site.page(
            "case.html",
            pages[number + 1],
            section="cases",
            case=case,
            row=row,
            metrics=metrics,
            results=[
                _Result(
                    entry=entry,
                    reason=reasons.get((case, entry.variant), "not reached"),
                    missing=missing.get((case, entry.variant), ""),
                    scores=[of_metric[column] for of_metric in scores],
                    pictures=site.pictures.result(case, entry.variant),
                )
                for column, entry in enumerate(entries)
            ],
            pictures=site.pictures.of.get(case),
            missing=missing.get((case, ""), ""),
            before=pages[number],
            after=pages[number + 2],
            number=number + 1,
            replay=replay_command(summary.rows, site.runs[0], case, order[0])
            if len(site.runs) == 1 and order
            else "",
        )


def _scores(metric: MetricInfo, values: Sequence[float]) -> list[tuple[str, bool]]:
    """Write every method's score, and say which are the best of several."""
    known = [value for value in values if math.isfinite(value)]
    best = (max if metric.higher_is_better else min)(known) if len(known) > 1 else np.nan
    digits = case_decimals(metric.unit)
    return [(fixed(value, digits), value == best) for value in values]


def _reasons(site: Site) -> dict[tuple[str, str], str]:
    """Say of each cell reached why it isn't finished: its kind, and the reason if there is one."""
    cells = site.summary.rows.cells[["case", "variant"]].itertuples(index=False, name=None)
    return dict.fromkeys(cells, "") | {
        (case, one.variant): ": ".join(filter(None, (one.kind, one.reason)))
        for one in site.unfinished
        for case in one.cases
    }
