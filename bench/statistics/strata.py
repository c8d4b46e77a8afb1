"""Group cases by how much their hole covers, or by how thick it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import pandas as pd

from inpaintbench.masks.statistics import (
    COVERAGE_EDGES,
    THICKNESS_EDGES,
    coverage_bin,
    thickness_bin,
)

Measure: TypeAlias = Literal["coverage", "thickness"]
"""What is measured of a hole: hole area / image area, or the largest radius in pixels."""

_ENDS = {
    "coverage": (COVERAGE_EDGES[0], COVERAGE_EDGES[-1]),
    "thickness": (THICKNESS_EDGES[0], THICKNESS_EDGES[-1]),
}


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
        sizes = _measured(cases, self.measure)
        return sizes.index[_bins(sizes, self.measure) == self.bin]


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
    bins = _bins(_measured(cases, measure), measure).remove_unused_categories()
    return [Stratum(measure, name) for name in bins.categories]


def _measured(cases: pd.DataFrame, measure: Measure) -> pd.Series[float]:
    """Return the sizes of the holes that lie in some bin."""
    low, high = _ENDS[measure]
    sizes = cases[measure]
    return sizes[(sizes > low) & (sizes <= high)]


def _bins(sizes: pd.Series[float], measure: Measure) -> pd.Categorical[str]:
    return coverage_bin(sizes) if measure == "coverage" else thickness_bin(sizes)
