"""Choose a part of a run: some methods, datasets or mask suites."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import pandas as pd

from inpaintbench.errors import BenchError
from inpaintbench.plugins.specification import parse
from inpaintbench.storage.rows import RunRows
from inpaintbench.suggestion import did_you_mean


def select(
    rows: RunRows,
    methods: Sequence[str] = (),
    datasets: Sequence[str] = (),
    suites: Sequence[str] = (),
) -> RunRows:
    """Keep what is named; nothing named keeps everything.

    Names are as the run has them, or without parameters for all of that name; methods come in the
    order given.

    Raises
    ------
    BenchError
        When the run has nothing of that name.
    """
    variants = rows.variants
    if methods:
        names = _named("method", methods, list(variants["variant"]))
        variants = variants.set_index("variant", drop=False).loc[names].reset_index(drop=True)
    cases = rows.cases
    if datasets:
        known = list(cases["dataset"].unique())
        cases = cases[cases["dataset"].isin(_named("dataset", datasets, known))]
    if suites:
        known = list(cases["suite"].unique())
        cases = cases[cases["suite"].isin(_named("mask suite", suites, known))]

    def kept(frame: pd.DataFrame) -> pd.DataFrame:
        here = frame["case"].isin(cases["case"]) & frame["variant"].isin(variants["variant"])
        return frame[here].reset_index(drop=True)

    whole = len(cases) == len(rows.cases)
    planned = rows.planned_cells // max(1, len(rows.variants)) if whole else len(cases)
    return dataclasses.replace(
        rows,
        cases=cases.reset_index(drop=True),
        variants=variants,
        cells=kept(rows.cells),
        scores=kept(rows.scores),
        timings=kept(rows.timings),
        planned_cells=planned * len(variants),
    )


def _named(kind: str, wanted: Sequence[str], known: list[str]) -> list[str]:
    """Resolve names to those that the run has, each once."""
    found: list[str] = []
    for name in wanted:
        same = [k for k in known if k == name] or [k for k in known if parse(k).name == name]
        if not same:
            raise BenchError(
                f"the run has no {kind} {name!r}{did_you_mean(name, known)} (it has: "
                f"{', '.join(known)})"
            )
        found += [k for k in same if k not in found]
    return found
