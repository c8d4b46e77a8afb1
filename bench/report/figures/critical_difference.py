"""Critical-difference diagram (Demšar 2006): mean ranks on a line, tied methods joined by bars.

Where a narrow figure has many methods, each has a row of its own instead.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from inpaintbench.report.figures.drawing import Drawing, NothingToShow, Request
from inpaintbench.report.figures.style import BAND, GREY, INK, shortened
from inpaintbench.report.numbers import p_value
from inpaintbench.statistics.bootstrap import LEVEL, Floats
from inpaintbench.statistics.rankings import Ranking
from inpaintbench.statistics.ranks import critical_difference

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Methods above which the names of a narrow figure leave no room for a scale between them.
_MOST_NARROW = 8


@dataclass(frozen=True, eq=False)
class _Diagram:
    """Mean ranks of methods, the groups that bars join, and the critical difference if one is."""

    title: str
    variants: tuple[str, ...]
    ranks: Floats
    groups: Sequence[tuple[int, ...]]
    difference: float = 0.0

    def height(self, em: float) -> float:
        """Inches that it takes."""
        bars = 0.75 * len(self.groups) + 0.4
        return em * (5 + self._heading + bars + 1.6 * math.ceil(len(self.variants) / 2) + 1)

    @property
    def _heading(self) -> float:
        """Lines of a title above the bracket of the critical difference."""
        return 1.6 if self.title and self.difference else 0.0

    def draw(self, axes: Axes, top: float, margin: float, request: Request) -> None:
        """Draw it from `top` downwards, with `margin` inches for names at both sides."""
        em, width, count = request.style.em, request.width, len(self.variants)

        def place(rank: float) -> float:
            return margin + (width - 2 * margin) * (rank - 1) / (count - 1)

        axes.text(0.3 * em, top + 0.9 * em, self.title, va="center_baseline", weight="bold")
        top += self._heading * em
        line = top + 3.4 * em
        _scale(axes, place(1), place(count), line, count, request)
        if self.difference:
            _bracket(axes, place, self.difference, count, top, em)
        thick = request.style.line_width * 2.5
        for number, group in enumerate(self.groups):
            y = line + (0.9 + 0.75 * number) * em
            at = [place(self.ranks[column]) for column in group]
            ends = [min(at) - 0.25 * em, max(at) + 0.25 * em]
            axes.plot(ends, [y, y], color=INK, linewidth=thick, zorder=3)
            # being tied isn't transitive: a bar may pass a method that isn't of its group
            axes.plot(at, [y] * len(at), "o", color="white", markersize=thick * 0.6, zorder=4)
        rows = math.ceil(count / 2)
        first = line + (1.65 + 0.75 * len(self.groups) + 0.4) * em
        names = _labels(self, request)
        for number, column in enumerate(np.argsort(self.ranks, kind="stable").tolist()):
            left = number < rows
            row = number if left else count - 1 - number
            x, y = place(self.ranks[column]), first + 1.6 * em * (row + 0.5)
            end = margin - 0.3 * em if left else width - margin + 0.3 * em
            axes.plot([x, x, end], [line, y, y], color=GREY)
            beside = end + (-0.3 if left else 0.3) * em
            side = "right" if left else "left"
            axes.text(beside, y, names[column], ha=side, va="center_baseline")

    def draw_rows(self, panel: Axes, request: Request) -> None:
        """Draw a row a method, best on top, the bars upright at the right of the scale."""
        count, order = len(self.variants), np.argsort(self.ranks, kind="stable").tolist()
        names = _labels(self, request)
        panel.set_title(self.title, loc="left", weight="bold")
        panel.set_yticks(range(count), [names[column] for column in order])
        panel.tick_params(axis="y", length=0)
        panel.spines["left"].set_visible(False)
        panel.set_ylim(count - 0.5, -0.5)
        for row in range(0, count, 2):
            panel.axhspan(row - 0.5, row + 0.5, color=BAND, linewidth=0, zorder=0)
        panel.plot(self.ranks[order], range(count), "o", color=INK)
        step = count / 18
        for number, group in enumerate(self.groups):
            rows = sorted(order.index(column) for column in group)
            x = count + (number + 1.5) * step
            thick = request.style.line_width * 2.5
            panel.plot([x, x], [rows[0] - 0.3, rows[-1] + 0.3], color=INK, linewidth=thick)
            panel.plot([x] * len(rows), rows, "o", color="white", markersize=thick * 0.6)
        panel.set_xlim(0.5, count + (len(self.groups) + 1.5) * step)
        panel.set_xticks(range(1, count + 1, max(1, count // 6)))
        panel.spines["bottom"].set_bounds(1, count)


def draw(request: Request) -> Drawing:
    """Draw the mean ranks of each axis, and which methods can't be told apart."""
    standing = request.summary.overall
    if standing.ranking is None or len(standing.support.compared) < 2:
        raise NothingToShow("fewer than two methods are ranked")
    if standing.ranking.comparison.image_count < 2:
        raise NothingToShow("a single image gives no critical difference")
    several = len(standing.rankings) > 1
    make = _by_nemenyi if request.nemenyi else _of_leaderboard
    made = [
        make(ranking, f"{by.capitalize()}: {_metrics(ranking)}" if several else "")
        for by, ranking in standing.rankings.items()
    ]
    diagrams = [diagram for diagram, _ in made]
    crowded = request.narrow and len(standing.support.compared) > _MOST_NARROW
    return Drawing(
        (_in_rows if crowded else _on_a_line)(diagrams, request),
        *dict.fromkeys(sentence for _, sentences in made for sentence in sentences),
        "" if several else f"Made from {_metrics(standing.ranking)}.",
        request.set_aside(),
        request.missing_metrics(),
    )


