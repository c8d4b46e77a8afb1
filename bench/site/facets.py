"""What cases can be filtered by: dataset, suite, and the bins of coverage and thickness."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from inpaintbench.masks.statistics import (
    COVERAGE_EDGES,
    THICKNESS_EDGES,
    bin_labels,
)


@dataclass(frozen=True)
class Facet:
    """A property of cases with few values.

    Parameters
    ----------
    key : str
        Its name in addresses.
    title : str
        Its name on the page.
    values : tuple of str
        The values that occur.
    labels : tuple of str
        How each value is written.
    codes : tuple of int
        For each case the number of its value, or -1 where it has none.
    """

    key: str
    title: str
    values: tuple[str, ...]
    labels: tuple[str, ...]
    codes: tuple[int, ...]


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
    names = tuple(str(value) for value in values)
    return Facet(key, title, names, names, tuple(int(code) for code in codes))


def _binned(
    key: str,
    title: str,
    column: pd.Series[float],
    edges: tuple[float, ...],
    scale: float,
    unit: str,
) -> Facet:
    """Sort a column into bins, closed on the right; a value outside has none."""
    values = column.to_numpy(np.float64)
    found = np.searchsorted(edges, values, side="left") - 1
    inside = (values > edges[0]) & (values <= edges[-1])
    used = sorted({int(number) for number in found[inside]})
    names = bin_labels(edges)

    def label(number: int) -> str:
        low, high = edges[number] * scale, edges[number + 1] * scale
        return f"over {low:g}{unit}" if np.isinf(high) else f"{low:g}–{high:g}{unit}"

    place = {number: position for position, number in enumerate(used)}
    codes = tuple(
        place[int(number)] if here else -1 for number, here in zip(found, inside, strict=True)
    )
    return Facet(key, title, tuple(names[n] for n in used), tuple(label(n) for n in used), codes)
