"""Critical-difference diagram (Demšar 2006): mean ranks on a line, tied methods joined by bars."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from inpaintbench.report.figures.drawing import Drawing, NothingToShow, Request
from inpaintbench.report.figures.style import GREY, INK, shortened
from inpaintbench.report.numbers import p_value
from inpaintbench.statistics.bootstrap import LEVEL
from inpaintbench.statistics.ranks import critical_difference

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw(request: Request) -> Drawing:
    """Draw the mean ranks over images and what Nemenyi's test can't tell apart."""
    import numpy as np
    from matplotlib.figure import Figure

    standing = request.summary.overall
    ranking = standing.ranking
    if ranking is None or len(ranking.variants) < 2:
        raise NothingToShow("fewer than two methods are ranked")
    if ranking.image_count < 2:
        raise NothingToShow("a single image gives no critical difference")
    found = critical_difference(ranking.values, ranking.images, higher_is_better=False)
    methods = ranking.variants
    order = [int(i) for i in np.argsort(found.mean_ranks, kind="stable")]
    em, width = request.style.em, request.width
    names = shortened(methods, 15 if request.narrow else 30)
    labels = [f"{names[methods[i]]}  {found.mean_ranks[i]:.2f}" for i in range(len(methods))]
    margin = em * (0.58 * max(map(len, labels)) + 1.2)
    rows = (len(methods) + 1) // 2
    top, step = 3.4 * em, 1.6 * em
    bars = top + 0.9 * em
    first = bars + 0.75 * em * len(found.groups) + 0.4 * em
    height = first + step * rows

    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
    axes.set_axis_off()

    def place(rank: float) -> float:
        return margin + (width - 2 * margin) * (rank - 1) / (len(methods) - 1)

    _scale(axes, place(1), place(len(methods)), top, len(methods), request)
    _bracket(axes, place(1), place(1 + found.difference), place(len(methods)), found.difference, em)
    thick = request.style.line_width * 2.5
    for number, group in enumerate(found.groups):
        y = bars + 0.75 * em * number
        ends = [place(found.mean_ranks[group[0]]), place(found.mean_ranks[group[-1]])]
        reach = 0.25 * em
        axes.plot([ends[0] - reach, ends[1] + reach], [y, y], color=INK, linewidth=thick)
    for place_in_order, column in enumerate(order):
        left = place_in_order < rows
        row = place_in_order if left else len(order) - 1 - place_in_order
        x, y = place(found.mean_ranks[column]), first + step * (row + 0.5)
        end = margin - 0.3 * em if left else width - margin + 0.3 * em
        axes.plot([x, x, end], [top, y, y], color=GREY)
        axes.text(
            end + (-0.3 if left else 0.3) * em,
            y,
            labels[column],
            ha="right" if left else "left",
            va="center_baseline",
        )
    metrics = [metric.label for metric in standing.main if metric.id in standing.comparisons]
    return Drawing(
        figure,
        f"Mean ranks over {found.images} images (rank of the method's mean rank over "
        f"{', '.join(metrics)} on the image; 1 is best). Bars join methods whose mean "
        f"ranks differ by less than Nemenyi's critical difference (CD = "
        f"{found.difference:.2f}, {1 - LEVEL:.2f} level).",
        f"Friedman's test: p {_equals(found.friedman_p)}." if np.isfinite(found.friedman_p) else "",
        request.set_aside(),
        request.missing_metrics(),
    )


def _equals(p: float) -> str:
    text = p_value(p)
    return text.replace("<", "< ") if text.startswith("<") else f"= {text}"


def _scale(axes: Axes, left: float, right: float, y: float, methods: int, request: Request) -> None:
    """Draw the line of ranks, with ticks above."""
    em = request.style.em
    axes.plot([left, right], [y, y], color=INK)
    step = max(1, math.ceil(1.7 * em * (methods - 1) / (right - left)))
    for rank in range(1, methods + 1):
        x = left + (right - left) * (rank - 1) / (methods - 1)
        axes.plot([x, x], [y - 0.35 * em, y], color=INK, linewidth=request.style.line_width * 0.7)
        if (rank - 1) % step == 0:
            axes.text(x, y - 0.5 * em, str(rank), ha="center", va="bottom", fontsize="small")


def _bracket(axes: Axes, left: float, right: float, most: float, value: float, em: float) -> None:
    """Draw the critical difference above the scale, as long as it is."""
    y = 0.9 * em
    text = f"CD = {value:.2f}"
    if right > most:
        axes.text(left, y, f"{text}, longer than the scale", va="center", fontsize="small")
        return
    axes.plot(
        [left, left, left, right, right, right],
        [y - 0.2 * em, y + 0.2 * em, y, y, y - 0.2 * em, y + 0.2 * em],
        color=INK,
    )
    axes.text(right + 0.4 * em, y, text, va="center_baseline", fontsize="small")
