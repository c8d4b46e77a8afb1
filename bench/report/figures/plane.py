"""The perception-distortion plane (Blau and Michaeli 2018): what people see against fidelity."""

from __future__ import annotations

from dataclasses import replace
from math import nan
from typing import TYPE_CHECKING

from inpaintbench.metrics.base import Axis
from inpaintbench.report.figures.drawing import (
    Drawing,
    NothingToShow,
    Request,
    SetScores,
    axis_label,
    interval_words,
)
from inpaintbench.report.figures.scatter import Scatter, draw_scatters
from inpaintbench.statistics.scores import MetricInfo
from inpaintbench.statistics.standings import Standing

if TYPE_CHECKING:
    from matplotlib.axes import Axes


_LOGARITHMIC = 5.0
"""Highest over lowest mean of a panel from which perceived quality is on a logarithmic scale."""


def draw(request: Request) -> Drawing:
    """Draw each method at its mean fidelity and mean perceived quality, a panel a mask suite."""
    sets = request.sets
    fidelity, perception = _axes(request)
    scored = {fidelity.id} if sets else {fidelity.id, perception.id}
    standings = [
        here
        for here in request.summary.suites
        if scored <= here.comparisons.keys()
        # of a single image there is none
        and (sets is None or str(here.suite) in sets.by_suite)
    ]
    if not standings:
        raise NothingToShow("no suite has cases that every method compared finished")
    scatters = [_scatter(here, fidelity, perception, sets) for here in standings]
    columns = 1 if request.narrow else 2 if len(scatters) == 4 else min(3, len(scatters))

    logarithmic = any(_ratio(scatter) > _LOGARITHMIC for scatter in scatters)

    def dress(panel: Axes, number: int) -> None:
        from matplotlib.ticker import MaxNLocator

        panel.margins(0.12, 0.1)
        panel.xaxis.set_major_locator(MaxNLocator(nbins=5))
        panel.yaxis.set_major_locator(MaxNLocator(nbins=5))
        if logarithmic:
            _log_scale(panel, min(point[1] for point in scatters[number].points))
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
        f"Lines: {interval_words()[:-1]}"
        + (
            ", of a method's difference from the median of the methods on the same case: what all "
            "find hard moves none of them"
            if len(standings[0].support.compared) > 1
            else ""
        )
        + (", cut at the edge of the panel." if logarithmic else "."),
        f"{perception.label} is of all results of a suite together and has no interval."
        if sets
        else "",
        request.set_aside(),
    )


def _axes(request: Request) -> tuple[MetricInfo, MetricInfo]:
    """Choose what goes across and upwards: of two metrics of perception, the first goes across."""
    shown = [metric for metric in request.summary.shown if metric.axis is not None]
    across = [m for m in shown if m.axis is Axis.fidelity] or shown[: 1 if request.sets else -1]
    upwards = [m for m in shown if m.axis is Axis.perception and m not in across[:1]]
    if request.sets:
        upwards = [request.sets.metric]
    for found, axis in ((across, Axis.fidelity), (upwards, Axis.perception)):
        if not found:
            raise NothingToShow(
                f"no metric of {axis} has a score among those shown; choose one an axis, such as "
                "--metric psnr --metric lpips"
            )
    return across[0], upwards[0]


def _ratio(scatter: Scatter) -> float:
    """Divide the highest mean upwards by the lowest; 1 where a logarithm isn't defined."""
    means = [estimate.mean for estimate in scatter.y]
    return max(means) / min(means) if min(means) > 0 else 1.0


def _log_scale(panel: Axes, least: float) -> None:
    """Make the vertical axis logarithmic, down to a third of the `least` mean at most."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    panel.set_yscale("log", nonpositive="clip")
    low, high = panel.get_ylim()
    low = max(low, least / 3)
    panel.set_ylim(low, high)
    steps = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 7.0) if high / low < 6 else (1.0, 2.0, 5.0)
    panel.yaxis.set_major_locator(LogLocator(subs=steps))
    panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    panel.yaxis.set_minor_locator(NullLocator())


def _scatter(
    here: Standing, fidelity: MetricInfo, perception: MetricInfo, sets: SetScores | None
) -> Scatter:
    entries = [entry for entry in here.entries if entry.ranked]
    variants = [entry.variant for entry in entries]
    across = here.comparisons[fidelity.id].among_methods
    if sets:
        values = sets.by_suite[str(here.suite)]
        upwards = {v: replace(across[v], mean=values[v], low=nan, high=nan) for v in variants}
    else:
        upwards = here.comparisons[perception.id].among_methods
    return Scatter(
        variants,
        [across[variant] for variant in variants],
        [upwards[variant] for variant in variants],
        higher=(fidelity.higher_is_better, perception.higher_is_better),
        title=str(here.suite),
    )
