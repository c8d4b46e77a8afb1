"""The results of a run as typed tables: what the store reads and every report is made from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from inpaintbench.errors import BenchError
from inpaintbench.planning.benchmark import Benchmark
from inpaintbench.storage import tables
from inpaintbench.storage.environment import Environment
from inpaintbench.storage.schema import Column, Table

if TYPE_CHECKING:
    import pandas as pd

Columns: TypeAlias = dict[str, Column]
"""The columns of a frame by name, in order."""


def _frame(names: str, *sources: Table) -> Columns:
    """Take the columns of a frame from tables of the database, of those of one name the last."""
    known = {
        column.name: column for table in (tables.VARIANTS, *sources) for column in table.columns
    }
    return {name: known[name] for name in names.split()}


CASES = _frame(
    "case dataset sample suite suite_version mask_index kind height width channels dtype coverage "
    "thickness border_contact image_sha256 mask_sha256 input_sha256 effect_sha256 prompt",
    tables.PLAN_CASES,
    tables.CASES,
)
CELLS = _frame(
    "case variant status failure message output_sha256 seconds location environment", tables.CELLS
)
SCORES = _frame("case variant metric value reason environment", tables.SCORES)
FAILURES = _frame("case variant failure message location traceback stderr", tables.CELLS)
_TIMES = "repeat seconds contended threads setup_seconds first_seconds peak_bytes"

FRAMES: Mapping[str, Columns] = {
    "cases": CASES,
    "variants": _frame(
        "variant method family paper deterministic trained_on settings key sees prompts "
        "specification"
    ),
    "cells": CELLS,
    "scores": SCORES,
    "failures": FAILURES,
    "timings": _frame(f"case variant {_TIMES} environment", tables.TIMINGS),
    "metrics": _frame(
        "metric name label unit higher_is_better worst missing axis least most",
        tables.PLAN_METRICS,
    ),
}
"""The columns of the frames of `RunRows`."""

ADDED = ("location", "reason", "environment", "input_sha256", "effect_sha256", "prompt")
"""What rows of version 1 don't have."""

_JOINED = CASES | _frame(
    "variant method family status failure message output_sha256 seconds metric value "
    "location reason environment",
    tables.SCORES,
    tables.CELLS,
)

EXPORTED: Columns = {
    name: _JOINED[name] for name in (*(n for n in _JOINED if n not in ADDED), *ADDED)
}
"""The columns of the exported rows; those added since version 1 stand last."""


@dataclass(frozen=True)
class Provenance:
    """Where the rows of a run come from, beside the environments.

    ISO dates of when cells were last begun to be made and when anything was last written, what was
    planned, the names of the runs that it was merged from, and sentences on what is left out.
    """

    started: str = ""
    changed: str = ""
    benchmark: Benchmark | None = None
    merged: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class RunRows:
    """Everything a run holds, as one frame a table, columns as documented above.

    Parameters
    ----------
    name : str
        Name of the benchmark: ``quick``, ``standard``, …
    directory : Path
        Run directory; ``directory / output_path(sha256)`` is an output.
    cases, variants, cells, scores, timings, metrics, failures : DataFrame
        `cases` has every case of the plan, without facts (0, NaN, empty) where it wasn't made;
        `cells` one row for each case × variant that was reached, or can't be since its case could
        not be made; `scores` one for each done cell × metric; `timings` one for each repeat of
        each timed cell; `failures` the first failed cell of each variant, kind, message and place.
    planned_cells : int
        Number of cells in the plan, reached or not.
    provenance : Provenance
        Where they come from.
    environments : mapping of str to Environment
        What made cells, scores and timings, which name it by its id.
    """

    name: str
    directory: Path
    cases: pd.DataFrame
    variants: pd.DataFrame
    cells: pd.DataFrame
    scores: pd.DataFrame
    timings: pd.DataFrame
    metrics: pd.DataFrame
    planned_cells: int
    environments: Mapping[str, Environment]
    provenance: Provenance = field(default_factory=Provenance)
    failures: pd.DataFrame = field(default_factory=lambda: empty("failures"))

    @property
    def benchmark(self) -> Benchmark:
        """The benchmark that the run says it is.

        Raises
        ------
        BenchError
            When it doesn't say.
        """
        if self.provenance.benchmark is None:
            raise BenchError(f"{self.directory}: doesn't say which benchmark was run")
        return self.provenance.benchmark


def empty(table: str) -> pd.DataFrame:
    """Make a frame of `FRAMES` without rows."""
    import pandas as pd

    return typed(table, pd.DataFrame(columns=list(FRAMES[table])))


TOLERANCE = 1e-5
"""How far a score may lie from the one computed again, as a share of it where it is above 1:
processors round differently, and far less than this."""


def is_close(one: object, other: object) -> bool:
    """Whether two values are the same, floats up to the tolerance."""
    if isinstance(one, float) and isinstance(other, float):
        both_nan = math.isnan(one) and math.isnan(other)
        return both_nan or math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return one == other


def typed(table: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Put a frame's columns in the documented order and dtypes.

    What rows of version 1 don't have is left empty.

    Raises
    ------
    KeyError
        When a documented column is missing.
    """
    dtypes = {name: column.kind.dtype for name, column in FRAMES[table].items()}
    whole = frame.assign(
        **{name: "" for name in dtypes.keys() & {*ADDED, "specification"} if name not in frame}
    )
    return whole[list(dtypes)].astype(dtypes)


def long_rows(rows: RunRows) -> pd.DataFrame:
    """Join scores with their case, variant and metric: the exported CSV and Parquet rows.

    One row for each case × variant × metric; a failed or skipped cell has one row with an empty
    metric, so that nothing is silently dropped.
    """
    cells = rows.cells.merge(rows.cases, on="case", how="left").merge(
        rows.variants[["variant", "method", "family"]], on="variant", how="left"
    )
    scores = rows.scores.drop(columns="environment")
    joined = cells.merge(scores, on=["case", "variant"], how="left")
    joined[["metric", "reason"]] = joined[["metric", "reason"]].fillna("")
    return joined[list(EXPORTED)].sort_values(["case", "variant", "metric"], ignore_index=True)


def main_metrics(rows: RunRows) -> tuple[str, ...]:
    """Return the ids of the metrics that the run was asked to show; none where it wasn't."""
    benchmark = rows.provenance.benchmark
    known = set(rows.metrics["metric"])
    asked = benchmark.main_metrics if benchmark else ()
    return tuple(metric for metric in asked if metric in known)


def main_environment(rows: RunRows) -> Environment:
    """Return the environment that made most of a run's cells; an empty one where none is known."""
    made = rows.cells["environment"].value_counts(sort=False)
    most = max(rows.environments, key=lambda id: made.get(id, 0), default="")
    return rows.environments.get(most, Environment())
