"""Group cases by how much their hole covers, or by how thick it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import pandas as pd

from inpaintbench.masks.statistics import COVERAGE_EDGES, THICKNESS_EDGES, bin_labels

Measure: TypeAlias = Literal["coverage", "thickness"]
"""What is measured of a hole: hole area / image area, or the largest radius in pixels."""

_EDGES = {"coverage": COVERAGE_EDGES, "thickness": THICKNESS_EDGES}


@dataclass(frozen=True)
class Stratum:
    """A bin of hole sizes, open on the left and closed on the right: ``(0.1, 0.2]``."""

    measure: Measure
    bin: str

    def __str__(self) -> str:
        unit = " px" if self.measure == "thickness" else ""
        return f"{self.measure} in {self.bin}{unit}"

    def of(self, cases: pd.DataFrame) -> pd.Index[str]:
        """Choose the cases whose holes lie in the bin."""
        return cases.index[_bins(cases, self.measure) == self.bin]


def strata(cases: pd.DataFrame, measure: Measure) -> list[Stratum]:
    """List the bins that hold cases, from the smallest holes to the largest.

    A case without a hole, or whose hole wasn't measured, is in no bin.

    Parameters
    ----------
    cases : DataFrame
        As ``Scores.cases``.
    measure : str
        ``coverage`` or ``thickness``.
    """
    bins = _bins(cases, measure).cat.remove_unused_categories()
    return [Stratum(measure, name) for name in bins.cat.categories]


def _bins(cases: pd.DataFrame, measure: Measure) -> pd.Series[str]:
    """Name the bin of each case; none for one outside of all bins."""
    return pd.cut(cases[measure], _EDGES[measure], labels=bin_labels(_EDGES[measure]))
