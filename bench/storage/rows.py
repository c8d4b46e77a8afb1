"""The results of a run as typed tables: what the store reads and every report is made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import pandas as pd

SCHEMA_VERSION = 1

Columns: TypeAlias = Mapping[str, tuple[str, str]]
"""Column → (pandas dtype, meaning)."""

CASES: Columns = {
    "case": ("str", "id of the case: digest of dataset, sample, suite, index and seed"),
    "dataset": ("str", "dataset as specified, with its parameters"),
    "sample": ("str", "sample id in the dataset"),
    "suite": ("str", "mask suite as specified, with its parameters"),
    "suite_version": ("int64", "version of the mask suite"),
    "mask_index": ("int64", "index of the mask among those of the sample"),
    "kind": ("str", "kind of hole drawn"),
    "height": ("int64", "pixels"),
    "width": ("int64", "pixels"),
    "channels": ("int64", "1 or 3"),
    "dtype": ("str", "uint8 or uint16"),
    "coverage": ("float64", "hole area / image area"),
    "thickness": ("float64", "radius in pixels of the largest disc inside the hole"),
    "border_contact": ("bool", "whether the hole touches the image border"),
    "image_sha256": ("str", "digest of the image's shape, dtype and pixels"),
    "mask_sha256": ("str", "digest of the mask's shape and pixels"),
}

VARIANTS: Columns = {
    "variant": ("str", "method with its parameters: telea[radius=5]"),
    "method": ("str", "name of the method"),
    "family": ("str", "family of the method"),
    "paper": ("str", "publication"),
    "deterministic": ("bool", "whether equal inputs give equal outputs"),
    "trained_on": ("str", "datasets a learned method has seen, separated by commas"),
    "settings": ("str", "every parameter with its value, as JSON"),
    "key": ("str", "digest of source, imports, settings, weights and library versions"),
}

CELLS: Columns = {
    "case": ("str", "id of the case"),
    "variant": ("str", "variant"),
    "status": ("str", "done, failed or skipped"),
    "failure": (
        "str",
        "timeout, out of memory, crash, exception, wrong shape, wrong dtype, not finite; or empty",
    ),
    "message": ("str", "reason of a failure or skip, in a line"),
    "output_sha256": ("str", "digest of the output, which names its file; empty unless done"),
    "seconds": ("float64", "wall time of the call in the quality pass; contended, not for tables"),
}

SCORES: Columns = {
    "case": ("str", "id of the case"),
    "variant": ("str", "variant"),
    "metric": ("str", "metric id, its whole definition"),
    "value": ("float64", "score of the composite; NaN where the metric isn't defined"),
}

TIMINGS: Columns = {
    "case": ("str", "id of the case"),
    "variant": ("str", "variant"),
    "repeat": ("int64", "number of the repeat, from 0"),
    "seconds": ("float64", "wall time of the call, alone on the machine"),
    "contended": ("bool", "other processes took part of the machine; left out of tables"),
    "threads": ("int64", "threads that libraries were held to"),
    "setup_seconds": ("float64", "wall time of setup, once for the process"),
    "first_seconds": ("float64", "wall time of the first call in the process: the cold start"),
    "peak_bytes": ("float64", "peak memory of the process over its baseline before setup"),
}

METRICS: Columns = {
    "metric": ("str", "metric id, its whole definition"),
    "name": ("str", "name on the command line"),
    "label": ("str", "short name for table heads and axes"),
    "unit": ("str", "unit, or empty"),
    "higher_is_better": ("bool", "direction"),
    "worst": ("float64", "worst value the metric can take"),
    "missing": ("str", "why it could not be computed and the command that mends it, or empty"),
}

TABLES: Mapping[str, Columns] = {
    "cases": CASES,
    "variants": VARIANTS,
    "cells": CELLS,
    "scores": SCORES,
    "timings": TIMINGS,
    "metrics": METRICS,
}


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
        `cells` has one row for each case × variant that was reached; `scores` one for each done
        cell × metric; `timings` one for each repeat of each timed cell.
    planned_cells : int
        Number of cells in the plan, reached or not.
    provenance : mapping of str to str
        Versions, commit, processor, memory, load, seed, dates.
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
    provenance: Mapping[str, str]


def output_path(sha256: str) -> Path:
    """Return where an output lies, relative to the run directory."""
    return Path("outputs") / sha256[:2] / f"{sha256}.png"


def typed(table: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Put a frame's columns in the documented order and dtypes.

    Raises
    ------
    KeyError
        When a documented column is missing.
    """
    columns = TABLES[table]
    return frame[list(columns)].astype({name: dtype for name, (dtype, _) in columns.items()})


def long_rows(rows: RunRows) -> pd.DataFrame:
    """Join scores with their case, variant and metric: the exported CSV and Parquet rows.

    One row for each case × variant × metric; a failed or skipped cell has one row with an empty
    metric, so that nothing is silently dropped.
    """
    cells = rows.cells.merge(rows.cases, on="case").merge(
        rows.variants[["variant", "method", "family"]], on="variant"
    )
    joined = cells.merge(rows.scores, on=["case", "variant"], how="left")
    joined["metric"] = joined["metric"].fillna("")
    ordered = [*CASES, "variant", "method", "family", *list(CELLS)[2:], "metric", "value"]
    return joined[ordered].sort_values(["case", "variant", "metric"], ignore_index=True)


def schema_markdown() -> str:
    """Describe the columns of the exported rows and of every table, for the documentation."""
    merged = {**CASES, "variant": VARIANTS["variant"]}
    merged |= {name: VARIANTS[name] for name in ("method", "family")}
    merged |= dict(list(CELLS.items())[2:]) | {"metric": SCORES["metric"], "value": SCORES["value"]}
    lines = ["| column | dtype | meaning |", "|---|---|---|"]
    lines += [f"| `{name}` | {dtype} | {meaning} |" for name, (dtype, meaning) in merged.items()]
    return "\n".join(lines) + "\n"
