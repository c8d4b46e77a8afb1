"""The names of tables, figures, formats and styles, as on the command line."""

from __future__ import annotations

import enum


class TableKind(enum.StrEnum):
    """The tables there are."""

    leaderboard = "leaderboard"
    groups = "groups"
    suites = "suites"
    coverage = "coverage"
    thickness = "thickness"
    pairs = "pairs"
    draws = "draws"
    posterior = "posterior"
    distribution = "distribution"
    failures = "failures"


REPORT_TABLES = tuple(kind for kind in TableKind if kind is not TableKind.distribution)
"""The tables of a report: those that are made from a run's rows."""


class Format(enum.StrEnum):
    """The formats a table can be written in."""

    markdown = "markdown"
    latex = "latex"
    csv = "csv"
    html = "html"

    @property
    def suffix(self) -> str:
        """Ending of a file in this format."""
        return {"markdown": ".md", "latex": ".tex"}.get(self.value, f".{self.value}")


class IntervalStyle(enum.StrEnum):
    """How intervals are shown in a table."""

    brackets = "brackets"
    plus_minus = "plus-minus"
    none = "none"


class FigureKind(enum.StrEnum):
    """The figures there are."""

    suites = "suites"
    distribution = "distribution"
    holes = "holes"
    plane = "plane"
    runtime = "runtime"
    critical_difference = "critical-difference"
    ranks = "ranks"
    rank_histogram = "rank-histogram"
    pictures = "pictures"


class StyleName(enum.StrEnum):
    """What a figure is for."""

    paper = "paper"
    talk = "talk"
    web = "web"
