"""Means as pages show them: text, interval, and what they are marked with."""

from __future__ import annotations

from dataclasses import dataclass

from inpaintbench.report import notes
from inpaintbench.report.numbers import MISSING, fixed
from inpaintbench.statistics.standings import Entry, Estimate


@dataclass(frozen=True)
class Shown:
    """A mean as it is shown.

    Parameters
    ----------
    text : str
        The mean, or a dash.
    interval : str
        ``[low, high]``, or empty where none is possible.
    mark : str
        ``≈`` tied with the best, ``†`` not comparable, or empty.
    place : str
        ``best``, ``second`` or empty.
    value : float or None
        The mean in full precision.
    """

    text: str = MISSING
    interval: str = ""
    mark: str = ""
    place: str = ""
    value: float | None = None

    @property
    def packed(self) -> list[str | float | None]:
        """Put it into the form in which the browser gets it."""
        return [self.text, self.interval, self.mark, self.place, self.value]


def interval_text(estimate: Estimate, digits: int) -> str:
    """Write an interval in brackets; nothing where none is possible."""
    if not estimate.has_interval:
        return ""
    return f"[{fixed(estimate.low, digits)}, {fixed(estimate.high, digits)}]"


def shown_quality(entry: Entry | None, metric: str, digits: int) -> Shown:
    """Show a method's mean of a metric."""
    quality = entry.qualities.get(metric) if entry else None
    if entry is None or quality is None:
        return Shown()
    aside = notes.SET_ASIDE if entry.set_aside else ""
    return Shown(
        text=fixed(quality.estimate.mean, digits),
        interval=interval_text(quality.estimate, digits),
        mark=notes.TIED if quality.tied else aside,
        place="best" if quality.best else "second" if quality.second else "",
        value=quality.estimate.mean,
    )


def shown_mean_rank(entry: Entry, digits: int) -> Shown:
    """Show a method's mean rank."""
    rank = entry.mean_rank
    if rank is None:
        return Shown()
    return Shown(fixed(rank.mean, digits), interval_text(rank, digits), value=rank.mean)
