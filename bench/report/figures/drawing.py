"""What every kind of figure takes and gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inpaintbench.errors import BenchError
from inpaintbench.report.figures.style import STYLES, Look, Style, looks
from inpaintbench.report.kinds import StyleName
from inpaintbench.report.numbers import percent
from inpaintbench.report.pictures import Pictures
from inpaintbench.report.summary import Summary
from inpaintbench.statistics.bootstrap import LEVEL
from inpaintbench.statistics.comparison import Comparison
from inpaintbench.statistics.scores import MetricInfo

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class NothingToShow(BenchError):
    """Why a run can't fill a kind of figure: no timings, a single method, …."""


@dataclass(frozen=True)
class SetScores:
    """A metric of whole sets of results, which has no interval: FID, KID.

    Parameters
    ----------
    metric : MetricInfo
    by_suite : mapping
        Mask suite → method → value; lacks what has none.
    """

    metric: MetricInfo
    by_suite: Mapping[str, Mapping[str, float]]


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
    nemenyi : bool
        Whether the critical differences are Nemenyi's instead of the leaderboard's ties.
    sets : SetScores, optional
        What stands for perception in the plane, instead of a metric of the run.
    """

    summary: Summary
    style: Style = STYLES[StyleName.paper]
    width: float = STYLES[StyleName.paper].width
    pictures: Pictures | None = None
    cases: tuple[str, ...] = ()
    errors: bool = True
    insets: bool = True
    nemenyi: bool = False
    sets: SetScores | None = None

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

    def comparisons(self) -> list[tuple[MetricInfo, Comparison]]:
        """Return the metrics with what they say of the methods that are ranked."""
        found = self.summary.overall.comparisons
        return [(metric, found[metric.id]) for metric in self.metrics() if metric.id in found]

    def looks(self) -> dict[str, Look]:
        """Return how the run's methods are told apart, the same in every figure."""
        return looks(list(self.summary.rows.variants["variant"]))

    def missing_metrics(self) -> str:
        """Say which main metrics are missing and why."""
        main = self.summary.overall.main
        return " ".join(f"{m.label} is missing: {m.missing}." for m in main if m.missing)

    def set_aside(self) -> str:
        """Say which methods a figure of ranked methods doesn't show."""
        support = self.summary.overall.support
        names = [f"{n} ({support.finished[n]}/{support.reached})" for n in support.set_aside]
        few = "Not shown, since too few cells were finished"
        return f"{few}: {', '.join(names)}." if names else ""

    def support(self) -> str:
        """Say what the means of a figure are over."""
        support = self.summary.overall.support
        number = len(support.compared)
        who = "the method" if number == 1 else f"all {number} methods"
        return f"Over the {len(support.cases)} of {support.reached} cases that {who} finished."


class Drawing:
    """A figure and the sentences that belong below it.

    Parameters
    ----------
    figure : Figure
    sentences : str
        Those that are empty are left out.
    """

    def __init__(self, figure: Figure, *sentences: str) -> None:
        self.figure = figure
        self.caption = " ".join(filter(None, sentences))


def axis_label(metric: MetricInfo) -> str:
    """Name a metric with its unit and direction."""
    return f"{metric.label}{f' ({metric.unit})' if metric.unit else ''} {metric.arrow}"


def interval_words() -> str:
    """Say what intervals are, in a caption."""
    return f"{percent(LEVEL)} bootstrap intervals, clustered by image."
