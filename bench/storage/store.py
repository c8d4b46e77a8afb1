"""The results of a run: a SQLite database and the outputs, every row committed as it comes.

One directory a run: ``run.db`` (WAL), ``outputs/`` (lossless PNG named by content digest),
``report/``. One process at a time writes; a killed process loses only what was in flight.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import filelock
import numpy as np

from inpaintbench.datasets.base import Image
from inpaintbench.errors import BenchError
from inpaintbench.planning.case import Case
from inpaintbench.planning.plan import Plan, Variant
from inpaintbench.plugins.specification import settings
from inpaintbench.storage import database
from inpaintbench.storage.imagefile import read_output
from inpaintbench.storage.outcome import CaseFacts, CellOutcome, Score, Timing
from inpaintbench.storage.rows import output_path

# Cases whose pending cells are read at once, so that memory stays flat as runs grow.
_PAGE = 1000

RUN_FILES = ("run.db", "run.db-wal", "run.db-shm", "outputs", "report", "rows.csv", "rows.parquet")


class Store:
    """A run directory, open for reading or, by one process at a time, for writing."""

    def __init__(self, directory: Path, connection: sqlite3.Connection) -> None:
        self.directory = directory
        self.connection = connection

    @classmethod
    @contextmanager
    def write(cls, directory: Path, *, fresh: bool = False) -> Iterator[Store]:
        """Open a run directory for writing, making it where it isn't there.

        Parameters
        ----------
        directory : Path
            The run directory.
        fresh : bool
            Remove the results that it holds first.

        Raises
        ------
        BenchError
            When another process is writing there, the directory can't be written, it holds
            something else, or the database is damaged.
        """
        try:
            directory.mkdir(parents=True, exist_ok=True)
            lock = filelock.FileLock(directory / ".lock")
            lock.acquire(timeout=0)
        except filelock.Timeout:
            raise BenchError(
                f"{directory}: another inpaintbench is running there; wait for it to end, or "
                "choose another directory with --out"
            ) from None
        except OSError as error:
            raise BenchError(f"{directory}: can't be written: {error.strerror}") from error
        try:
            if fresh:
                _remove_results(directory)
            elif not (directory / "run.db").exists() and _foreign(directory):
                raise BenchError(
                    f"{directory}: holds files that are not a run; choose an empty directory"
                )
            with database.connect(directory / "run.db", create=True) as connection:
                yield cls(directory, connection)
        finally:
            lock.release()

    @classmethod
    @contextmanager
    def read(cls, directory: Path) -> Iterator[Store]:
        """Open a finished or running run directory for reading.

        Raises
        ------
        BenchError
            When there is no run, or its database is damaged.
        """
        if not (directory / "run.db").is_file():
            raise BenchError(f"{directory}: holds no run (no run.db)")
        with database.connect(directory / "run.db", create=False) as connection:
            yield cls(directory, connection)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit all that is written inside, or nothing."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    def set_plan(self, plan: Plan) -> None:
        """Record what this run is to hold; results of earlier plans stay for later ones."""
        rows: dict[str, list[tuple[Any, ...]]] = {
            "plan_cases": [
                (i, c.id, c.dataset, c.sample, c.suite, c.index, c.seed)
                for i, c in enumerate(plan.cases)
            ],
            "plan_variants": [(i, variant.key) for i, variant in enumerate(plan.variants)],
            "plan_metrics": [
                (i, m.id, m.name, m.label, m.unit, int(m.higher_is_better), m.worst, "")
                for i, m in enumerate(plan.metrics)
            ],
        }
        if all(self._rows(table) == wanted for table, wanted in rows.items()):
            return
        with self.transaction():
            self.connection.executemany(
                "INSERT OR REPLACE INTO variants VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [_variant_row(variant) for variant in plan.variants],
            )
            for table, wanted in rows.items():
                self.connection.execute(f"DELETE FROM {table}")
                for row in wanted:
                    marks = ", ".join("?" * len(row))
                    self.connection.execute(f"INSERT INTO {table} VALUES ({marks})", row)
            self.set_meta("name", plan.benchmark.name)
            self._mark_changed()

    def _rows(self, table: str) -> list[tuple[Any, ...]]:
        rows = self.connection.execute(f"SELECT * FROM {table} ORDER BY position").fetchall()
        # why a metric is missing belongs to the run, not to the plan
        return [(*row[:-1], "") for row in rows] if table == "plan_metrics" else rows

    def _mark_changed(self) -> None:
        """Note that results changed, so that reports made before are known to be outdated."""
        self.set_meta("changed", datetime.now(UTC).isoformat())

    def set_meta(self, key: str, value: str) -> None:
        """Record a fact about the run: a version, the processor, a date."""
        self.connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def meta(self) -> dict[str, str]:
        """Return the facts recorded about the run."""
        return dict(self.connection.execute("SELECT key, value FROM meta ORDER BY key"))

    def forget(self, failures: Iterable[str] | None) -> int:
        """Remove failed cells of the plan so that they run again, and count them.

        Parameters
        ----------
        failures : iterable of str or None
            The kinds of failure to forget; None forgets all.
        """
        sql = "DELETE FROM cells WHERE status = 'failed' AND key IN (SELECT key FROM plan_variants)"
        if failures is None:
            return self.connection.execute(sql).rowcount
        return sum(
            self.connection.execute(f"{sql} AND failure = ?", (kind,)).rowcount for kind in failures
        )

    def pending_cells(self) -> Iterator[tuple[int, int]]:
        """Yield ``(case position, variant position)`` of cells without a result, case by case."""
        for start in range(0, self.count("SELECT count(*) FROM plan_cases"), _PAGE):
            yield from self.connection.execute(
                "SELECT c.position, v.position FROM plan_cases c CROSS JOIN plan_variants v "
                'LEFT JOIN cells r ON r."case" = c."case" AND r.key = v.key '
                "WHERE r.key IS NULL AND c.position >= ? AND c.position < ? "
                "ORDER BY c.position, v.position",
                (start, start + _PAGE),
            ).fetchall()

    def count(self, sql: str, *values: str) -> int:
        """Return the single number that a query yields."""
        return int(self.connection.execute(sql, values).fetchone()[0])

    def pending_cell_count(self) -> int:
        """Count the cells of the plan that have no result."""
        return self.count(
            "SELECT (SELECT count(*) FROM plan_cases) * (SELECT count(*) FROM plan_variants) - "
            '(SELECT count(*) FROM cells JOIN plan_cases USING ("case") '
            "JOIN plan_variants USING (key))"
        )

    def add_cell(
        self, case: Case, variant: Variant, outcome: CellOutcome, facts: CaseFacts | None
    ) -> None:
        """Commit one cell: its output first, then its row, so that a row never lacks its file.

        Raises
        ------
        BenchError
            When the arrays of the case aren't those recorded before, or the disk is full.
        """
        if outcome.png is not None:
            self._write_output(outcome.output_sha256, outcome.png)
        with self.transaction():
            if facts is not None:
                self._add_case(case, facts)
            self.connection.execute(
                "INSERT OR REPLACE INTO cells VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    case.id,
                    variant.key,
                    outcome.status,
                    outcome.failure,
                    outcome.message,
                    outcome.traceback,
                    outcome.stderr,
                    outcome.output_sha256,
                    outcome.seconds,
                ),
            )
            self._mark_changed()

    def _add_case(self, case: Case, facts: CaseFacts) -> None:
        known = self.connection.execute(
            'SELECT image_sha256, mask_sha256 FROM cases WHERE "case" = ?', (case.id,)
        ).fetchone()
        if known is None:
            self.connection.execute(
                "INSERT INTO cases VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    case.id,
                    facts.suite_version,
                    facts.kind,
                    *facts.shape,
                    facts.dtype,
                    facts.coverage,
                    facts.thickness,
                    facts.border_contact,
                    facts.image_sha256,
                    facts.mask_sha256,
                ),
            )
        elif known != (facts.image_sha256, facts.mask_sha256):
            raise BenchError(
                f"case {case.id} ({case.dataset}/{case.sample}, {case.suite}): the image or mask "
                "isn't the one this run started with; start anew with --fresh"
            )

    def _write_output(self, sha256: str, png: bytes) -> None:
        path = self.directory / output_path(sha256)
        if path.exists():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        # one name for all, so that what a killed process left is written over by the next
        partial = self.directory / "outputs" / ".partial"
        try:
            partial.write_bytes(png)
            partial.replace(path)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise BenchError(
                f"{path}: can't be written: {error.strerror}; nothing finished is lost, "
                "mend it and run the same command"
            ) from error

    def output(self, sha256: str) -> Image:
        """Read an output, as `read_output` does."""
        return read_output(self.directory, sha256)

    def pending_scores(self, metrics: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
        """Yield ``(case position, output digests)`` with an output that lacks one of the metrics.

        Parameters
        ----------
        metrics : iterable of str
            Ids of the metrics that can be computed.
        """
        wanted = list(metrics)
        marks = ", ".join("?" * len(wanted))
        sql = (
            "SELECT p.position, r.output_sha256 FROM plan_cases p "
            'JOIN cells r USING ("case") JOIN plan_variants v USING (key) '
            "WHERE r.status = 'done' AND p.position >= ? AND p.position < ? "
            'AND (SELECT count(*) FROM scores s WHERE s."case" = p."case" '
            f"AND s.output_sha256 = r.output_sha256 AND s.metric IN ({marks})) < ? "
            "GROUP BY 1, 2 ORDER BY 1, 2"
        )
        for start in range(0, self.count("SELECT count(*) FROM plan_cases"), _PAGE):
            rows = self.connection.execute(sql, (start, start + _PAGE, *wanted, len(wanted)))
            for position, group in groupby(rows.fetchall(), key=itemgetter(0)):
                yield position, [sha256 for _, sha256 in group]

    def add_scores(self, scores: Iterable[Score]) -> None:
        """Commit the scores of one case."""
        with self.transaction():
            self.connection.executemany(
                "INSERT OR REPLACE INTO scores VALUES (?, ?, ?, ?)",
                # SQLite has no NaN: NULL stands for a metric that isn't defined for the case
                [
                    (s.case, s.output_sha256, s.metric, None if np.isnan(s.value) else s.value)
                    for s in scores
                ],
            )
            self._mark_changed()

    def set_missing(self, metric: str, reason: str) -> None:
        """Record why a metric can't be computed here."""
        with self.transaction():
            self.connection.execute(
                "UPDATE plan_metrics SET missing = ? WHERE metric = ? AND missing != ?",
                (reason, metric, reason),
            )
            self._mark_changed()

    def has_timing(self, case: Case, variant: Variant, threads: int) -> bool:
        """Whether a cell was timed without contention, on that many threads."""
        return bool(
            self.count(
                'SELECT count(*) FROM timings WHERE "case" = ? AND key = ? AND NOT contended '
                f"AND threads = {int(threads)}",
                case.id,
                variant.key,
            )
        )

    def done_keys(self, case: Case) -> set[str]:
        """Return the keys of the variants that finished a case."""
        rows = self.connection.execute(
            "SELECT key FROM cells WHERE \"case\" = ? AND status = 'done'", (case.id,)
        )
        return {key for (key,) in rows}

    def add_timings(self, timings: Iterable[Timing]) -> None:
        """Commit the repeats of a timed cell, in place of earlier ones."""
        rows = list(timings)
        with self.transaction():
            for case, key in {(t.case, t.key) for t in rows}:
                self.connection.execute(
                    'DELETE FROM timings WHERE "case" = ? AND key = ?', (case, key)
                )
            self.connection.executemany(
                "INSERT INTO timings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        t.case,
                        t.key,
                        t.repeat,
                        t.seconds,
                        t.contended,
                        t.threads,
                        t.setup_seconds,
                        t.first_seconds,
                        t.peak_bytes,
                    )
                    for t in rows
                ],
            )
            self._mark_changed()


def _variant_row(variant: Variant) -> tuple[str | int, ...]:
    method = variant.method
    return (
        variant.key,
        variant.label,
        method.name,
        method.family,
        method.paper,
        method.deterministic,
        ",".join(method.trained_on),
        json.dumps(settings(method)),
        variant.specification,
    )


def _remove_results(directory: Path) -> None:
    for name in RUN_FILES:
        path = directory / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _foreign(directory: Path) -> bool:
    """Whether a directory holds files that a run didn't put there."""
    return any(path.name not in {".lock", *RUN_FILES} for path in directory.iterdir())
