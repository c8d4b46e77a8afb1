"""Quality against runtime, with the Pareto front."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inpaintbench.report.figures.drawing import (
    Drawing,
    NothingToShow,
    Request,
    axis_label,
    interval_words,
)
from inpaintbench.report.figures.scatter import Scatter, draw_scatters
from inpaintbench.statistics.comparison import Estimate
from inpaintbench.statistics.runtimes import Runtime

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw(request: Request) -> Drawing:
    """Draw each method at its median runtime and mean score."""
    standing = request.summary.overall
    runtimes = standing.runtimes.of
    entries = [entry for entry in standing.entries if entry.ranked and entry.variant in runtimes]
    if not entries:
        raise NothingToShow("no ranked method was timed alone on the machine")
    metrics = [metric for metric, _ in request.comparisons()]
    scatters = [
        Scatter(
            [entry.variant for entry in entries],
            [_median(runtimes[entry.variant]) for entry in entries],
            [entry.qualities[metric.id].estimate for entry in entries],
            higher=(False, metric.higher_is_better),
        )
        for metric in metrics
    ]
    columns = 1 if request.narrow else len(scatters)

    def dress(panel: Axes, number: int) -> None:
        _log_seconds(panel, [point[0] for point in scatters[number].points])
        last_row = columns > 1 or number == len(scatters) - 1
        panel.set_xlabel("Runtime (s), median" if last_row else "")
        panel.set_ylabel(axis_label(metrics[number]))

    figure = draw_scatters(request, scatters, columns, dress, share=True)
    untimed = [e.variant for e in standing.entries if e.ranked and e not in entries]
    down = [metric.label for metric in metrics if not metric.higher_is_better]
    return Drawing(
        figure,
        f"Mean quality against median runtime over the {standing.runtimes.common_cases} cases "
        "timed for every method shown, alone on the machine.",
        "Stepped line: Pareto front; up and left is better"
        + (f", for {', '.join(down)} down and left." if down else "."),
        f"Vertical lines: {interval_words()}",
        request.support(),
        f"Without a timing: {', '.join(untimed)}." if untimed else "",
        request.set_aside(),
        request.missing_metrics(),
    )


def _median(runtime: Runtime) -> Estimate:
    """Take a runtime as a point without an interval."""
    unknown = float("nan")
    return Estimate(runtime.median, unknown, unknown, runtime.cases, 0)


def _log_seconds(panel: Axes, seconds: list[float]) -> None:
    """Make the horizontal axis logarithmic, with room for a name on the right of the slowest."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

    panel.set_xscale("log")
    panel.margins(y=0.1)
    low, high = min(seconds), max(seconds)
    span = max(high / low, 1.5)
    low, high = low / span**0.15, high * span**0.35
    panel.set_xlim(low, high)
    steps = (1.0,) if high / low > 50 else (1.0, 2.0, 5.0)
    panel.xaxis.set_major_locator(LogLocator(subs=steps, numticks=6))
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    panel.xaxis.set_minor_locator(NullLocator())
    panel.yaxis.set_major_locator(MaxNLocator(nbins=5))
