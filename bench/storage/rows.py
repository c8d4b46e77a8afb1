"""The results of a run as typed tables: what the store reads and every report is made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from inpaintbench.planning.benchmark import Benchmark
from inpaintbench.storage import schema
from inpaintbench.storage.schema import Column

if TYPE_CHECKING:
    import pandas as pd

Columns: TypeAlias = dict[str, Column]
"""The columns of a frame by name, in order."""


def _frame(names: str, *tables: schema.Table) -> Columns:
    """Take the columns of a frame from tables of the database, of those of one name the last."""
    known = {
        column.name: column for table in (schema.VARIANTS, *tables) for column in table.columns
    }
    return {name: known[name] for name in names.split()}


CASES = _frame(
    "case dataset sample suite suite_version mask_index kind height width channels dtype coverage "
    "thickness border_contact image_sha256 mask_sha256",
    schema.PLAN_CASES,
    schema.CASES,
)
CELLS = _frame(
    "case variant status failure message output_sha256 seconds location environment", schema.CELLS
)
SCORES = _frame("case variant metric value reason environment", schema.SCORES)
_TIMES = "repeat seconds contended threads setup_seconds first_seconds peak_bytes"
_WHERE = "what runtimes depend on; compared only where equal"

TABLES: Mapping[str, Columns] = {
    "cases": CASES,
    "variants": _frame("variant method family paper deterministic trained_on settings key"),
    "cells": CELLS,
    "scores": SCORES,
    "timings": _frame(f"case variant {_TIMES} environment", schema.TIMINGS),
    "metrics": _frame("metric name label unit higher_is_better worst missing", schema.PLAN_METRICS),
    "environments": {column.name: column for column in schema.ENVIRONMENTS.columns}
    | {"machine": Column("machine", schema.KINDS["text"], _WHERE)},
}

ADDED = ("location", "reason", "environment")
"""What rows of version 1 don't have."""

EXPORTED: Columns = CASES | _frame(
    "variant method family status failure message output_sha256 seconds metric value "
    "location reason environment",
    schema.SCORES,
    schema.CELLS,
)
"""The columns of the exported rows; those added since version 1 stand last."""


@dataclass(frozen=True)
class Provenance:
    """Where the rows of a run come from, beside the environments.

    Parameters
    ----------
    started, changed : str
        When cells were last begun to be made, and when anything was last written; ISO dates.
    benchmark : Benchmark or None
        What was planned, where it is known.
    merged : tuple of str
        Names of the runs that it was merged from.
    left_out : tuple of str
        What isn't among the rows, a sentence each.
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
    cases, variants, cells, scores, timings, metrics : DataFrame
        `cases` has every case of the plan, without facts (0, NaN, empty) where it wasn't made;
        `cells` one row for each case × variant that was reached, or can't be since its case could
        not be made; `scores` one for each done cell × metric; `timings` one for each repeat of
        each timed cell.
    planned_cells : int
        Number of cells in the plan, reached or not.
    provenance : Provenance
        Where they come from.
    environments : DataFrame
        What made cells, scores and timings, which name it by `id`.
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
    environments: pd.DataFrame
    provenance: Provenance = field(default_factory=Provenance)


def typed(table: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Put a frame's columns in the documented order and dtypes.

    What rows of version 1 don't have is left empty.

    Raises
    ------
    KeyError
        When a documented column is missing.
    """
    dtypes = {name: column.dtype for name, column in TABLES[table].items()}
    whole = frame.assign(**{name: "" for name in ADDED if name in dtypes and name not in frame})
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


def schema_markdown() -> str:
    """Describe the columns of the exported rows, for the documentation."""
    lines = ["| column | dtype | meaning |", "|---|---|---|"]
    lines += [f"| `{c.name}` | {c.dtype} | {c.meaning} |" for c in EXPORTED.values()]
    return "\n".join(lines) + "\n"
