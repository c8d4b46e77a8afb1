"""The table of stochastic methods: mean over draws, best draw, and how far draws differ."""

from __future__ import annotations

import pandas as pd

from inpaintbench.errors import BenchError
from inpaintbench.report.kinds import IntervalStyle
from inpaintbench.report.numbers import case_decimals, fixed
from inpaintbench.report.summary import Summary
from inpaintbench.report.table import Block, Cell, Column, Table


def draws_table(summary: Summary, _: IntervalStyle) -> Table:
    """Compare the draws of every method that was run with several."""
    found, main = summary.draws, summary.overall.main
    if not found:
        raise BenchError(
            f"{summary.rows.name} has no method with several draws; run one with, say, "
            "--add 'vae-sample[draw=0]' --add 'vae-sample[draw=1]'"
        )
    columns = [Column("Method", left=True), Column("Draws"), Column("Cases")]
    for metric in main:
        columns += [
            Column(head, metric.unit, metric.arrow, group=metric.label) for head in ("mean", "best")
        ]
    records, body = [], []
    for one, diversity in zip(found, summary.diversities, strict=True):
        cells = [Cell(one.method), Cell(str(len(one.variants))), Cell(str(len(one.cases)))]
        record = {"method": one.method, "draws": len(one.variants), "cases": len(one.cases)}
        for metric in main:
            digits = case_decimals(metric.unit)
            for head, values in (("mean", one.mean), ("best", one.best)):
                cells.append(Cell(fixed(values[metric.id], digits)))
                record[f"{metric.label} {head}"] = values[metric.id]
        cells.append(Cell(fixed(diversity, 4)))
        records.append({**record, "diversity": diversity})
        body.append(tuple(cells))
    return Table(
        kind="draws",
        caption=f"Stochastic methods of {summary.rows.name}: several draws for each case.",
        columns=(*columns, Column("Diversity")),
        blocks=(Block("", tuple(body)),),
        notes=(
            "Mean: over draws and cases. Best: of the best draw of each case, chosen with the "
            "truth at hand, averaged over cases.",
            "Diversity: LPIPS (AlexNet) between pairs of draws, averaged over pairs and cases.",
        ),
        frame=pd.DataFrame(records),
    )
