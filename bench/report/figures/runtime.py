"""Quality against runtime, with the Pareto front."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from inpaintbench.report.figures.drawing import (
    Drawing,
    NothingToShow,
    Request,
    axis_label,
    interval_words,
)
from inpaintbench.report.figures.labels import place_labels
from inpaintbench.report.figures.panels import legend, legend_rows
from inpaintbench.report.figures.style import GREY, Look, shortened
from inpaintbench.statistics.comparison import Estimate
from inpaintbench.statistics.scores import MetricInfo

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Point = tuple[float, float]
"""Seconds and score."""


def draw(request: Request) -> Drawing:
    """Draw each method at its median runtime and mean score."""
    from matplotlib.figure import Figure

    standing = request.summary.overall
    runtimes = standing.runtimes.of
    entries = [entry for entry in standing.entries if entry.ranked and entry.variant in runtimes]
    if not entries:
        raise NothingToShow("no ranked method was timed alone on the machine")
    names = shortened([entry.variant for entry in entries], 18 if request.narrow else 30)
    labels = list(names.values())
    style = request.looks()
    shown = [style[entry.variant] for entry in entries]
    plots = [
        _Plot(
            metric,
            [runtimes[entry.variant].median for entry in entries],
            [entry.qualities[metric.id].estimate for entry in entries],
        )
        for metric, _ in request.comparisons()
    ]
    columns = 1 if request.narrow else len(plots)
    rows = math.ceil(len(plots) / columns)

    def panels(legend_lines: int) -> tuple[Figure, list[Axes]]:
        height = request.style.em * (rows * 17 + 1.6 * legend_lines)
        figure = Figure(figsize=(request.width, height), layout="constrained")
        axes = list(figure.subplots(rows, columns, sharex=True, squeeze=False).ravel())
        for panel, plot in zip(axes, plots, strict=True):
            plot.draw(panel, shown)
            last_row = columns > 1 or panel is axes[-1]
            panel.set_xlabel("Runtime (s), median" if last_row else "")
        return figure, axes

    figure, axes = panels(0)
    if not _named(figure, dict(zip(axes, plots, strict=True)), labels, request):
        figure, _ = panels(legend_rows(request, labels))
        handles = [style[e.variant].handle(names[e.variant], "") for e in entries]
        legend(figure, request, handles, above=False)
    untimed = [e.variant for e in standing.entries if e.ranked and e not in entries]
    return Drawing(
        figure,
        f"Mean quality against median runtime over the {standing.runtimes.common_cases} cases "
        "timed for every method shown, alone on the machine.",
        "Stepped line: Pareto front; up and left is better, for LPIPS down and left."
        if any(not plot.metric.higher_is_better for plot in plots)
        else "Stepped line: Pareto front; up and left is better.",
        f"Vertical lines: {interval_words()}",
        request.support(),
        f"Without a timing: {', '.join(untimed)}." if untimed else "",
        request.set_aside(),
        request.missing_metrics(),
    )


def pareto_front(points: Sequence[Point], higher_is_better: bool) -> list[int]:
    """Return the points that no other beats in runtime and quality, fastest first."""
    sign = -1 if higher_is_better else 1
    front: list[int] = []
    best = math.inf
    for i in sorted(range(len(points)), key=lambda i: (points[i][0], sign * points[i][1])):
        if sign * points[i][1] < best:
            best = sign * points[i][1]
            front.append(i)
    return front


@dataclass(frozen=True)
class _Plot:
    """What a panel shows: each method's seconds and mean of a metric."""

    metric: MetricInfo
    seconds: list[float]
    estimates: list[Estimate]

    @property
    def points(self) -> list[Point]:
        """A method each."""
        return [(s, e.mean) for s, e in zip(self.seconds, self.estimates, strict=True)]

    @property
    def front(self) -> list[Point]:
        """The corners of the Pareto front."""
        return [self.points[i] for i in pareto_front(self.points, self.metric.higher_is_better)]

    @property
    def lines(self) -> list[tuple[Point, Point]]:
        """What labels must not cover, from end to end: intervals and the front's steps."""
        lines = [
            ((seconds, estimate.low), (seconds, estimate.high))
            for seconds, estimate in zip(self.seconds, self.estimates, strict=True)
            if estimate.has_interval
        ]
        for (start, low), (end, high) in pairwise(self.front):
            lines += [((start, low), (end, low)), ((end, low), (end, high))]
        return lines

    def draw(self, panel: Axes, looks: Sequence[Look]) -> None:
        """Draw the points with their intervals, and the front."""
        from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

        panel.set_xscale("log")
        panel.grid()
        panel.plot(*zip(*self.front, strict=True), color=GREY, drawstyle="steps-post", zorder=1)
        for seconds, estimate, look in zip(self.seconds, self.estimates, looks, strict=True):
            if estimate.has_interval:
                ends = [estimate.low, estimate.high]
                panel.plot([seconds] * 2, ends, color=look.colour, alpha=0.5, zorder=2)
            panel.plot(seconds, estimate.mean, look.marker, color=look.colour, zorder=3)
        panel.margins(y=0.1)
        low, high = min(self.seconds), max(self.seconds)
        # room for a name on the right of the slowest
        span = max(high / low, 1.5)
        low, high = low / span**0.15, high * span**0.35
        panel.set_xlim(low, high)
        steps = (1.0,) if high / low > 50 else (1.0, 2.0, 5.0)
        panel.xaxis.set_major_locator(LogLocator(subs=steps, numticks=6))
        panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        panel.xaxis.set_minor_locator(NullLocator())
        panel.yaxis.set_major_locator(MaxNLocator(nbins=5))
        panel.set_ylabel(axis_label(self.metric))


def _named(
    figure: Figure, plots: dict[Axes, _Plot], labels: Sequence[str], request: Request
) -> bool:
    """Write the names beside the points, unless there is too little room in a panel."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    renderer = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
    figure.draw_without_rendering()
    scale = 72 / figure.dpi
    sizes = []
    for label in labels:
        text = figure.text(0, 0, label, fontsize="small")
        sizes.append(np.multiply(text.get_window_extent(renderer).size, scale))
        text.remove()
    found = []
    for panel, plot in plots.items():
        ends = panel.transData.transform(np.reshape(plot.lines, (-1, 2))) * scale
        points = panel.transData.transform(plot.points) * scale
        placed = place_labels(
            points,
            sizes,
            frame=np.multiply(panel.get_window_extent(renderer).extents, scale),
            clearance=request.style.marker_size * 0.8,
            obstacles=np.sort(ends.reshape(-1, 2, 2), axis=1).reshape(-1, 4).tolist(),
        )
        if placed is None:
            return False
        found.append((panel, plot, points, placed))
    line = {"arrowstyle": "-", "color": GREY, "lw": 0.5, "shrinkA": 0, "shrinkB": 0}
    for panel, plot, points, placed in found:
        for label, xy, at, place in zip(labels, plot.points, points, placed, strict=True):
            left, bottom, right, top = place.box
            panel.annotate(
                label,
                xy,
                xytext=((left + right) / 2 - at[0], (bottom + top) / 2 - at[1]),
                textcoords="offset points",
                ha="center",
                va="center",
                fontsize="small",
                arrowprops=line if place.far else None,
            )
    # the names are placed for this layout
    figure.set_layout_engine("none")
    return True
