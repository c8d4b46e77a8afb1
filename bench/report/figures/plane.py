"""The perception-distortion plane (Blau and Michaeli 2018): what people see against fidelity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inpaintbench.metrics.base import Axis
from inpaintbench.report.figures.drawing import (
    Drawing,
    NothingToShow,
    Request,
    axis_label,
    interval_words,
)
from inpaintbench.report.figures.scatter import Scatter, draw_scatters
from inpaintbench.statistics.scores import MetricInfo
from inpaintbench.statistics.standings import Standing

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw(request: Request) -> Drawing:
    """Draw each method at its mean fidelity and mean perceived quality, a panel a mask suite."""
    fidelity, perception = (_first(request, axis) for axis in (Axis.fidelity, Axis.perception))
    standings = [
        here
        for here in request.summary.suites
        if fidelity.id in here.comparisons and perception.id in here.comparisons
    ]
    if not standings:
        raise NothingToShow("no suite has cases that every method compared finished")
    scatters = [_scatter(here, fidelity, perception) for here in standings]
    columns = 1 if request.narrow else 2 if len(scatters) == 4 else min(3, len(scatters))

    def dress(panel: Axes, number: int) -> None:
        from matplotlib.ticker import MaxNLocator

        panel.margins(0.12, 0.1)
        panel.xaxis.set_major_locator(MaxNLocator(nbins=5))
        panel.yaxis.set_major_locator(MaxNLocator(nbins=5))
        panel.set_xlabel(axis_label(fidelity) if number + columns >= len(scatters) else "")
        panel.set_ylabel(axis_label(perception) if number % columns == 0 else "")

    across = "right" if fidelity.higher_is_better else "left"
    upwards = "up" if perception.higher_is_better else "down"
    return Drawing(
        draw_scatters(request, scatters, columns, dress),
        f"Perception ({perception.label}) against fidelity ({fidelity.label}), a panel a mask "
        "suite: means over the cases that all methods ranked there finished.",
        f"{across.capitalize()} is closer to the truth, {upwards} looks better; stepped line: "
        "Pareto front.",
        f"Lines: {interval_words()}",
        request.set_aside(),
    )


def _first(request: Request, axis: Axis) -> MetricInfo:
    for metric in request.summary.shown:
        if metric.axis is axis:
            return metric
    raise NothingToShow(
        f"no metric of {axis} has a score among those shown; choose one an axis, such as "
        "--metric psnr --metric lpips"
    )


def _scatter(here: Standing, fidelity: MetricInfo, perception: MetricInfo) -> Scatter:
    entries = [entry for entry in here.entries if entry.ranked]
    return Scatter(
        [entry.variant for entry in entries],
        [entry.qualities[fidelity.id].estimate for entry in entries],
        [entry.qualities[perception.id].estimate for entry in entries],
        higher=(fidelity.higher_is_better, perception.higher_is_better),
        title=str(here.suite),
    )
