"""Quality against runtime, with the Pareto front."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inpaintbench.report.figures.drawing import (
    Drawing,
    NothingToShow,
    Request,
    interval_words,
    left_out,
    sentences,
    support_words,
)
from inpaintbench.report.figures.labels import place_labels
from inpaintbench.report.figures.panels import legend_columns, legend_rows
from inpaintbench.report.figures.style import GREY, Look, looks, shortened
from inpaintbench.statistics.scores import MetricInfo
from inpaintbench.statistics.standings import Entry, Standing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw(request: Request) -> Drawing:
    """Draw each method at its median runtime and mean score."""
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    standing = request.summary.overall
    entries = [
        entry for entry in standing.entries if entry.rank and entry.variant in standing.runtimes.of
    ]
    if not entries:
        raise NothingToShow("no ranked method was timed alone on the machine")
    metrics = [metric for metric in request.metrics() if metric.id in standing.comparisons]
    names = shortened([entry.variant for entry in entries], 18 if request.narrow else 30)
    labels = list(names.values())
    style = looks(list(request.summary.rows.variants["variant"]))
    em = request.style.em
    columns = 1 if request.narrow else len(metrics)
    rows = math.ceil(len(metrics) / columns)

    def panels(legend: bool) -> tuple[Figure, list[Axes]]:
        height = em * (rows * 17 + 1.6 * legend_rows(request, labels) * legend)
        figure = Figure(figsize=(request.width, height), layout="constrained")
        axes = list(figure.subplots(rows, columns, sharex=True, squeeze=False).ravel())
        for panel, metric in zip(axes, metrics, strict=True):
            _points(panel, metric, entries, standing, style)
            last_row = columns > 1 or panel is axes[-1]
            panel.set_xlabel("Runtime (s), median" if last_row else "")
        if legend:
            handles = [
                Line2D(
                    [],
                    [],
                    linestyle="",
                    color=style[e.variant].colour,
                    marker=style[e.variant].marker,
                    label=names[e.variant],
                )
                for e in entries
            ]
            columns_of_legend = legend_columns(request, labels)
            figure.legend(handles=handles, loc="outside lower center", ncols=columns_of_legend)
        return figure, axes

    figure, axes = panels(legend=False)
    data = [_data(metric, entries, standing) for metric in metrics]
    lines = [_lines(metric, entries, standing) for metric in metrics]
    if not _named(figure, axes, data, lines, labels, request):
        figure, axes = panels(legend=True)
    untimed = [e.variant for e in standing.entries if e.rank and e not in entries]
    over = f"{standing.runtimes.common_cases} cases timed for every method shown"
    return Drawing(
        figure,
        sentences(
            [
                f"Mean quality against median runtime over the {over}, alone on the machine.",
                "Stepped line: Pareto front; up and left is better, for LPIPS down and left."
                if any(not metric.higher_is_better for metric in metrics)
                else "Stepped line: Pareto front; up and left is better.",
                f"Vertical lines: {interval_words()}",
                support_words(request.summary),
                f"Without a timing: {', '.join(untimed)}." if untimed else "",
                left_out(request.summary),
            ]
        ),
    )


def pareto_front(points: Sequence[tuple[float, float]], higher_is_better: bool) -> list[int]:
    """Return the points that no other beats in runtime and quality, fastest first.

    Parameters
    ----------
    points : sequence of (seconds, score)
    higher_is_better : bool
        Direction of the score.
    """
    sign = -1 if higher_is_better else 1
    front: list[int] = []
    best = math.inf
    for i in sorted(range(len(points)), key=lambda i: (points[i][0], sign * points[i][1])):
        if sign * points[i][1] < best:
            best = sign * points[i][1]
            front.append(i)
    return front


def _data(
    metric: MetricInfo, entries: Sequence[Entry], standing: Standing
) -> list[tuple[float, float]]:
    return [
        (standing.runtimes.of[e.variant].median, e.qualities[metric.id].estimate.mean)
        for e in entries
    ]


def _lines(
    metric: MetricInfo, entries: Sequence[Entry], standing: Standing
) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """List what labels must not cover, from corner to corner: intervals and the front's steps."""
    points = _data(metric, entries, standing)
    estimates = [entry.qualities[metric.id].estimate for entry in entries]
    lines = [
        ((seconds, estimate.low), (seconds, estimate.high))
        for (seconds, _), estimate in zip(points, estimates, strict=True)
        if estimate.has_interval
    ]
    front = [points[i] for i in pareto_front(points, metric.higher_is_better)]
    for (start, low), (end, high) in pairwise(front):
        lines += [((start, low), (end, low)), ((end, low), (end, high))]
    return lines


