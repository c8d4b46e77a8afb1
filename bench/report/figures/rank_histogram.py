"""Rank histogram (Talagrand diagram): how often the truth has each rank among several draws."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from inpaintbench.report.ensembles import read_draw_scores
from inpaintbench.report.figures.drawing import Drawing, NothingToShow, Request, interval_words
from inpaintbench.report.figures.style import GREY, INK, shortened
from inpaintbench.report.summary import Summary
from inpaintbench.statistics.comparison import Estimate
from inpaintbench.statistics.probabilistic import Calibration

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Panels side by side at most, and in a narrow figure.
_COLUMNS, _NARROW = 4, 2


@dataclass(frozen=True, eq=False)
class _Histogram:
    method: str
    dataset: str
    shares: tuple[Estimate, ...]


def draw(request: Request) -> Drawing:
    """Draw the shares of ranks of each stochastic method on each dataset."""
    from matplotlib.figure import Figure

    if not request.summary.draws:
        raise NothingToShow("no method has several draws; inpaintbench run --draws 8 makes them")
    found = list(_histograms(request.summary))
    if not found:
        raise NothingToShow("no case that every draw finished, with its pictures here")
    datasets = list(dict.fromkeys(one.dataset for one in found))
    methods = list(dict.fromkeys(one.method for one in found))
    by_dataset = len(datasets) > 1
    wide = _NARROW if request.narrow else _COLUMNS
    columns = min(wide, len(datasets) if by_dataset else len(methods))
    # with several datasets, a row (or more) a method
    groups = [[one for one in found if one.method == name] for name in methods]
    rows = [
        group[i : i + columns]
        for group in (groups if by_dataset else [found])
        for i in range(0, len(group), columns)
    ]
    em = request.style.em
    figure = Figure(figsize=(request.width, em * (13 * len(rows) + 2)), layout="constrained")
    panels = figure.subplots(len(rows), columns, squeeze=False, sharey="row")
    names = shortened(methods, 18 if request.narrow else 24)
    for line, row in zip(panels, rows, strict=True):
        for panel, one in zip(line, row, strict=False):
            _bars(panel, one.shares)
            title = f"{names[one.method]}\n{one.dataset}" if by_dataset else names[one.method]
            panel.set_title(title, fontsize="small")
        for panel in line[len(row) :]:
            panel.set_axis_off()
        tops = [share.high if share.has_interval else share.mean for h in row for share in h.shares]
        line[0].set_ylim(0, 1.05 * max(tops) * len(row[0].shares))
        line[0].set_ylabel("share × (m + 1)")
    for panel in panels[-1][: len(rows[-1])]:
        panel.set_xlabel("draws below the truth")
    return Drawing(
        figure,
        "How often the truth is above 0, 1, … m of a method's m draws, over the values of the "
        "hole; 1 (dashed) is expected of right draws.",
        "High ends: draws too alike; a hump: they differ too much; a slope: too dark (rising) or "
        "too bright.",
        f"Lines: {interval_words()}",
    )


def _histograms(summary: Summary) -> Iterator[_Histogram]:
    """Rank the truth among the draws of each method, dataset by dataset."""
    of_case = summary.scores.cases["dataset"]
    for draws in summary.draws:
        for dataset in of_case.unique():
            cases = draws.cases[(of_case.loc[draws.cases] == dataset).to_numpy()]
            found = read_draw_scores(summary.rows, draws.variants, cases)
            if found is not None:
                images = summary.scores.images(cases)
                calibration = Calibration(found.ranks, found.mean_ranks, images)
                yield _Histogram(draws.method, str(dataset), calibration.histogram)


def _bars(panel: Axes, shares: tuple[Estimate, ...]) -> None:
    count = len(shares)
    heights = np.array([share.mean for share in shares]) * count
    panel.bar(range(count), heights, width=1, color="#0072b2", alpha=0.6, edgecolor="white")
    for rank, share in enumerate(shares):
        if share.has_interval:
            panel.plot([rank, rank], [share.low * count, share.high * count], color=INK)
    panel.axhline(1, color=GREY, linestyle="--")
    panel.set_xticks(sorted({0, (count - 1) // 2, count - 1}))
    panel.set_xlim(-0.6, count - 0.4)
