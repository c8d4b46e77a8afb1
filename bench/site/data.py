"""The scores of every cell in a form that a browser reads fast, for filtering the leaderboard.

Pages opened from the disk may not fetch files, but may run scripts; so data are scripts. Scores
are packed as 32-bit floats in base64, one file a metric, read only when they are needed.
"""

from __future__ import annotations

import base64
import json
from dataclasses import asdict
from typing import Any

import numpy as np

from inpaintbench.report.table import Cell
from inpaintbench.site.site import Site
from inpaintbench.statistics.axes import RankBy
from inpaintbench.statistics.comparison import Estimate
from inpaintbench.statistics.standings import Entry
from inpaintbench.statistics.support import COMPLETION_SHARE


def write_data(site: Site) -> None:
    """Write ``data/run.js`` and ``data/metric-N.js``."""
    scores, overall, form = site.summary.scores, site.summary.overall, site.form
    variants = [entry.variant for entry in overall.entries]
    metrics = []
    for number, metric in enumerate(scores.metrics):
        values = scores.values[metric.id][variants].to_numpy(np.float32)
        present = bool(np.isfinite(values).any())
        file = f"data/metric-{number}.js"
        metrics.append(
            {
                "label": metric.label,
                "unit": metric.unit,
                "higher": metric.higher_is_better,
                "digits": form.digits[overall.entries[0]][metric.id],
                "main": metric in overall.main,
                "axis": metric.axis,
                "file": file if present else "",
            }
        )
        if present:
            script = f"inpaintbench.scores[{number}] = {json.dumps(_packed(values))};\n"
            site.folder.text(file, script)
    run = {
        "variants": variants,
        "metrics": metrics,
        "facets": [
            {name: value for name, value in asdict(facet).items() if name != "title"}
            for facet in site.facets
        ],
        "done": _packed(scores.done[variants].to_numpy(np.uint8)),
        "share": COMPLETION_SHARE,
        "rankDigits": form.rank_digits,
        "meanRanks": {by: _mean_ranks(site, by) for by in overall.rankings},
        "whole": _whole(site),
    }
    text = json.dumps(run, separators=(",", ":"), allow_nan=False)
    site.folder.text("data/run.js", f"inpaintbench.run = JSON.parse({json.dumps(text)});\n")


def _whole(site: Site) -> list[list[list[list[Any]]]]:
    """Show every metric overall and in each suite, over the whole run: metric → suite → method."""
    summary = site.summary
    suites = [{e.variant: e for e in here.entries} for here in (summary.overall, *summary.suites)]
    return [
        [[_quality(site, by_name[name], metric.id) for name in suites[0]] for by_name in suites]
        for metric in summary.scores.metrics
    ]


def _quality(site: Site, entry: Entry, metric: str) -> list[str | float | None]:
    quality = entry.qualities.get(metric)
    return _shown(site.form.quality(entry, metric), quality.estimate if quality else None)


def _mean_ranks(site: Site, by: RankBy) -> list[list[str | float | None]]:
    places = [entry.places.get(by) for entry in site.summary.overall.entries]
    return [
        _shown(site.form.mean_rank(place), place.mean_rank if place else None) for place in places
    ]


def _shown(cell: Cell, estimate: Estimate | None) -> list[str | float | None]:
    """Put a mean into the form in which the browser gets it."""
    return [cell.text, cell.detail, cell.mark, cell.place, estimate.mean if estimate else None]


def _packed(values: np.ndarray[Any, np.dtype[Any]]) -> str:
    """Pack an array row by row, little end first."""
    return base64.b64encode(values.astype(values.dtype.newbyteorder("<")).tobytes()).decode()
