"""What every kind of figure takes and gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inpaintbench.errors import BenchError
from inpaintbench.report.figures.style import STYLES, Style
from inpaintbench.report.kinds import StyleName
from inpaintbench.report.pictures import Pictures
from inpaintbench.report.summary import Summary
from inpaintbench.statistics.bootstrap import LEVEL
from inpaintbench.statistics.scores import MetricInfo

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class NothingToShow(BenchError):
    """Why a run can't fill a kind of figure: no timings, a single method, …."""


@dataclass(frozen=True, eq=False)
class Request:
    """A figure that is wanted.

    Parameters
    ----------
    summary : Summary
        The run.
    style : Style
        What the figure is for.
    width : float
        Inches.
    pictures : Pictures or None
        For the kinds that show pictures.
    cases : tuple of str
        Ids of the cases whose pictures are shown; empty chooses one of each mask suite.
    errors, insets : bool
        Whether the picture grid shows error maps, and zooms into the hole.
    """

    summary: Summary
    style: Style = STYLES[StyleName.paper]
    width: float = STYLES[StyleName.paper].width
    pictures: Pictures | None = None
    cases: tuple[str, ...] = ()
    errors: bool = True
    insets: bool = True

    @property
    def narrow(self) -> bool:
        """Whether there is room for about 60 characters across, or fewer."""
        return self.width / self.style.em < 45

    def metrics(self) -> tuple[MetricInfo, ...]:
        """Return the main metrics that have scores; chosen by nobody, those of quality only.

        Raises
        ------
        NothingToShow
            When there is none.
        """
        metrics = self.summary.shown
        if not metrics:
            raise NothingToShow("no main metric of the run has a score")
        if not self.summary.metrics:
            metrics = tuple(metric for metric in metrics if metric.measures_quality)
        if not metrics:
            raise NothingToShow("nothing was scored that methods are ranked by")
        return metrics

    def ranked(self) -> tuple[str, ...]:
        """Return the methods that are ranked, best first.

        Raises
        ------
        NothingToShow
            When there is none.
        """
        order = self.summary.overall.order
        if not order and self.summary.overall.support.compared:
            raise NothingToShow("nothing was scored that methods are ranked by")
        if not order:
            raise NothingToShow("no method finished enough cells to be shown")
        return order


@dataclass(frozen=True, eq=False)
class Drawing:
    """A figure and the sentences that belong below it."""

    figure: Figure
    caption: str


def sentences(parts: Sequence[str]) -> str:
    """Join the sentences of a caption."""
    return " ".join(part for part in parts if part)


def missing_metrics(summary: Summary) -> str:
    """Say which main metrics are missing and why."""
    return sentences(
        [f"{m.label} is missing: {m.missing}." for m in summary.overall.main if m.missing]
    )


def left_out(summary: Summary) -> str:
    """Say which methods a figure of ranked methods doesn't show, and which metrics are missing."""
    support = summary.overall.support
    names = [f"{n} ({support.finished[n]}/{support.reached})" for n in support.set_aside]
    aside = f"Not shown, since too few cells were finished: {', '.join(names)}." if names else ""
    return sentences([aside, missing_metrics(summary)])


def support_words(summary: Summary) -> str:
    """Say what the means of a figure are over."""
    support = summary.overall.support
    number = len(support.compared)
    who = "the method" if number == 1 else f"all {number} methods"
    return f"Over the {len(support.cases)} of {support.reached} cases that {who} finished."


def interval_words() -> str:
    """Say what intervals are, in a caption."""
    return f"{LEVEL:.0%} bootstrap intervals, clustered by image.".replace("%", " %")
