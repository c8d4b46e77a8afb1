"""Read a run directory into typed tables and pictures, and export its rows."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from inpaintbench.datasets.base import Image, Mask
from inpaintbench.errors import BenchError
from inpaintbench.planning.case import LoadedCase, load
from inpaintbench.storage.rows import TABLES, RunRows, long_rows, typed
from inpaintbench.storage.store import Store

_PLAN = "plan_cases p CROSS JOIN plan_variants o JOIN variants v USING (key)"

# A case that could not be made is a failed cell of every variant that has no row of its own.
_QUERIES = {
    "cases": (
        "SELECT p.*, coalesce(c.suite_version, 0) AS suite_version, coalesce(c.kind, '') AS kind, "
        "coalesce(c.height, 0) AS height, coalesce(c.width, 0) AS width, "
        "coalesce(c.channels, 0) AS channels, coalesce(c.dtype, '') AS dtype, c.coverage, "
        "c.thickness, coalesce(c.border_contact, 0) AS border_contact, "
        "coalesce(c.image_sha256, '') AS image_sha256, coalesce(c.mask_sha256, '') AS mask_sha256 "
        'FROM plan_cases p LEFT JOIN cases c USING ("case") ORDER BY p.position'
    ),
    "variants": "SELECT v.* FROM plan_variants p JOIN variants v USING (key) ORDER BY p.position",
    "cells": (
        "SELECT p.\"case\", v.variant, coalesce(r.status, 'failed') AS status, "
        "coalesce(r.failure, f.failure) AS failure, coalesce(r.message, f.message) AS message, "
        "coalesce(r.location, f.location) AS location, "
        "coalesce(r.output_sha256, '') AS output_sha256, r.seconds, "
        "coalesce(r.environment, '') AS environment "
        f'FROM {_PLAN} LEFT JOIN cells r ON r."case" = p."case" AND r.key = o.key '
        'LEFT JOIN cases f ON f."case" = p."case" '
        "WHERE r.key IS NOT NULL OR f.failure <> '' ORDER BY p.position, o.position"
    ),
    "scores": (
        'SELECT p."case", v.variant, s.metric, s.value, s.reason, s.environment '
        f'FROM {_PLAN} JOIN cells r ON r."case" = p."case" AND r.key = o.key '
        'JOIN scores s ON s."case" = r."case" AND s.output_sha256 = r.output_sha256 '
        "JOIN plan_metrics m ON m.metric = s.metric AND m.key = s.key WHERE r.status = 'done' "
        "ORDER BY p.position, o.position, m.position"
    ),
    "timings": (
        f'SELECT t.*, v.variant FROM {_PLAN} JOIN timings t ON t."case" = p."case" '
        "AND t.key = o.key ORDER BY p.position, o.position, t.environment, t.repeat"
    ),
    "metrics": "SELECT * FROM plan_metrics ORDER BY position",
    "environments": "SELECT *, '' AS machine FROM environments ORDER BY id",
}


def read_rows(store: Store) -> RunRows:
    """Read everything that the store holds of its current plan.

    Raises
    ------
    BenchError
        When something in it isn't what it must be.
    """
    frames = {}
    for table in TABLES:
        rows = store.query(_QUERIES[table])
        names = rows[0].keys() if rows else list(TABLES[table])
        frames[table] = typed(table, pd.DataFrame(rows, columns=names))
    machines = {id: known.machine for id, known in store.environments().items()}
    frames["environments"]["machine"] = frames["environments"]["id"].map(machines).astype("str")
    return RunRows(
        name=store.name(),
        directory=store.directory,
        planned_cells=store.planned_cells(),
        provenance=store.provenance(),
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
    partial = [path.with_name(f".{path.name}.partial") for path in written]
    try:
        table.to_csv(partial[0], index=False)
        table.to_parquet(partial[1], index=False)
        for source, path in zip(partial, written, strict=True):
            source.replace(path)
    except OSError as error:
        for source in partial:
            source.unlink(missing_ok=True)
        raise BenchError(f"{directory}: rows can't be written: {error.strerror}") from error
    return written


class RunPictures:
    """Reference, mask and outputs of a run's cases, for figures and pages."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._cases = {case.id: case for case in store.cases()}

    def _load(self, case: str) -> LoadedCase:
        return load(self._cases[case])

    def reference(self, case: str) -> Image:
        """Return the true image ``H×W×C``."""
        return self._load(case).image

    def mask(self, case: str) -> Mask:
        """Return the mask ``H×W``, True = hole."""
        return self._load(case).mask

    def output(self, case: str, variant: str) -> Image:
        """Return what a variant returned for a case.

        Raises
        ------
        KeyError
            When the cell isn't done.
        """
        rows = self._store.query(
            "SELECT r.output_sha256, f.height, f.width, f.channels FROM cells r "
            "JOIN plan_variants o USING (key) JOIN variants v USING (key) "
            'LEFT JOIN cases f ON f."case" = r."case" WHERE r."case" = ? AND v.variant = ? '
            "AND r.status = 'done'",
            case,
            variant,
        )
        if not rows:
            raise KeyError((case, variant))
        sha256, *shape = rows[0]
        return self._store.output(sha256, tuple(shape))
