"""Panels side by side that share the methods as rows, best on top."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from inpaintbench.report.figures.drawing import Request, axis_label
from inpaintbench.report.figures.style import BAND, shortened
from inpaintbench.statistics.scores import MetricInfo

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D


def method_rows(
    request: Request, methods: Sequence[str], columns: int, row_ems: float, legend_rows: int = 0
) -> tuple[Figure, list[Axes]]:
    """Make a figure with a panel a column and a labelled row a method, row `i` at ``y = i``.

    A row is `row_ems` of the font high; `legend_rows` lines are kept free above the panels.
    """
    from matplotlib.figure import Figure

    em = request.style.em
    # axis labels, tick labels and pads take about five lines
    height = em * (max(len(methods), 2) * row_ems + 5.2 + 1.6 * legend_rows)
    figure = Figure(figsize=(request.width, height), layout="constrained")
    axes = list(figure.subplots(1, columns, sharey=True, squeeze=False)[0])
    names = shortened(methods, 18 if request.narrow else 30)
    for panel in axes:
        panel.set_ylim(len(methods) - 0.5, -0.5)
        panel.set_yticks(range(len(methods)), [names[method] for method in methods])
        panel.tick_params(axis="y", length=0)
        panel.spines["left"].set_visible(False)
        panel.grid(axis="x")
        for row in range(0, len(methods), 2):
            panel.axhspan(row - 0.5, row + 0.5, color=BAND, linewidth=0, zorder=0)
    return figure, axes


def value_axis(panel: Axes, metric: MetricInfo, request: Request) -> None:
    """Label the horizontal axis with a metric, and thin its ticks out to fit."""
    from matplotlib.ticker import MaxNLocator

    panel.set_xlabel(axis_label(metric))
    panel.xaxis.set_major_locator(MaxNLocator(nbins=3 if request.narrow else 5))


def legend(figure: Figure, request: Request, handles: list[Line2D], *, above: bool) -> None:
    """Draw a legend above or below the panels."""
    labels = [str(handle.get_label()) for handle in handles]
    columns = legend_columns(request, labels)
    place: Any = f"outside {'upper' if above else 'lower'} center"
    figure.legend(handles=handles, loc=place, ncols=columns)


def legend_columns(request: Request, labels: Sequence[str]) -> int:
    """Return how many entries of a legend fit side by side."""
    # a letter is about 0.6 em wide, the handle with its spaces 4 em
    entry = request.style.em * (4 + 0.6 * max(map(len, labels), default=0))
    return max(1, min(len(labels), int(request.width / entry)))


def legend_rows(request: Request, labels: Sequence[str]) -> int:
    """Return how many lines a legend takes."""
    return math.ceil(len(labels) / legend_columns(request, labels))
