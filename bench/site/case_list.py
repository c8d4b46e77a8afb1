"""The list of all cases."""

from __future__ import annotations

import numpy as np

from inpaintbench.site.site import Site


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
