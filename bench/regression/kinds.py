"""The names of verdicts, gates and formats, as on the command line."""

from __future__ import annotations

import enum


class Verdict(enum.StrEnum):
    """What may be said of a figure, or of a method, in NEW against BASE."""

    improved = "improved"
    same = "same"
    worse = "worse"
    cant_tell = "can't tell"


class Gate(enum.StrEnum):
    """What makes a comparison fail."""

    worse = "worse"
    cant_tell = "cant-tell"
    changed = "changed"
    missing = "missing"
    nothing = "nothing"


class Format(enum.StrEnum):
    """How a comparison is written."""

    terminal = "terminal"
    markdown = "markdown"
    json = "json"
    junit = "junit"
