"""Draw trends: a figure a method, a panel a metric, a line where the level changed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from inpaintbench.images.files import write_whole
from inpaintbench.regression.trends import Trend
from inpaintbench.regression.verdicts import RUNTIME

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WORSE, _BETTER = "#D55E00", "#009E73"
_PANEL_EMS = 14
_LABELS = 12


def write_trends(trends: Sequence[Trend], folder: Path) -> list[Path]:
    """Write ``trends.csv`` and a PNG for each method; return what was written."""
    table = pd.DataFrame(
        [
            {
                "method": trend.variant,
                "metric": trend.metric.id,
                "suite": trend.suite,
                "machine": trend.machine,
                "commit": point.commit,
                "date": point.date,
                "value": point.value,
                "change": next(
                    ("worse" if c.worse else "improved" for c in trend.changes if c.at == i), ""
                ),
            }
            for trend in trends
            for i, point in enumerate(trend.points)
        ]
    )
    written = [folder / "trends.csv"]
    write_whole(written[0], table.to_csv(index=False))
    methods = dict.fromkeys(trend.variant for trend in trends)
    for method in methods:
        path = folder / f"{_file_name(method)}.png"
        _draw(method, [trend for trend in trends if trend.variant == method], path)
        written.append(path)
    return written


def _file_name(method: str) -> str:
    """Name a file after a method; a digest keeps names apart that look the same then."""
    plain = re.sub(r"[^\w.-]+", "-", method).strip("-.")
    if plain == method:
        return plain
    return f"{plain[:60]}-{hashlib.sha256(method.encode()).hexdigest()[:6]}"


def _draw(method: str, trends: Sequence[Trend], path: Path) -> None:
    from matplotlib.figure import Figure

    from inpaintbench.report.figures.style import STYLES, applied, save
    from inpaintbench.report.kinds import StyleName

    style = STYLES[StyleName.web]
    with applied(style):
        figure = Figure(
            figsize=(style.width, style.em * (_PANEL_EMS * len(trends) + 3)), layout="constrained"
        )
        for panel, trend in zip(
            figure.subplots(len(trends), 1, squeeze=False)[:, 0], trends, strict=True
        ):
            _panel(panel, trend)
        figure.suptitle(method)
        save(figure, path)


def _panel(panel: Axes, trend: Trend) -> None:
    """Draw the runs in their order, a step a level, and a line at each change."""
    from inpaintbench.report.figures.drawing import axis_label
    from inpaintbench.report.figures.style import GREY, INK

    values = [point.value for point in trend.points]
    panel.plot(range(len(values)), values, "o-", color=GREY, markerfacecolor=INK)
    ends = [*(change.at for change in trend.changes), len(values)]
    for change, end in zip(trend.changes, ends[1:], strict=True):
        colour = _WORSE if change.worse else _BETTER
        panel.axvline(change.at - 0.5, color=colour, linestyle="--")
        panel.plot([change.at - 0.5, end - 0.5], [change.after] * 2, color=colour)
    every = max(1, -(-len(values) // _LABELS))
    shown = range(0, len(values), every)
    panel.set_xticks(
        list(shown), [trend.points[i].commit[:8] or trend.points[i].date[:10] for i in shown]
    )
    panel.set_ylabel(axis_label(trend.metric))
    where = trend.machine if trend.metric.id == RUNTIME else trend.suite or "all suites"
    panel.set_title(where, loc="left", fontsize="small")
    panel.grid(axis="y")