def _points(
    panel: Axes,
    metric: MetricInfo,
    entries: Sequence[Entry],
    standing: Standing,
    style: dict[str, Look],
) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

    panel.set_xscale("log")
    panel.grid()
    points = _data(metric, entries, standing)
    front = [points[i] for i in pareto_front(points, metric.higher_is_better)]
    panel.plot(*zip(*front, strict=True), color=GREY, drawstyle="steps-post", zorder=1)
    for (seconds, score), entry in zip(points, entries, strict=True):
        look, estimate = style[entry.variant], entry.qualities[metric.id].estimate
        if estimate.has_interval:
            ends = [estimate.low, estimate.high]
            panel.plot([seconds] * 2, ends, color=look.colour, alpha=0.5, zorder=2)
        panel.plot(seconds, score, look.marker, color=look.colour, zorder=3)
    panel.margins(y=0.1)
    low, high = min(seconds for seconds, _ in points), max(seconds for seconds, _ in points)
    # room for a name on the right of the slowest
    span = max(high / low, 1.5)
    low, high = low / span**0.15, high * span**0.35
    panel.set_xlim(low, high)
    steps = (1.0,) if high / low > 50 else (1.0, 2.0, 5.0)
    panel.xaxis.set_major_locator(LogLocator(subs=steps, numticks=6))
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    panel.xaxis.set_minor_locator(NullLocator())
    panel.yaxis.set_major_locator(MaxNLocator(nbins=5))
    unit = f" ({metric.unit})" if metric.unit else ""
    panel.set_ylabel(f"{metric.label}{unit} {metric.arrow}")


def _named(
    figure: Figure,
    axes: Sequence[Axes],
    data: Sequence[Sequence[tuple[float, float]]],
    lines: Sequence[Sequence[tuple[tuple[float, float], tuple[float, float]]]],
    labels: Sequence[str],
    request: Request,
) -> bool:
    """Write the names beside the points, unless there is too little room in a panel."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    renderer = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
    figure.draw_without_rendering()
    scale = 72 / figure.dpi
    sizes = []
    for label in labels:
        text = figure.text(0, 0, label, fontsize="small")
        extent = text.get_window_extent(renderer)
        text.remove()
        sizes.append((extent.width * scale, extent.height * scale))
    found = []
    for panel, here, drawn in zip(axes, data, lines, strict=True):

        def in_points(xy: ArrayLike, panel: Axes = panel) -> NDArray[np.float64]:
            return np.asarray(panel.transData.transform(xy)) * scale

        corners = np.sort(in_points(np.reshape(drawn, (-1, 2))).reshape(-1, 2, 2), axis=1)
        extent = panel.get_window_extent(renderer)
        points = [(float(x), float(y)) for x, y in in_points(here)]
        placed = place_labels(
            points,
            sizes,
            frame=(extent.x0 * scale, extent.y0 * scale, extent.x1 * scale, extent.y1 * scale),
            clearance=request.style.marker_size * 0.8,
            obstacles=[(float(a), float(b), float(c), float(d)) for (a, b), (c, d) in corners],
        )
        if placed is None:
            return False
        found.append((points, placed))
    line = {"arrowstyle": "-", "color": GREY, "lw": 0.5, "shrinkA": 0, "shrinkB": 0}
    for panel, here, (points, placed) in zip(axes, data, found, strict=True):
        for label, xy, at, place in zip(labels, here, points, placed, strict=True):
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
