"""Measure mask suites and write what they measure as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inpaintbench.datasets.base import Sample
from inpaintbench.masks.base import MaskSuite
from inpaintbench.masks.random import RandomStream
from inpaintbench.masks.statistics import mask_statistics
from inpaintbench.plugins.specification import label

START, END = "<!-- statistics of the suites: start -->", "<!-- statistics of the suites: end -->"
"""Lines of a document between which the table is written."""


@dataclass(frozen=True, eq=False)
class KindMeasures:
    """What masks of one kind measure.

    Parameters
    ----------
    suite : str
        Specification.
    kind : str
        Kind of hole.
    coverage, thickness : (N,) array of float
        Of each mask.
    border_contact : (N,) array of bool
        Of each mask.
    """

    suite: str
    kind: str
    coverage: NDArray[np.float64]
    thickness: NDArray[np.float64]
    border_contact: NDArray[np.bool_]


def measure_suite(suite: MaskSuite, samples: Sequence[Sample], draws: int) -> list[KindMeasures]:
    """Draw `draws` masks of each kind, on the samples in turn, and measure them."""
    return [
        KindMeasures(label(suite), kind, *_measures(suite, kind, samples, draws))
        for kind in suite.kinds
    ]


def _measures(
    suite: MaskSuite, kind: str, samples: Sequence[Sample], draws: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    measured = []
    for number in range(draws):
        sample = samples[number % len(samples)]
        random = RandomStream("statistics", label(suite), suite.version, kind, number)
        measured.append(mask_statistics(suite.draw(sample, kind, random)))
    return (
        np.array([m.coverage for m in measured]),
        np.array([m.thickness for m in measured]),
        np.array([m.border_contact for m in measured]),
    )


def markdown_table(rows: Sequence[KindMeasures]) -> str:
    """Write the measures as a Markdown table, the suite's name on its first row only."""
    return "\n".join(_lines(rows)) + "\n"


def _lines(rows: Sequence[KindMeasures]) -> Iterator[str]:
    yield "| suite | kind | coverage % | min to max | thickness px | min to max | at the border % |"
    yield "|---|---|--:|--:|--:|--:|--:|"
    suite = ""
    for row in rows:
        name = "" if row.suite == suite else f"`{row.suite}`"
        suite = row.suite
        kind = "" if row.kind == "default" else row.kind
        covered = 100 * row.coverage
        yield (
            f"| {name} | {kind} | {covered.mean():.1f} | {covered.min():.1f} to "
            f"{covered.max():.1f} | {row.thickness.mean():.1f} | {row.thickness.min():.1f} to "
            f"{row.thickness.max():.1f} | {100 * row.border_contact.mean():.0f} |"
        )


def replace_table(document: str, table: str) -> str:
    """Put a table between the marks of a document.

    Raises
    ------
    ValueError
        When the document doesn't have both marks, in order.
    """
    before, start, rest = document.partition(START)
    _, end, after = rest.partition(END)
    if not start or not end:
        raise ValueError(f"there is no {START} followed by {END} in it")
    return f"{before}{start}\n\n{table}\n{end}{after}"
