"""What methods are ranked by."""

from __future__ import annotations

import enum


class RankBy(enum.StrEnum):
    """The ranks there are: one an axis of metrics, and one over the metrics of both."""

    perception = "perception"
    fidelity = "fidelity"
    both = "both"
