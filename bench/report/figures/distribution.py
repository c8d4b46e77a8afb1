"""Distribution of scores per method: a violin with a box in it, a row a method."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from inpaintbench.report.figures.drawing import Drawing, Request
from inpaintbench.report.figures.panels import method_rows, value_axis
from inpaintbench.report.figures.style import INK, Look
from inpaintbench.statistics.bootstrap import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PolyCollection

# Below this many cases a density would be invented, so the cases themselves are drawn.
_FEW = 10


def draw(request: Request) -> Drawing:
    """Draw how the scores of each method spread over cases."""
    comparisons, methods = request.comparisons(), request.ranked()
    style = request.looks()
    figure, axes = method_rows(request, methods, columns=len(comparisons), row_ems=2.4)
    few = False
    for panel, (metric, comparison) in zip(axes, comparisons, strict=True):
        few |= len(comparison.values) < _FEW
        for row, method in enumerate(methods):
            values = comparison.values[:, comparison.variants.index(method)]
            _spread(panel, row, values, style[method], request.style.line_width)
        value_axis(panel, metric, request)
    shown = "Violins: density over cases. Boxes: quartiles, cut at the median."
    return Drawing(
        figure,
        "Distribution of scores over cases.",
        "Dots: cases, bars: medians." if few else shown,
        request.support(),
        request.set_aside(),
        request.missing_metrics(),
    )


def _spread(panel: Axes, row: int, values: Floats, look: Look, width: float) -> None:
    low, median, high = np.quantile(values, [0.25, 0.5, 0.75])
    if len(values) < _FEW:
        panel.plot(values, np.full(len(values), row), "o", color=look.colour, alpha=0.5)
    else:
        if np.ptp(values) > 0:
            parts = panel.violinplot(
                [values], positions=[row], orientation="horizontal", widths=0.85, showextrema=False
            )
            for body in cast("list[PolyCollection]", parts["bodies"]):
                body.set(
                    facecolor=look.colour, alpha=0.4, edgecolor=look.colour, linewidth=width / 2
                )
        panel.plot([low, high], [row, row], color=INK, linewidth=4 * width, solid_capstyle="butt")
    panel.plot(
        median,
        row,
        "|",
        color="white" if len(values) >= _FEW else INK,
        markersize=6 * width,
        markeredgewidth=1.8 * width,
    )
