"""Heat map of mean ranks: methods against metrics and mask suites."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from inpaintbench.report.figures.drawing import Drawing, NothingToShow, Request
from inpaintbench.report.figures.style import shortened
from inpaintbench.statistics.comparison import Comparison
from inpaintbench.statistics.ranks import ranks_within_cases

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from inpaintbench.statistics.bootstrap import Floats


def draw(request: Request) -> Drawing:
    """Draw the mean rank within cases, by metric and suite."""
    from matplotlib.figure import Figure

    methods = request.ranked()
    if len(methods) < 2:
        raise NothingToShow("fewer than two methods are ranked")
    comparisons = request.comparisons()
    suites = request.summary.scores.suites()
    names = shortened(methods, 18 if request.narrow else 30)
    heads = shortened(suites, 16 if request.narrow else 24)
    em = request.style.em
    longest = 0.62 * max(map(len, heads.values()))
    label_width = 0.62 * max(map(len, names.values()))
    cell = (request.width / em - label_width - 4) / (len(comparisons) * len(suites))
    upright = longest > cell - 0.5
    head_height = (longest if upright else 1) + 2.5
    figure = Figure(
        figsize=(request.width, em * (1.7 * len(methods) + head_height + 1.5)), layout="constrained"
    )
    panels = figure.subplots(1, len(comparisons), sharey=True, squeeze=False)[0]
    for panel, (metric, comparison) in zip(panels, comparisons, strict=True):
        table = _mean_ranks(request, comparison, methods, suites)
        _map(panel, table, digits=1 if cell > 2.6 else 0, line=request.style.line_width)
        panel.set_title(metric.label)
        panel.set_xticks(np.arange(len(suites)), [heads[s] for s in suites], rotation=90 * upright)
        panel.set_yticks(np.arange(len(methods)), [names[m] for m in methods])
        panel.tick_params(length=0)
        panel.spines[:].set_visible(False)
    return Drawing(
        figure,
        f"Mean rank within cases, 1 (best) to {len(methods)}, by metric and mask suite.",
        request.support(),
        request.set_aside(),
        request.missing_metrics(),
    )


def _mean_ranks(
    request: Request, comparison: Comparison, methods: tuple[str, ...], suites: list[str]
) -> Floats:
    """Average the ranks of each suite's cases: methods × suites, NaN where it has no case."""
    ranks = ranks_within_cases(comparison.values, comparison.higher_is_better)
    columns = [comparison.variants.index(method) for method in methods]
    of_case = request.summary.scores.cases.loc[comparison.cases, "suite"].to_numpy()
    table = np.full((len(methods), len(suites)), np.nan)
    for j, suite in enumerate(suites):
        here = of_case == suite
        if here.any():
            table[:, j] = ranks[here][:, columns].mean(axis=0)
    return table


def _map(panel: Axes, table: Floats, digits: int, line: float) -> None:
    """Draw the cells with their numbers, dark where the rank is good."""
    rows, columns = table.shape
    edges = (np.arange(columns + 1) - 0.5, np.arange(rows + 1) - 0.5)
    mesh = panel.pcolormesh(
        *edges, table, cmap="cividis", vmin=1, vmax=max(rows, 2), edgecolors="white", linewidth=line
    )
    panel.set_ylim(rows - 0.5, -0.5)
    for (i, j), rank in np.ndenumerate(table):
        if np.isfinite(rank):
            red, green, blue, _ = mesh.to_rgba(np.array(rank))
            light = 0.3 * red + 0.59 * green + 0.11 * blue > 0.5
            panel.text(
                j,
                i,
                f"{rank:.{digits}f}",
                ha="center",
                va="center_baseline",
                fontsize="small",
                color="black" if light else "white",
            )
