"""Read a run directory into typed tables and pictures, and export its rows."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd

from inpaintbench.errors import BenchError
from inpaintbench.images.files import write_whole
from inpaintbench.images.types import Image, Mask
from inpaintbench.planning.case import load
from inpaintbench.storage.outputs import read_output
from inpaintbench.storage.rows import FRAMES, RunRows, long_rows, typed
from inpaintbench.storage.schema import quoted
from inpaintbench.storage.store import Store

# Where the rows of a frame are, in which order.
_SOURCES = {
    "cases": 'plan_cases LEFT JOIN cases USING ("case") ORDER BY position',
    "variants": "plan_variants JOIN variants USING (key) ORDER BY position",
    "cells": "planned WHERE status IS NOT NULL ORDER BY case_position, variant_position",
    "scores": "planned_scores ORDER BY case_position, variant_position, metric_position",
    "failures": "(SELECT p.*, coalesce(c.traceback, f.traceback) AS traceback, c.stderr, "
    'min(p.case_position) FROM planned p LEFT JOIN cells c ON c."case" = p."case" AND '
    'c.key = p.key LEFT JOIN cases f ON f."case" = p."case" WHERE p.status = \'failed\' '
    "GROUP BY p.key, p.failure, p.message, p.location) ORDER BY variant_position, case_position",
    "timings": 'plan_cases p JOIN timings t USING ("case") JOIN plan_variants o USING (key) '
    "JOIN variants USING (key) ORDER BY p.position, o.position, environment, repeat",
    "metrics": "plan_metrics ORDER BY position",
}

# What stands for a fact that isn't there.
_UNKNOWN = {"str": "", "int64": 0, "bool": False}


def read_rows(store: Store) -> RunRows:
    """Read everything that the store holds of its current plan.

    Raises
    ------
    BenchError
        When something in it isn't what it must be.
    """
    frames = {}
    for table, source in _SOURCES.items():
        dtypes = {name: column.kind.dtype for name, column in FRAMES[table].items()}
        nothing = {name: _UNKNOWN[dtype] for name, dtype in dtypes.items() if dtype in _UNKNOWN}
        rows = store.query(f"SELECT {quoted(dtypes)} FROM {source}")
        frame = pd.DataFrame(rows, columns=list(dtypes), dtype=object)
        frames[table] = typed(table, frame.fillna(nothing))
    if any(frames[table].empty for table in ("cases", "variants", "metrics")):
        raise BenchError(f"{store.directory}: nothing is planned in it; run its command again")
    return RunRows(
        name=store.name(),
        directory=store.directory,
        planned_cells=len(frames["cases"]) * len(frames["variants"]),
        provenance=store.provenance(),
        environments=store.environments(),
        **frames,
    )


def read_run(directory: Path) -> RunRows:
    """Read a run directory.

    Raises
    ------
    BenchError
        When there is no run in it, or its database is damaged.
    """
    with Store.read(directory) as store:
        return read_rows(store)


def export(rows: RunRows, directory: Path | None = None) -> list[Path]:
    """Write ``rows.csv`` and ``rows.parquet`` [into the run directory]; return their paths.

    Raises
    ------
    BenchError
        When they can't be written.
    """
    table = long_rows(rows)
    directory = directory or rows.directory
    written = [directory / "rows.csv", directory / "rows.parquet"]
    parquet = io.BytesIO()
    table.to_parquet(parquet, index=False)
    for path, content in zip(written, (table.to_csv(index=False), parquet.getvalue()), strict=True):
        write_whole(path, content)
    return written


class RunPictures:
    """Reference, mask and outputs of a run's cases, for figures and pages."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._cases = {case.id: case for case in store.cases()}

    def reference(self, case: str) -> Image:
        """Return the true image ``H×W×C``."""
        return load(self._cases[case]).image

    def mask(self, case: str) -> Mask:
        """Return the mask ``H×W``, True = hole."""
        return load(self._cases[case]).mask

    def given(self, case: str) -> Image:
        """Return what methods are given, the hole included."""
        return load(self._cases[case]).input

    def effect(self, case: str) -> Mask:
        """Return where an object shows outside the hole, ``H×W``."""
        found = load(self._cases[case])
        return np.zeros_like(found.mask) if found.effect is None else found.effect

    def output(self, case: str, variant: str) -> Image:
        """Return what a variant returned for a case.

        Raises
        ------
        KeyError
            When the cell isn't done.
        """
        rows = self._store.query(
            "SELECT output_sha256, height, width, channels FROM planned "
            'LEFT JOIN cases USING ("case") '
            "WHERE \"case\" = ? AND variant = ? AND status = 'done'",
            case,
            variant,
        )
        if not rows:
            raise KeyError((case, variant))
        sha256, *shape = rows[0]
        return read_output(self._store.directory, sha256, tuple(shape))
