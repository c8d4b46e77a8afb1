"""Panels of one point a method, with intervals, the Pareto front and names that don't collide."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from inpaintbench.report.figures.drawing import Request
from inpaintbench.report.figures.labels import place_labels
from inpaintbench.report.figures.panels import legend, legend_rows
from inpaintbench.report.figures.style import GREY, Look, shortened
from inpaintbench.statistics.comparison import Estimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Point = tuple[float, float]


@dataclass(frozen=True)
class Scatter:
    """The points of a panel.

    Parameters
    ----------
    variants : sequence of str
        Methods.
    x, y : sequences of Estimate
        Where each lies.
    higher : pair of bool
        Whether higher is better, across and upwards.
    title : str
        Above the panel; may be empty.
    """

    variants: Sequence[str]
    x: Sequence[Estimate]
    y: Sequence[Estimate]
    higher: tuple[bool, bool]
    title: str = ""

    @property
    def points(self) -> list[Point]:
        """A method each."""
        return [(x.mean, y.mean) for x, y in zip(self.x, self.y, strict=True)]

    @property
    def front(self) -> list[Point]:
        """The corners of the Pareto front."""
        return [self.points[i] for i in pareto_front(self.points, self.higher)]

    @property
    def intervals(self) -> list[tuple[Point, Point]]:
        """Ends of each interval, of each method first those across; a point where there is none."""
        ends = []
        for x, y in zip(self.x, self.y, strict=True):
            across = (x.low, x.high) if x.has_interval else (x.mean, x.mean)
            upwards = (y.low, y.high) if y.has_interval else (y.mean, y.mean)
            ends += [((across[0], y.mean), (across[1], y.mean))]
            ends += [((x.mean, upwards[0]), (x.mean, upwards[1]))]
        return ends

    @property
    def lines(self) -> list[tuple[Point, Point]]:
        """What names must not cover, from end to end: intervals and the front's steps."""
        lines = self.intervals
        for (start, low), (end, high) in pairwise(self.front):
            lines += [((start, low), (end, low)), ((end, low), (end, high))]
        return lines

    def draw(self, panel: Axes, looks: Mapping[str, Look]) -> None:
        """Draw the points with their intervals, and the front."""
        panel.grid()
        panel.tick_params(axis="y", labelsize="small")
        panel.set_title(self.title)
        panel.plot(*zip(*self.front, strict=True), color=GREY, drawstyle="steps-post", zorder=1)
        for i, (variant, point) in enumerate(zip(self.variants, self.points, strict=True)):
            look = looks[variant]
            for ends in self.intervals[2 * i : 2 * i + 2]:
                panel.plot(*zip(*ends, strict=True), color=look.colour, alpha=0.5, zorder=2)
            panel.plot(*point, look.marker, color=look.colour, zorder=3)


def pareto_front(points: Sequence[Point], higher: tuple[bool, bool]) -> list[int]:
    """Return the points that no other beats in both, the best across first.

    Parameters
    ----------
    points : sequence of (x, y)
    higher : pair of bool
        Whether higher is better, across and upwards.
    """
    across, upwards = (-1 if better else 1 for better in higher)
    losses = [(across * x, upwards * y) for x, y in points]
    front: list[int] = []
    best = math.inf
    for i in sorted(range(len(points)), key=lambda i: losses[i]):
        if losses[i][1] < best:
            best = losses[i][1]
            front.append(i)
    return front


def draw_scatters(
    request: Request,
    scatters: Sequence[Scatter],
    columns: int,
    dress: Callable[[Axes, int], None],
    *,
    share: bool = False,
) -> Figure:
    """Draw panels in rows, with the methods named beside their points or else in a legend.

    Parameters
    ----------
    columns : int
        Panels side by side.
    dress : callable
        Gives a panel, by number, its scales and the names of its axes.
    share : bool
        Whether panels have one horizontal scale.
    """
    drawn = {name for scatter in scatters for name in scatter.variants}
    ordered = (entry.variant for entry in request.summary.overall.entries)
    variants = [variant for variant in ordered if variant in drawn]
    names = shortened(variants, 18 if request.narrow else 30)
    looks = request.looks()

    def panels(legend_lines: int) -> tuple[Figure, list[Axes]]:
        from matplotlib.figure import Figure

        rows = math.ceil(len(scatters) / columns)
        lines = 17 + 1.6 * any(scatter.title for scatter in scatters)
        height = request.style.em * (rows * lines + 1.6 * legend_lines)
        figure = Figure(figsize=(request.width, height), layout="constrained")
        axes = list(figure.subplots(rows, columns, sharex=share, squeeze=False).ravel())
        for number, panel in enumerate(axes):
            if number < len(scatters):
                scatters[number].draw(panel, looks)
                dress(panel, number)
            else:
                panel.set_axis_off()
        return figure, axes[: len(scatters)]

    figure, axes = panels(0)
    if not _named(figure, dict(zip(axes, scatters, strict=True)), names, request):
        figure, _ = panels(legend_rows(request, list(names.values())))
        handles = [looks[variant].handle(names[variant], "") for variant in variants]
        legend(figure, request, handles, above=False)
    return figure


def _named(
    figure: Figure, scatters: Mapping[Axes, Scatter], names: Mapping[str, str], request: Request
) -> bool:
    """Write the names beside the points, unless there is too little room in a panel."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    renderer = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
    figure.draw_without_rendering()
    scale = 72 / figure.dpi
    sizes = {}
    for variant, name in names.items():
        text = figure.text(0, 0, name, fontsize="small")
        sizes[variant] = np.multiply(text.get_window_extent(renderer).size, scale)
        text.remove()
    found = []
    for panel, scatter in scatters.items():
        ends = panel.transData.transform(np.reshape(scatter.lines, (-1, 2))) * scale
        points = panel.transData.transform(scatter.points) * scale
        placed = place_labels(
            points,
            [sizes[variant] for variant in scatter.variants],
            frame=np.multiply(panel.get_window_extent(renderer).extents, scale),
            clearance=request.style.marker_size * 0.8,
            obstacles=np.sort(ends.reshape(-1, 2, 2), axis=1).reshape(-1, 4).tolist(),
        )
        if placed is None:
            return False
        found.append((panel, scatter, points, placed))
    line = {"arrowstyle": "-", "color": GREY, "lw": 0.5, "shrinkA": 0, "shrinkB": 0}
    for panel, scatter, points, placed in found:
        labels = [names[variant] for variant in scatter.variants]
        for label, xy, at, place in zip(labels, scatter.points, points, placed, strict=True):
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
