"""Compare runtimes case by case, as ratios, and notice when the machine changed its speed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from inpaintbench.regression.matching import CommonCases
from inpaintbench.regression.verdicts import (
    RUNTIMES,
    Difference,
    Figure,
    tested,
)
from inpaintbench.statistics.runtimes import comparable_timings
from inpaintbench.storage.rows import RunRows


def compare_runtimes(
    base: RunRows,
    new: RunRows,
    cases: CommonCases,
    pairs: Mapping[str, str],
    effect: float,
) -> tuple[dict[str, Figure], list[Difference]]:
    """Compare the runtimes of every pair of variants on the cases timed in both runs.

    A case's time is the median of its repeats on a machine that wasn't busy. The mean of the log
    ratios is tested.
    Variants whose key is the same ran the same code with the same libraries: when they, taken
    together, are slower or faster by more than the smallest effect, it is the machine that
    changed, and no runtime is compared.

    Parameters
    ----------
    base, new : RunRows
        Timed on the same kind of processor.
    cases : CommonCases
        Cases in common.
    pairs : mapping of str to str
        Variant in BASE → variant in NEW.
    effect : float
        Smallest effect that matters, as a share.

    Returns
    -------
    figures : dict of str to Figure
        Variant in BASE → figure; lacks variants that weren't timed in both.
    obstacles : list of Difference
        Why no runtime is compared, or empty.
    """
    before, after = case_medians(base), case_medians(new)
    timed: dict[str, pd.DataFrame] = {}
    for old, now in pairs.items():
        if old in before and now in after:
            table = pd.DataFrame(
                {
                    "before": before[old].reindex(cases.base).to_numpy(),
                    "after": after[now].reindex(cases.new).to_numpy(),
                    "image": cases.images,
                }
            ).dropna()
            if len(table):
                timed[old] = table.assign(log=np.log(table["after"] / table["before"]))
    keys, new_keys = (
        dict(zip(rows.variants["variant"], rows.variants["key"], strict=True))
        for rows in (base, new)
    )
    unchanged = [old for old in timed if keys[old] and keys[old] == new_keys[pairs[old]]]
    drift = float(np.median([timed[old]["log"].mean() for old in unchanged])) if unchanged else 0.0
    if abs(drift) > math.log1p(effect):
        return {}, [
            Difference(
                "machine",
                f"the {len(unchanged)} methods whose code and libraries are the same take "
                f"{100 * math.expm1(drift):+.1f} % time",
                "the machine is not as fast as it was, runtimes aren't compared",
            )
        ]
    return {old: _figure(table, effect) for old, table in timed.items()}, []


def case_medians(rows: RunRows) -> pd.DataFrame:
    """Return the median of the repeats on one machine that was not busy: cases × variants."""
    alone = comparable_timings(rows, rows.timings).alone
    alone = alone[alone["seconds"] > 0]
    return alone.groupby(["case", "variant"])["seconds"].median().unstack("variant")


def _figure(timed: pd.DataFrame, effect: float) -> Figure:
    """Test the log ratios of a variant; `timed` has a row a case."""
    medians = float(timed["before"].median()), float(timed["after"].median())
    logs, images = timed["log"].to_numpy(), timed["image"].to_numpy()
    found = tested(RUNTIMES, "", medians, logs, images, math.log1p(effect))
    return replace(
        found,
        difference=math.expm1(found.difference),
        low=math.expm1(found.low),
        high=math.expm1(found.high),
        effect=effect,
        detectable=math.expm1(found.detectable),
    )
