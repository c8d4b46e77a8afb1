"""The table of stochastic methods: scores of the draws, the best of them, how far they differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import isnan, nan
from typing import Any

import pandas as pd

from inpaintbench.errors import BenchError
from inpaintbench.report.form import interval
from inpaintbench.report.kinds import IntervalStyle
from inpaintbench.report.numbers import MISSING, case_decimals, fixed, p_value, percent
from inpaintbench.report.summary import Summary
from inpaintbench.report.table import Block, Cell, Column, Table
from inpaintbench.statistics.comparison import Estimate
from inpaintbench.statistics.probabilistic import FEWEST_IMAGES, NOMINAL, Calibration

CALIBRATION = (
    *(Column(f"Coverage near {percent(nominal)}") for nominal in NOMINAL),
    *map(Column, ("Bias", "Spread", "Spread of mean", "p")),
)
"""Columns of how the truth ranks among the draws."""

RULES = (
    "Coverage: share of the hole's values that lie between the k-th smallest and the k-th largest "
    "draw, of what one more draw would have there (exact at any number of draws).",
    "Ranks of the truth among the draws, value by value. Bias: mean rank, from −0.5 to 0.5; 0 "
    "expected, above it where draws are too dark. Spread: 1 expected; above 1 draws are too alike, "
    "below 1 they differ too much. Spread of mean: the same for the mean over the hole, which "
    "shows whether draws vary as a whole as they should. p: of the three being so far from what is "
    "expected if the truth might be any of the draws (2,000 lots, images as the unit).",
)


def draws_table(summary: Summary, intervals: IntervalStyle) -> Table:
    """Compare the draws of every method that was run with several."""
    main = summary.overall.main
    if not summary.draws:
        raise BenchError(
            f"{summary.rows.name} has no method with several draws; inpaintbench run --draws 8 "
            "makes them of every stochastic method"
        )
    columns = [Column("Method", left=True), Column("Draws"), Column("Cases")]
    for metric in main:
        columns += [
            Column(f"{metric.label}, {head}", metric.unit, metric.arrow)
            for head in ("mean", "best")
        ]
    columns += [Column("CRPS", "levels", "↓"), Column("Energy", "levels", "↓"), Column("Diversity")]
    records, body = [], []
    for one, ensemble in zip(summary.draws, summary.ensembles, strict=True):
        cells = [Cell(one.method), Cell(str(len(one.variants))), Cell(str(len(one.cases)))]
        record = {"method": one.method, "draws": len(one.variants), "cases": len(one.cases)}
        for metric in main:
            digits = case_decimals(metric.unit)
            for head, values in (("mean", one.mean), ("best", one.best)):
                cells.append(Cell(fixed(values[metric.id], digits)))
                record[f"{metric.label} {head}"] = values[metric.id]
        calibration = ensemble.calibration if ensemble else None
        told = {
            "crps": ensemble.scores.crps.mean() if ensemble else nan,
            "energy": ensemble.scores.energy.mean() if ensemble else nan,
            "diversity": ensemble.diversity if ensemble else nan,
        }
        cells += map(Cell, map(fixed, told.values(), (2, 2, 4)))
        records.append(record | told | calibration_record(calibration))
        body.append((*cells, *calibration_cells(calibration, intervals)))
    return Table(
        kind="draws",
        caption=f"Stochastic methods of {summary.rows.name}: several draws for each case.",
        columns=(*columns, *CALIBRATION),
        blocks=(Block("", tuple(body)),),
        notes=(
            "Mean: over draws and cases. Best: of the best draw of each case, chosen with the "
            "truth at hand, averaged over cases.",
            "CRPS, of each value, and energy score, of the hole as a whole: fair, so that the "
            "number of draws makes no difference. 16-bit values are divided by 257.",
            "Diversity: LPIPS (AlexNet) between a draw and the next, over draws and cases.",
            *RULES,
            *_unscored(summary),
            *gaps(found.calibration for found in summary.ensembles if found),
        ),
        frame=pd.DataFrame(records),
    )


def _unscored(summary: Summary) -> Iterator[str]:
    """Say of which methods there are no scores of draws, and why."""
    missing = [
        one for one, found in zip(summary.draws, summary.ensembles, strict=True) if found is None
    ]
    for why, unscored in (
        ("No case that every draw finished (table failures says why)", lambda one: one.cases.empty),
        ("No CRPS and what follows it, for lack of pictures here", lambda one: len(one.cases)),
    ):
        if named := ", ".join(one.method for one in missing if unscored(one)):
            yield f"{why}: {named}."


def gaps(found: Iterable[Calibration | None]) -> Iterator[str]:
    """Say why places of `CALIBRATION` are empty, where some draws were scored."""
    scored = [calibration for calibration in found if calibration]
    if any(isnan(calibration.p) for calibration in scored):
        yield f"No p from fewer than {FEWEST_IMAGES} images."
    if any(len(calibration.expected) < len(NOMINAL) for calibration in scored):
        yield (
            "Fewer than five draws have one interval that comes nearest to every share: it is in "
            f"the column of {percent(NOMINAL[0])} alone."
        )


def calibration_cells(found: Calibration | None, intervals: IntervalStyle) -> Iterator[Cell]:
    """Write `CALIBRATION` of some draws."""
    if found is None:
        yield from len(CALIBRATION) * [Cell(MISSING)]
        return
    for share, expected in zip(found.coverage, found.expected, strict=True):
        yield Cell(f"{percent(share.mean)} of {percent(expected)}")
    yield from (len(NOMINAL) - len(found.expected)) * [Cell(MISSING)]  # the same interval
    yield from (estimate_cell(estimate, intervals) for estimate in found.shape)
    yield Cell(p_value(found.p))


def calibration_record(found: Calibration | None) -> dict[str, Any]:
    """Return the same in full precision, with the rank histogram; nothing of nothing."""
    if found is None:
        return {}
    record: dict[str, Any] = {}
    # few draws have one interval alone
    for nominal, share, expected in zip(NOMINAL, found.coverage, found.expected, strict=False):
        record |= estimate_record(f"coverage_{nominal:g}", share)
        record[f"expected_{nominal:g}"] = expected
    for name, estimate in zip(("bias", "spread", "spread_of_mean"), found.shape, strict=True):
        record |= estimate_record(name, estimate)
    return record | {
        "p": found.p,
        "ranks": " ".join(f"{share.mean:.6f}" for share in found.histogram),
    }


def estimate_cell(estimate: Estimate | None, intervals: IntervalStyle) -> Cell:
    """Write an estimate with its interval, or a dash."""
    if estimate is None:
        return Cell(MISSING)
    shown = interval(estimate.low, estimate.high, 2, intervals)
    return Cell(fixed(estimate.mean, 2), shown)


def estimate_record(name: str, estimate: Estimate | None) -> dict[str, float]:
    """Return an estimate and its interval by name; nothing of nothing."""
    if estimate is None:
        return {}
    return {name: estimate.mean, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
