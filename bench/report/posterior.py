"""The table of images whose distribution is known: how far from the best possible answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from inpaintbench.errors import BenchError
from inpaintbench.report.draws import (
    CALIBRATION,
    RULES,
    calibration_cells,
    calibration_record,
    estimate_cell,
    estimate_record,
    gaps,
)
from inpaintbench.report.ensembles import read_draw_scores
from inpaintbench.report.kinds import IntervalStyle
from inpaintbench.report.summary import Summary
from inpaintbench.report.table import Block, Cell, Column, Table
from inpaintbench.statistics.comparison import Estimate
from inpaintbench.statistics.probabilistic import Calibration, gap
from inpaintbench.statistics.scores import Scores, plain_name
from inpaintbench.statistics.support import common_support

DATASET, LEAST = "known-posterior", "exact-mean"


def posterior_table(summary: Summary, intervals: IntervalStyle) -> Table:
    """Compare methods with the exact answers, a block for each field of the dataset.

    Raises
    ------
    BenchError
        When the run has no such dataset, or lacks ``exact-mean``.
    """
    names = _datasets(summary)
    if not names:
        raise BenchError(f"{summary.rows.name} has no dataset {DATASET}")
    blocks, records, calibrations = [], [], []
    for name in names:
        lines = list(_lines(summary, summary.scores.where(name)))
        calibrations += [line.calibration for line in lines]
        rows = tuple(
            (
                Cell(line.method),
                Cell(str(line.draws)),
                Cell(str(line.cases)),
                estimate_cell(line.gap, intervals),
                estimate_cell(line.mean_gap, intervals),
                *calibration_cells(line.calibration, intervals),
            )
            for line in lines
        )
        blocks.append(Block(name, rows))
        records += [{"dataset": name} | line.record for line in lines]
    return Table(
        kind="posterior",
        caption=f"Methods of {summary.rows.name} against the exact answers.",
        columns=(
            Column("Method", left=True),
            Column("Draws"),
            Column("Cases"),
            Column("Gap of a draw", "dB", "↓"),
            Column("Gap of their mean", "dB", "↓"),
            *CALIBRATION,
        ),
        blocks=tuple(blocks),
        notes=(
            f"Gap: 10 log₁₀ of mean squared error over that of {LEAST}, the smallest possible, on "
            "the cases that all finished. A right draw has 3.01 dB; the mean of m right draws "
            "10 log₁₀(1 + 1/m).",
            *RULES,
            *gaps(calibrations),
        ),
        frame=pd.DataFrame(records),
    )


def has_exact_answers(summary: Summary) -> bool:
    """Tell whether a run has all that the table is made from."""
    return bool(_datasets(summary)) and LEAST in set(summary.scores.variants["method"])


def _datasets(summary: Summary) -> list[str]:
    """List the datasets of a run whose distribution is known."""
    names = summary.scores.cases["dataset"].unique()
    return [name for name in names if plain_name(name) == DATASET]


@dataclass(frozen=True, eq=False)
class _Line:
    """A method, drawn once or several times; what isn't known is None."""

    method: str
    draws: int
    cases: int
    gap: Estimate | None
    mean_gap: Estimate | None
    calibration: Calibration | None

    @property
    def record(self) -> dict[str, Any]:
        """The same in full precision."""
        return {
            "method": self.method,
            "draws": self.draws,
            "cases": self.cases,
            **estimate_record("gap", self.gap),
            **estimate_record("gap_of_mean", self.mean_gap),
            **calibration_record(self.calibration),
        }


def _lines(summary: Summary, scores: Scores) -> Iterator[_Line]:
    support = common_support(scores.done)
    named = scores.variants["method"]
    exact = [variant for variant in support.compared if named[variant] == LEAST][:1]
    if not exact:
        raise BenchError(f"{summary.rows.name} lacks {LEAST}: run it again with --add {LEAST}")
    methods: dict[str, tuple[str, tuple[str, ...]]] = {v: (v, (v,)) for v in support.compared}
    for one in summary.draws:
        kept = tuple(variant for variant in one.variants if variant in methods)
        methods |= dict.fromkeys(kept, (one.method, kept))
    images, count = scores.images(support.cases), len(support.cases)
    least = read_draw_scores(summary.rows, exact, support.cases)
    for method, variants in dict.fromkeys(methods.values()):
        found = read_draw_scores(summary.rows, variants, support.cases)
        if found is None or least is None:
            yield _Line(method, len(variants), count, None, None, None)
            continue
        several = len(variants) > 1
        yield _Line(
            method,
            len(variants),
            count,
            gap(found.errors, least.errors, images),
            gap(found.mean_errors, least.errors, images) if several else None,
            Calibration(found.ranks, found.mean_ranks, images) if several else None,
        )
