"""What cases can be filtered by: dataset, suite, and the bins of coverage and thickness."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import isinf

import pandas as pd

from inpaintbench.masks.statistics import COVERAGE_EDGES, THICKNESS_EDGES, bin_labels


@dataclass(frozen=True)
class Facet:
    """A property of cases with few values: those that occur, and how each is written."""

    key: str  # in addresses
    title: str  # on the page
    values: tuple[str, ...]
    labels: tuple[str, ...]
    codes: tuple[int, ...]  # for each case the number of its value, or -1 where it has none


def facets(cases: pd.DataFrame) -> tuple[Facet, ...]:
    """Find the facets of the cases of a run."""
    return (
        _named("dataset", "Dataset", cases["dataset"]),
        _named("suite", "Mask suite", cases["suite"]),
        _binned("coverage", "Coverage", cases["coverage"], COVERAGE_EDGES, 100, " %"),
        _binned("thickness", "Thickness", cases["thickness"], THICKNESS_EDGES, 1, " px"),
    )


def _named(key: str, title: str, column: pd.Series[str]) -> Facet:
    codes, values = pd.factorize(column)
    return Facet(key, title, tuple(values), tuple(values), tuple(codes.tolist()))


def _binned(
    key: str,
    title: str,
    column: pd.Series[float],
    edges: tuple[float, ...],
    scale: float,
    unit: str,
) -> Facet:
    """Sort a column into bins, closed on the right; a value outside has none."""
    ends = [(low * scale, high * scale) for low, high in pairwise(edges)]
    labels = [
        f"over {low:g}{unit}" if isinf(high) else f"{low:g}–{high:g}{unit}" for low, high in ends
    ]
    written = dict(zip(bin_labels(edges), labels, strict=True))
    bins = pd.cut(column, list(edges), labels=list(written)).cat.remove_unused_categories().cat
    values = tuple(bins.categories)
    return Facet(key, title, values, tuple(written[v] for v in values), tuple(bins.codes.tolist()))
