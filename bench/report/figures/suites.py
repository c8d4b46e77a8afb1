"""Quality per mask suite: a row a method, a mark and an interval a suite."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inpaintbench.report.figures.drawing import Drawing, Request, interval_words
from inpaintbench.report.figures.panels import legend, legend_rows, method_rows, value_axis
from inpaintbench.report.figures.style import Look, looks, shortened
from inpaintbench.statistics.comparison import Quality

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw(request: Request) -> Drawing:
    """Draw mean scores with their intervals."""
    metrics = request.metrics()
    standings = request.summary.suites
    methods = [entry.variant for entry in request.summary.overall.entries]
    suites = request.summary.scores.suites()
    style = looks(suites)
    names = shortened(suites, 24 if request.narrow else 40)
    labels = list(names.values())
    figure, axes = method_rows(
        request,
        methods,
        columns=len(metrics),
        row_ems=max(1.6, 0.75 * len(suites) + 0.5),
        legend_rows=legend_rows(request, labels),
    )
    for panel, metric in zip(axes, metrics, strict=True):
        for number, (suite, here) in enumerate(zip(suites, standings, strict=True)):
            offset = (number - (len(suites) - 1) / 2) * 0.75 / len(suites)
            for entry in here.entries:
                if metric.id in entry.qualities:
                    row = methods.index(entry.variant) + offset
                    ranked = entry.ranked
                    _mark(panel, row, entry.qualities[metric.id], style[suite], ranked)
        value_axis(panel, metric, request)
    handles = [style[suite].handle(names[suite]) for suite in suites]
    legend(figure, request, handles, above=True)
    hollow = any(here.support.set_aside for here in standings)
    return Drawing(
        figure,
        "Mean quality on each mask suite, over the cases that all methods ranked there "
        f"finished, with {interval_words()}",
        "Hollow: finished too few cells to be ranked; over its own." if hollow else "",
        request.missing_metrics(),
    )


def _mark(panel: Axes, row: float, quality: Quality, look: Look, ranked: bool) -> None:
    estimate = quality.estimate
    if estimate.has_interval:
        panel.plot([estimate.low, estimate.high], [row, row], color=look.colour)
    fill = look.colour if ranked else "white"
    panel.plot(estimate.mean, row, look.marker, color=look.colour, markerfacecolor=fill)