def _on_a_line(diagrams: Sequence[_Diagram], request: Request) -> Figure:
    from matplotlib.figure import Figure

    em, width = request.style.em, request.width
    longest = max(len(label) for diagram in diagrams for label in _labels(diagram, request))
    height = sum(diagram.height(em) for diagram in diagrams)
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
    axes.set_axis_off()
    top = 0.0
    for diagram in diagrams:
        diagram.draw(axes, top, em * (0.58 * longest + 1.2), request)
        top += diagram.height(em)
    return figure


def _in_rows(diagrams: Sequence[_Diagram], request: Request) -> Figure:
    from matplotlib.figure import Figure

    height = request.style.em * sum(1.5 * len(diagram.variants) + 5 for diagram in diagrams)
    figure = Figure(figsize=(request.width, height), layout="constrained")
    panels = figure.subplots(len(diagrams), 1, squeeze=False)[:, 0]
    for panel, diagram in zip(panels, diagrams, strict=True):
        diagram.draw_rows(panel, request)
    panels[-1].set_xlabel("mean rank")
    return figure


def _of_leaderboard(ranking: Ranking, title: str) -> tuple[_Diagram, Sequence[str]]:
    comparison = ranking.comparison
    groups = [group for group in ranking.groups if len(group) > 1]
    return _Diagram(title, comparison.variants, comparison.values.mean(axis=0), groups), (
        "Mean over cases of the rank within the case; 1 is best.",
        "Bars join the methods at their dots, no two of which can be told apart (the leaderboard's "
        "ties: signed-rank test on images, corrected by Holm over all pairs, and paired interval).",
    )


def _by_nemenyi(ranking: Ranking, title: str) -> tuple[_Diagram, Sequence[str]]:
    comparison = ranking.comparison
    found = critical_difference(comparison.values, comparison.images, higher_is_better=False)
    diagram = _Diagram(title, comparison.variants, found.mean_ranks, found.groups, found.difference)
    of = f" ({title})" if title else ""
    return diagram, (
        f"Mean over {found.images} images of the rank of the method's mean rank on the image; 1 is "
        "best.",
        f"Bars join methods whose mean ranks differ by less than Nemenyi's critical difference "
        f"(CD = {found.difference:.2f}, {1 - LEVEL:.2f} level): one for all pairs, whatever their "
        "spread, so its ties aren't the leaderboard's, which tests each pair by its own "
        "differences.",
        f"Friedman's test{of}: p {_equals(found.friedman_p)}."
        if np.isfinite(found.friedman_p)
        else "",
    )


def _labels(diagram: _Diagram, request: Request) -> list[str]:
    names = shortened(diagram.variants, 15 if request.narrow else 30)
    return [
        f"{names[variant]}  {rank:.2f}"
        for variant, rank in zip(diagram.variants, diagram.ranks, strict=True)
    ]


def _metrics(ranking: Ranking) -> str:
    return ", ".join(metric.label for metric in ranking.metrics)


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


def _bracket(
    axes: Axes, place: Callable[[float], float], value: float, count: int, top: float, em: float
) -> None:
    """Draw the critical difference above the scale, as long as it is."""
    y = top + 0.9 * em
    text = f"CD = {value:.2f}"
    left, right = place(1), place(1 + value)
    if right > place(count):
        axes.text(left, y, f"{text}, longer than the scale", va="center", fontsize="small")
        return
    axes.plot(
        [left, left, left, right, right, right],
        [y - 0.2 * em, y + 0.2 * em, y, y, y - 0.2 * em, y + 0.2 * em],
        color=INK,
    )
    axes.text(right + 0.4 * em, y, text, va="center_baseline", fontsize="small")
