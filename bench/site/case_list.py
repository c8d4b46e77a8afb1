"""The list of all cases."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inpaintbench.report.numbers import MISSING, fixed
from inpaintbench.site.site import Site


@dataclass(frozen=True)
class _Line:
    case: str
    page: str
    dataset: str
    sample: str
    suite: str
    kind: str
    coverage: float
    thickness: float
    codes: str
    mean: str
    value: float | None
    finished: int
    thumbnail: str
    width: int
    height: int


def write_case_list(site: Site) -> None:
    """Write ``cases.html``."""
    summary = site.summary
    metric = next(iter(summary.shown), None)
    cases = summary.scores.cases
    compared = list(summary.overall.support.compared)
    means = np.full(len(cases), np.nan)
    if metric is not None and compared:
        # a mean over other methods than the next case's would not say which case is harder
        means = summary.scores.values[metric.id][compared].to_numpy().mean(axis=1)
    finished = summary.scores.done.sum(axis=1).to_numpy()
    lines = []
    for number, row in enumerate(cases.reset_index().to_dict("records")):
        case = str(row["case"])
        pictures = site.pictures.of.get(case)
        mean = float(means[number])
        known = bool(np.isfinite(mean))
        lines.append(
            _Line(
                case=case,
                page=site.case_pages[case],
                dataset=row["dataset"],
                sample=row["sample"],
                suite=row["suite"],
                kind=row["kind"],
                coverage=row["coverage"],
                thickness=row["thickness"],
                codes=" ".join(str(facet.codes[number]) for facet in site.facets),
                mean=fixed(mean, 1 if metric and metric.unit == "dB" else 3) if known else MISSING,
                value=mean if known else None,
                finished=int(finished[number]),
                thumbnail=pictures.masked if pictures else "",
                width=row["width"],
                height=row["height"],
            )
        )
    site.renderer.page(
        "case_list.html",
        "cases.html",
        section="cases",
        site=site,
        metric=metric,
        lines=lines,
        methods=len(summary.scores.variants),
    )
