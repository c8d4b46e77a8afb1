"""Quality against hole size: coverage and thickness, in the bins of the mask statistics."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from inpaintbench.masks.statistics import COVERAGE_EDGES, THICKNESS_EDGES
from inpaintbench.report.figures.drawing import (
    Drawing,
    NothingToShow,
    Request,
    axis_label,
    interval_words,
)
from inpaintbench.report.figures.panels import legend, legend_rows
from inpaintbench.report.figures.style import GREY, Look, shortened
from inpaintbench.statistics.bootstrap import Floats
from inpaintbench.statistics.comparison import Comparison, Estimate, estimates

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# More lines than this can't be followed: the others turn grey. Intervals go sooner.
_COLOURED = 7
_WITH_INTERVALS = 5

# With fewer images in a bin, the interval would be wider than the axis.
_IMAGES_FOR_INTERVAL = 6


@dataclass(frozen=True)
class _Size:
    """A way to measure holes."""

    column: str
    label: str
    edges: tuple[float, ...]
    scale: float


_SIZES = (
    _Size("coverage", "Coverage (% of the image)", COVERAGE_EDGES, 100),
    _Size("thickness", "Thickness (radius in pixels)", THICKNESS_EDGES, 1),
)


def draw(request: Request) -> Drawing:
    """Draw the mean score in each bin of hole size."""
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    methods, comparisons = request.ranked(), request.comparisons()
    style = request.looks()
    coloured = methods[:_COLOURED]
    names = shortened(coloured, 18 if request.narrow else 30)
    labels = list(names.values())
    others = len(methods) - len(coloured)
    if others:
        labels.append(f"{others} others")
    em = request.style.em
    height = em * (9.5 * len(comparisons) + 4.5 + 1.6 * legend_rows(request, labels))
    figure = Figure(figsize=(request.width, height), layout="constrained")
    grid = figure.subplots(len(comparisons), len(_SIZES), sharey="row", sharex="col", squeeze=False)
    for column, size in enumerate(_SIZES):
        sizes = request.summary.scores.cases[size.column]
        used: set[int] = set()
        for row, (metric, comparison) in enumerate(comparisons):
            bins = _binned(comparison, sizes.loc[comparison.cases].to_numpy(), size.edges)
            used |= set(bins)
            _curves(grid[row, column], bins, comparison, methods, style)
            if column == 0:
                grid[row, 0].set_ylabel(axis_label(metric))
        _bin_axis(grid[-1, column], size, used, request)
    figure.align_ylabels(grid[:, 0])
    handles = [style[m].handle(names[m], style[m].dashes) for m in coloured]
    if others:
        handles.append(Line2D([], [], color=GREY, alpha=0.6, label=labels[-1]))
    legend(figure, request, handles, above=False)
    with_intervals = len(methods) <= _WITH_INTERVALS
    return Drawing(
        figure,
        "Mean quality against the size of the hole; bins hold their right end.",
        f"Vertical lines, in bins of at least {_IMAGES_FOR_INTERVAL} images: {interval_words()}"
        if with_intervals
        else "",
        f"Grey: the {others} methods ranked lower." if others else "",
        request.support(),
        request.set_aside(),
        request.missing_metrics(),
    )


def _binned(
    comparison: Comparison, sizes: Floats, edges: Sequence[float]
) -> dict[int, list[Estimate]]:
    """Average the cases of each bin that has any: number of the bin → a mean a method."""
    numbers = np.searchsorted(edges, sizes, side="left") - 1
    return {
        int(number): estimates(
            comparison.values[numbers == number],
            comparison.images[numbers == number],
            comparison.bounds,
        )
        for number in np.unique(numbers)
    }


def _curves(
    panel: Axes,
    bins: dict[int, list[Estimate]],
    comparison: Comparison,
    methods: Sequence[str],
    style: dict[str, Look],
) -> None:
    panel.grid(axis="y")
    spread = 0.5 / max(1, len(methods)) if len(methods) <= _WITH_INTERVALS else 0.0
    for place, method in reversed(list(enumerate(methods))):
        means = {b: bins[b][comparison.variants.index(method)] for b in sorted(bins)}
        shift = spread * (place - (len(methods) - 1) / 2)
        x = [number + 0.5 + shift for number in means]
        y = [estimate.mean for estimate in means.values()]
        look = style[method]
        if place >= _COLOURED:
            panel.plot(x, y, color=GREY, alpha=0.6, zorder=1)
            continue
        panel.plot(x, y, color=look.colour, marker=look.marker, linestyle=look.dashes)
        if spread:
            for position, estimate in zip(x, means.values(), strict=True):
                if estimate.images >= _IMAGES_FOR_INTERVAL:
                    panel.plot([position] * 2, [estimate.low, estimate.high], color=look.colour)


def _bin_axis(panel: Axes, size: _Size, used: set[int], request: Request) -> None:
    """Label the ends of the bins, every other one where there is little room."""
    if not used:
        raise NothingToShow("no case has a score to be shown against the size of its hole")
    first, last = min(used), max(used) + 1
    panel.set_xlim(first - 0.1, last + 0.1)
    ends = range(first, last + 1)
    panel.set_xticks(list(ends), [_end(size.edges[i] * size.scale) for i in ends])
    panel.set_xlabel(size.label.split(" (")[0] if request.narrow else size.label)


def _end(value: float) -> str:
    return f"{value:g}" if math.isfinite(value) else "∞"
