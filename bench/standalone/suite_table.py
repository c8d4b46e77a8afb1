"""Measure mask suites and write what they measure as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from inpaintbench.masks.base import MaskSuite, RandomStream, Sample
from inpaintbench.masks.statistics import mask_statistics
from inpaintbench.planning.case import draw_kind
from inpaintbench.plugins.specification import label

if TYPE_CHECKING:
    import pandas as pd

START, END = "<!-- statistics of the suites: start -->", "<!-- statistics of the suites: end -->"
"""Lines of a document between which the table is written."""


def measure_suite(suite: MaskSuite, samples: Sequence[Sample], draws: int) -> pd.DataFrame:
    """Draw `draws` masks of each kind, on the samples in turn, and measure them.

    Returns
    -------
    DataFrame
        A row a mask: `suite`, `kind`, and what `MaskStatistics` holds.
    """
    import pandas as pd

    rows = []
    for kind in suite.kinds:
        for number in range(draws):
            random = RandomStream("statistics", label(suite), suite.version, kind, number)
            sample = samples[number % len(samples)]
            mask = draw_kind(suite, kind, sample, random, sample.id)
            rows.append({"suite": label(suite), "kind": kind, **vars(mask_statistics(mask))})
    return pd.DataFrame(rows)


def markdown_table(suites: Sequence[pd.DataFrame]) -> str:
    """Write the measures of suites as a Markdown table, a suite's name on its first row only."""
    lines = [
        "| suite | kind | coverage % | min to max | thickness px | min to max | at the border % |",
        "|---|---|--:|--:|--:|--:|--:|",
    ]
    for measured in suites:
        name = f"`{measured['suite'].iloc[0]}`"
        for kind, masks in measured.groupby("kind", sort=False):
            covered, thickness = 100 * masks["coverage"], masks["thickness"]
            lines.append(
                f"| {name} | {'' if kind == 'default' else kind} | {covered.mean():.1f} | "
                f"{covered.min():.1f} to {covered.max():.1f} | {thickness.mean():.1f} | "
                f"{thickness.min():.1f} to {thickness.max():.1f} | "
                f"{100 * masks['border_contact'].mean():.0f} |"
            )
            name = ""
    return "\n".join(lines) + "\n"


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
