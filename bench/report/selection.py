"""Choose a part of a run: some methods, datasets or mask suites."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import pandas as pd

from inpaintbench.errors import BenchError
from inpaintbench.plugins.specification import parse, shown
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
        of = dict(zip(variants["variant"], variants["method"], strict=True))
        names = _named("method", methods, of)
        variants = variants.set_index("variant", drop=False).loc[names].reset_index(drop=True)
    cases = rows.cases
    if datasets:
        of = {name: parse(name).name for name in cases["dataset"].unique()}
        cases = cases[cases["dataset"].isin(_named("dataset", datasets, of))]
    if suites:
        of = {name: parse(name).name for name in cases["suite"].unique()}
        cases = cases[cases["suite"].isin(_named("mask suite", suites, of))]

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


def _named(kind: str, wanted: Sequence[str], known: Mapping[str, str]) -> list[str]:
    """Resolve names to those that the run has, each once; `known` says what each is without all.

    So ``telea`` stands for ``telea[radius=5]`` too, and a folder's last part for the folder.
    """
    found: list[str] = []
    for name in wanted:
        same = [k for k in known if name in (k, shown(k))] or [k for k in known if known[k] == name]
        if not same:
            raise BenchError(
                f"the run has no {kind} {name!r}{did_you_mean(name, known)} (it has: "
                f"{', '.join(known)})"
            )
        found += [k for k in same if k not in found]
    return found
