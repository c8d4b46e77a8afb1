"""The scores of every cell in a form that a browser reads fast, for filtering the leaderboard.

Pages opened from the disk may not fetch files, but may run scripts; so data are scripts. Scores
are packed as 32-bit floats in base64, one file a metric, read only when they are needed.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np

from inpaintbench.folder import Folder
from inpaintbench.report.summary import Summary
from inpaintbench.site.estimates import shown_mean_rank, shown_quality
from inpaintbench.site.facets import Facet


def write_data(
    folder: Folder,
    summary: Summary,
    groups: tuple[Facet, ...],
    digits: dict[str, int],
    rank_digits: int,
) -> None:
    """Write ``data/run.js`` and ``data/metric-N.js``.

    Parameters
    ----------
    folder : Folder
        The site.
    summary : Summary
        The run.
    groups : tuple of Facet
        What cases can be filtered by.
    digits : dict of str to int
        Metric id → decimals.
    rank_digits : int
        Decimals of mean ranks.
    """
    scores, overall = summary.scores, summary.overall
    variants = [entry.variant for entry in overall.entries]
    main = {metric.id for metric in overall.main}
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
                "digits": digits[metric.id],
                "main": metric.id in main,
                "file": file if present else "",
            }
        )
        if present:
            folder.text(file, f"inpaintbench.scores[{number}] = {json.dumps(_packed(values))};\n")
    done = scores.done[variants].to_numpy(np.uint8)
    run = {
        "variants": variants,
        "metrics": metrics,
        "facets": [
            {"key": facet.key, "values": facet.values, "labels": facet.labels, "codes": facet.codes}
            for facet in groups
        ],
        "done": _packed(done),
        "share": overall.support.share,
        "rankDigits": rank_digits,
        "meanRanks": [shown_mean_rank(entry, rank_digits).packed for entry in overall.entries],
        "whole": _whole(summary, digits),
    }
    text = json.dumps(run, separators=(",", ":"), allow_nan=False)
    folder.text("data/run.js", f"inpaintbench.run = JSON.parse({json.dumps(text)});\n")


def _whole(summary: Summary, digits: dict[str, int]) -> list[list[list[list[Any]]]]:
    """Show every metric overall and in each suite, over the whole run: metric → suite → method."""
    order = [entry.variant for entry in summary.overall.entries]
    standings = [summary.overall, *summary.suites]
    entries = [{entry.variant: entry for entry in here.entries} for here in standings]
    return [
        [
            [shown_quality(by_name[name], metric.id, digits[metric.id]).packed for name in order]
            for by_name in entries
        ]
        for metric in summary.scores.metrics
    ]


def _packed(values: np.ndarray[Any, np.dtype[Any]]) -> str:
    """Pack an array row by row, little end first."""
    return base64.b64encode(values.astype(values.dtype.newbyteorder("<")).tobytes()).decode()
