"""Read a run directory into typed tables and pictures, and export its rows."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from inpaintbench.datasets.base import Image, Mask
from inpaintbench.planning.case import Case, LoadedCase, load
from inpaintbench.storage.rows import TABLES, RunRows, long_rows, typed
from inpaintbench.storage.store import Store

_QUERIES = {
    "cases": (
        'SELECT p."case", p.dataset, p.sample, p.suite, c.suite_version, p.mask_index, c.kind, '
        "c.height, c.width, c.channels, c.dtype, c.coverage, c.thickness, c.border_contact, "
        "c.image_sha256, c.mask_sha256 "
        'FROM plan_cases p JOIN cases c USING ("case") ORDER BY p.position'
    ),
    "variants": "SELECT v.* FROM plan_variants p JOIN variants v USING (key) ORDER BY p.position",
    "cells": (
        'SELECT r."case", v.variant, r.status, r.failure, r.message, r.output_sha256, r.seconds '
        'FROM plan_cases c JOIN cells r USING ("case") JOIN plan_variants p USING (key) '
        "JOIN variants v USING (key) ORDER BY c.position, p.position"
    ),
    "scores": (
        'SELECT r."case", v.variant, s.metric, s.value FROM plan_cases c '
        'JOIN cells r USING ("case") JOIN plan_variants p USING (key) JOIN variants v USING (key) '
        'JOIN scores s ON s."case" = r."case" AND s.output_sha256 = r.output_sha256 '
        "JOIN plan_metrics m USING (metric) WHERE r.status = 'done' "
        "ORDER BY c.position, p.position, m.position"
    ),
    "timings": (
        'SELECT t."case", v.variant, t.repeat, t.seconds, t.contended, t.threads, '
        "t.setup_seconds, t.first_seconds, t.peak_bytes FROM plan_cases c "
        'JOIN timings t USING ("case") JOIN plan_variants p USING (key) '
        "JOIN variants v USING (key) ORDER BY c.position, p.position, t.repeat"
    ),
    "metrics": "SELECT * FROM plan_metrics ORDER BY position",
}


def read_rows(store: Store) -> RunRows:
    """Read everything that the store holds of its current plan."""
    frames = {
        table: typed(table, pd.read_sql_query(_QUERIES[table], store.connection))
        for table in TABLES
    }
    meta = store.meta()
    planned = store.count(
        "SELECT (SELECT count(*) FROM plan_cases) * (SELECT count(*) FROM plan_variants)"
    )
    return RunRows(
        name=meta.get("name", store.directory.name),
        directory=store.directory,
        planned_cells=planned,
        provenance={key: value for key, value in meta.items() if key != "name"},
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
    """Write ``rows.csv`` and ``rows.parquet`` [into the run directory]; return their paths."""
    table = long_rows(rows)
    directory = directory or rows.directory
    written = [directory / "rows.csv", directory / "rows.parquet"]
    partial = [path.with_name(f".{path.name}.partial") for path in written]
    table.to_csv(partial[0], index=False)
    table.to_parquet(partial[1], index=False)
    for source, path in zip(partial, written, strict=True):
        source.replace(path)
    return written


class RunPictures:
    """Reference, mask and outputs of a run's cases, for figures and pages."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def _load(self, case: str) -> LoadedCase:
        row = self._store.connection.execute(
            'SELECT "case", dataset, sample, suite, mask_index, seed FROM plan_cases '
            'WHERE "case" = ?',
            (case,),
        ).fetchone()
        if row is None:
            raise KeyError(case)
        return load(Case(*row))

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
        row = self._store.connection.execute(
            "SELECT r.output_sha256 FROM cells r JOIN plan_variants p USING (key) "
            'JOIN variants v USING (key) WHERE r."case" = ? AND v.variant = ? '
            "AND r.status = 'done'",
            (case, variant),
        ).fetchone()
        if row is None:
            raise KeyError((case, variant))
        return self._store.output(row[0])
