"""The results of a run: a SQLite database and the outputs, every row committed as it comes.

One directory a run: ``run.db`` (WAL), ``outputs/`` (lossless PNG named by content digest),
``report/``. One process at a time writes; a killed process loses only what was in flight.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import filelock

from inpaintbench.datasets.base import Image
from inpaintbench.errors import BenchError
from inpaintbench.folder import remove_listed
from inpaintbench.planning import benchmark as benchmarks
from inpaintbench.planning.case import Case
from inpaintbench.planning.keys import metric_key
from inpaintbench.planning.plan import Plan, Variant
from inpaintbench.storage import database, schema
from inpaintbench.storage.environment import Environment
from inpaintbench.storage.imagefile import read_output
from inpaintbench.storage.outcome import CaseFacts, CellOutcome, Failure, Score, Timing
from inpaintbench.storage.rows import Provenance, output_path
from inpaintbench.storage.schema import Table

# Cases whose pending scores are read at once, so that memory stays flat as runs grow.
_PAGE = 1000

_FILES = ("run.db", "run.db-wal", "run.db-shm", "rows.csv", "rows.parquet")
_OUTPUT = re.compile(r"[0-9a-f]{64}\.png|\.partial")

# Cells of the plan, with their cases and variants in it.
_PLANNED = 'plan_cases p JOIN cells r USING ("case") JOIN plan_variants o USING (key)'


class Store:
    """A run directory, open for reading or, by one process at a time, for writing."""

    def __init__(self, directory: Path, connection: sqlite3.Connection) -> None:
        self.directory = directory
        self._connection = connection
        self._environments: set[str] = set()
        self._started = False

    @classmethod
    @contextmanager
    def write(cls, directory: Path, *, fresh: bool = False) -> Iterator[Store]:
        """Open a run directory for writing, making it where it isn't there.

        Parameters
        ----------
        directory : Path
            The run directory.
        fresh : bool
            Remove the results that it holds first; files that aren't a run's stay.

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
            with database.write(directory / "run.db") as connection:
                yield cls(directory, connection)
        finally:
            lock.release()

    @classmethod
    @contextmanager
    def read(cls, directory: Path) -> Iterator[Store]:
        """Open a finished or running run directory for reading; nothing in it is written.

        Raises
        ------
        BenchError
            When there is no run, or its database is damaged.
        """
        if not (directory / "run.db").is_file():
            raise BenchError(f"{directory}: holds no run (no run.db)")
        with database.read(directory / "run.db") as connection:
            yield cls(directory, connection)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit all that is written inside, or nothing; a part of one that is open already."""
        if self._connection.in_transaction:
            yield
        else:
            with database.transaction(self._connection):
                yield
                self._set_meta(changed=datetime.now(UTC).isoformat())

    def query(self, sql: str, *values: object, **named: object) -> list[sqlite3.Row]:
        """Read rows; only the storage knows the tables well enough to ask."""
        return self._connection.execute(sql, named or values).fetchall()

    def _count(self, sql: str, *values: object) -> int:
        return int(self.query(sql, *values)[0][0])

    def records(self, table: Table) -> Iterator[dict[str, Any]]:
        """Yield the rows of a table as they are, in the order of its key."""
        order = ", ".join(f'"{name}"' for name in table.key)
        for row in self._connection.execute(f"SELECT * FROM {table.name} ORDER BY {order}"):
            yield dict(row)

    def add_records(
        self, table: Table, rows: Iterable[Mapping[str, object]], *, replace: bool = False
    ) -> None:
        """Write rows of a table; those that are there already stay, or are replaced."""
        verb = "INSERT OR REPLACE" if replace else "INSERT OR IGNORE"
        with self.transaction():
            database.insert(self._connection, table, rows, verb)

    # What was planned

    def set_plan(self, plan: Plan, environment: Environment | None = None) -> None:
        """Record what this run is to hold; results of earlier plans stay for later ones."""
        told = {"name": plan.benchmark.name, "benchmark": json.dumps(asdict(plan.benchmark))}
        wanted: dict[Table, list[dict[str, object]]] = {
            schema.PLAN_CASES: [
                {
                    "position": i,
                    "case": c.id,
                    "dataset": c.dataset,
                    "sample": c.sample,
                    "suite": c.suite,
                    "mask_index": c.index,
                    "seed": c.seed,
                }
                for i, c in enumerate(plan.cases)
            ],
            schema.PLAN_VARIANTS: [
                {"position": i, "key": variant.key} for i, variant in enumerate(plan.variants)
            ],
            schema.PLAN_METRICS: [
                {
                    "position": i,
                    "metric": m.id,
                    "name": m.name,
                    "label": m.label,
                    "unit": m.unit,
                    "higher_is_better": int(m.higher_is_better),
                    "worst": m.worst,
                    "missing": "",
                    "key": metric_key(m),
                }
                for i, m in enumerate(plan.metrics)
            ],
        }
        variants = [
            {
                "key": v.key,
                "variant": v.label,
                "method": v.name,
                "family": v.family,
                "paper": v.paper,
                "deterministic": int(v.deterministic),
                "trained_on": ",".join(v.trained_on),
                "settings": json.dumps(dict(v.settings)),
                "specification": v.specification,
            }
            for v in plan.variants
        ]
        if environment is not None:
            self._know(environment)
        meta = self._meta()
        same = all(meta.get(name) == value for name, value in told.items())
        if same and all(self._as_planned(table, rows) for table, rows in wanted.items()):
            return
        with self.transaction():
            self.add_records(schema.VARIANTS, variants, replace=True)
            self.write_plan(wanted)
            self._set_meta(**told)

    def write_plan(self, tables: Mapping[Table, Iterable[Mapping[str, object]]]) -> None:
        """Write the tables of a plan in place of those that are there."""
        with self.transaction():
            for table, rows in tables.items():
                self._connection.execute(f"DELETE FROM {table.name}")
                database.insert(self._connection, table, rows)

    def _as_planned(self, table: Table, rows: list[dict[str, object]]) -> bool:
        # why a metric is missing belongs to the run, not to the plan
        names = [column.name for column in table.columns if column.name != "missing"]
        known = self.records(table)
        return [[row[name] for name in names] for row in known] == [
            [row[name] for name in names] for row in rows
        ]

    def _set_meta(self, **told: str) -> None:
        rows = ({"key": key, "value": value} for key, value in told.items())
        database.insert(self._connection, schema.META, rows, "INSERT OR REPLACE")

    def _meta(self) -> dict[str, str]:
        return {row["key"]: row["value"] for row in self.query("SELECT key, value FROM meta")}

    def name(self) -> str:
        """Return the name of the benchmark."""
        return self._meta().get("name", self.directory.name)

    def provenance(self) -> Provenance:
        """Return where the rows come from.

        Raises
        ------
        BenchError
            When what is told of it can't be read.
        """
        meta = self._meta()
        where = f"{self.directory / 'run.db'}: its benchmark"
        text = meta.get("benchmark")
        try:
            merged = json.loads(meta.get("merged", "[]"))
            if not isinstance(merged, list) or not all(isinstance(name, str) for name in merged):
                raise ValueError
        except (ValueError, RecursionError):
            raise BenchError(f"{self.directory / 'run.db'}: merged isn't a list of runs") from None
        return Provenance(
            started=meta.get("started", ""),
            changed=meta.get("changed", ""),
            benchmark=None if text is None else benchmarks.from_json(text, where),
            merged=tuple(merged),
        )

    def set_provenance(self, name: str, provenance: Provenance) -> None:
        """Record where the rows of a merged run come from."""
        with self.transaction():
            told = {"name": name, "started": provenance.started}
            if provenance.benchmark is not None:
                told["benchmark"] = json.dumps(asdict(provenance.benchmark))
            self._set_meta(**told, merged=json.dumps(provenance.merged))

    def cases(self) -> list[Case]:
        """Return the cases of the plan."""
        sql = 'SELECT "case", dataset, sample, suite, mask_index, seed FROM plan_cases'
        return [
            Case(
                id=row["case"],
                dataset=row["dataset"],
                sample=row["sample"],
                suite=row["suite"],
                index=row["mask_index"],
                seed=row["seed"],
            )
            for row in self.query(f"{sql} ORDER BY position")
        ]

    def specification(self, key: str) -> str:
        """Return what makes a variant of the run again."""
        rows = self.query("SELECT specification FROM variants WHERE key = ?", key)
        return str(rows[0]["specification"]) if rows else ""

    def planned_cells(self) -> int:
        """Count the cells of the plan."""
        return self._count(
            "SELECT (SELECT count(*) FROM plan_cases) * (SELECT count(*) FROM plan_variants)"
        )

    # What is to be run again

    def forget(self, failures: Iterable[str] | None) -> int:
        """Remove what failed in the plan so that it runs again, and count it.

        Parameters
        ----------
        failures : iterable of str or None
            The kinds of failure to forget; None forgets all, and scores that a metric could not
            give.
        """
        kinds = None if failures is None else list(failures)
        named = "" if kinds is None else f" AND failure IN ({', '.join('?' * len(kinds))})"
        cases = '"case" IN (SELECT "case" FROM plan_cases)'
        variants = "key IN (SELECT key FROM plan_variants)"
        statements = [
            f"cells WHERE status = 'failed' AND {variants}{named}",
            f"cases WHERE failure <> '' AND {cases}{named}",
            f"timing_failures WHERE {variants}{named}",
        ]
        if kinds is None:
            statements.append(f"scores WHERE reason <> '' AND {cases}")
        with self.transaction():
            return sum(
                self._connection.execute(f"DELETE FROM {statement}", kinds or ()).rowcount
                for statement in statements
            )

    def forget_lost_outputs(self) -> int:
        """Remove done cells of the plan whose file is gone or of another size, and count them.

        After a power cut a row may be there whose output isn't: it is made again then. A file of
        the right size is taken to be whole; `verify` reads them all.
        """
        sql = f"SELECT DISTINCT r.output_sha256, r.output_bytes FROM {_PLANNED} WHERE {{}}"
        lost = []
        for row in self.query(sql.format("r.status = 'done'")):
            try:
                size = (self.directory / output_path(row["output_sha256"])).lstat().st_size
            except OSError:
                size = 0
            # how large it was isn't known of one from version 1
            if not size or row["output_bytes"] not in (0, size):
                lost.append((row["output_sha256"],))
        if not lost:
            return 0
        with self.transaction():
            sql = "DELETE FROM cells WHERE status = 'done' AND output_sha256 = ?"
            return self._connection.executemany(sql, lost).rowcount

    def pending_cases(self) -> list[int]:
        """Return the positions of cases that nobody has tried to make."""
        sql = (
            'SELECT position FROM plan_cases WHERE "case" NOT IN (SELECT "case" FROM cases) '
            "ORDER BY position"
        )
        return [row["position"] for row in self.query(sql)]

    def pending_cells(self, first: int, stop: int) -> list[tuple[int, int]]:
        """Return ``(case position, variant position)`` of cells without a result.

        They are of the cases from `first` to before `stop` that could be made, variant by variant.
        """
        rows = self.query(
            "SELECT p.position AS place, o.position AS variant FROM plan_cases p "
            "CROSS JOIN plan_variants o "
            'JOIN cases f ON f."case" = p."case" AND f.failure = \'\' '
            'LEFT JOIN cells r ON r."case" = p."case" AND r.key = o.key '
            "WHERE r.key IS NULL AND p.position >= ? AND p.position < ? ORDER BY 2, 1",
            first,
            stop,
        )
        return [(row["place"], row["variant"]) for row in rows]

    def case_digests(self, first: int, stop: int) -> dict[str, tuple[str, str]]:
        """Return the digests of image and mask of some cases of the plan that could be made."""
        rows = self.query(
            'SELECT "case", image_sha256, mask_sha256 FROM plan_cases p JOIN cases USING ("case") '
            "WHERE failure = '' AND position >= ? AND position < ?",
            first,
            stop,
        )
        return {row["case"]: (row["image_sha256"], row["mask_sha256"]) for row in rows}

    def pending_cell_count(self) -> int:
        """Count the cells of the plan that have no result, and are not on a case that failed."""
        made = "(SELECT \"case\" FROM cases WHERE failure <> '')"
        return self._count(
            f'SELECT (SELECT count(*) FROM plan_cases WHERE "case" NOT IN {made}) * '
            "(SELECT count(*) FROM plan_variants) - "
            f'(SELECT count(*) FROM {_PLANNED} WHERE p."case" NOT IN {made})'
        )

    def cell_count(self, status: str) -> int:
        """Count the cells of the plan that ended so; those of a case that failed have failed."""
        count = self._count(f"SELECT count(*) FROM {_PLANNED} WHERE r.status = ?", status)
        return count + (self._count(_BARRED) if status == "failed" else 0)

    def unanswered(self) -> list[str]:
        """Say what of the plan has no answer, a line for all of a kind; empty when nothing."""
        found = []
        for what, sql in _UNANSWERED.items():
            for row in self.query(sql):
                place = f" ({row['number']}, first {row['place']})" if row["place"] else ""
                found.append(f"{what}: {row['why']}{place}")
        return found

    # What was found

    def _know(self, environment: Environment) -> str:
        """Record an environment, once; return its id."""
        if environment.id not in self._environments:
            self.add_records(schema.ENVIRONMENTS, [environment.row])
            self._environments.add(environment.id)
        return environment.id

    def environments(self) -> dict[str, Environment]:
        """Return the environments that made what the run holds, by their ids."""
        rows = self.records(schema.ENVIRONMENTS)
        return {row["id"]: Environment.from_facts(row) for row in rows}

    def add_case(self, case: Case, found: CaseFacts | Failure) -> None:
        """Commit what was measured on a case's arrays, or why there are none.

        Raises
        ------
        BenchError
            When the arrays of the case aren't those recorded before.
        """
        if isinstance(found, CaseFacts) and math.prod(found.shape[:2]) > schema.MOST_PIXELS:
            most = schema.MOST_PIXELS // 10**6
            found = Failure("dataset", f"the image has more than {most} million pixels")
        row: dict[str, object]
        if isinstance(found, Failure):
            nothing = CaseFacts(0, "", (0, 0, 0), "", math.nan, math.nan, False, "", "")
            row = _facts(nothing) | _told(found)
        else:
            row = _facts(found) | _told(None)
            known = self.query(
                "SELECT image_sha256, mask_sha256 FROM cases WHERE \"case\" = ? AND failure = ''",
                case.id,
            )
            if known and tuple(known[0]) != (found.image_sha256, found.mask_sha256):
                raise BenchError(
                    f"case {case.id} ({case.dataset}/{case.sample}, {case.suite}): the image or "
                    "mask isn't the one this run started with; start anew with --fresh"
                )
        self.add_records(schema.CASES, [row | {"case": case.id}], replace=True)

    def add_cell(
        self, case: Case, variant: Variant, outcome: CellOutcome, environment: Environment
    ) -> None:
        """Commit one cell: its output first, then its row, so that a row never lacks its file.

        Raises
        ------
        BenchError
            When the output can't be written.
        """
        if outcome.png is not None:
            self._write_output(outcome.output_sha256, outcome.png)
        row = _told(outcome.failure, outcome.message) | {
            "case": case.id,
            "key": variant.key,
            "status": outcome.status,
            "output_sha256": outcome.output_sha256,
            "output_bytes": len(outcome.png or b""),
            "seconds": outcome.seconds,
        }
        with self.transaction():
            if not self._started:
                self._set_meta(started=datetime.now(UTC).isoformat(timespec="seconds"))
                self._started = True
            row["environment"] = self._know(environment)
            self.add_records(schema.CELLS, [row], replace=True)

    def _write_output(self, sha256: str, png: bytes) -> None:
        path = self.directory / output_path(sha256)
        # one name for all, so that what a killed process left is written over by the next
        partial = self.directory / "outputs" / ".partial"
        try:
            if path.is_file() and path.stat().st_size == len(png):
                return
            path.parent.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(png)
            partial.replace(path)
        except OSError as error:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
            raise BenchError(
                f"{path}: can't be written: {error.strerror}; nothing finished is lost, "
                "mend it and run the same command"
            ) from error

    def output(self, sha256: str, shape: tuple[int, ...] | None = None) -> Image:
        """Read an output, as `read_output` does."""
        return read_output(self.directory, sha256, shape)

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
            f"SELECT p.position, r.output_sha256 FROM {_PLANNED} "
            "WHERE r.status = 'done' AND p.position >= ? AND p.position < ? "
            "AND (SELECT count(*) FROM scores s JOIN plan_metrics m USING (metric, key) "
            'WHERE s."case" = p."case" AND s.output_sha256 = r.output_sha256 '
            f"AND s.metric IN ({marks})) < ? GROUP BY 1, 2 ORDER BY 1, 2"
        )
        for start in range(0, self._count("SELECT count(*) FROM plan_cases"), _PAGE):
            rows = self.query(sql, start, start + _PAGE, *wanted, len(wanted))
            for position, group in groupby(rows, key=itemgetter("position")):
                yield position, [row["output_sha256"] for row in group]

    def add_scores(self, scores: Iterable[Score], environment: Environment) -> None:
        """Commit the scores of one case."""
        keys = {row["metric"]: row["key"] for row in self.records(schema.PLAN_METRICS)}
        with self.transaction():
            maker = self._know(environment)
            rows = [
                {**vars(score), "key": keys.get(score.metric, ""), "environment": maker}
                for score in scores
            ]
            self.add_records(schema.SCORES, rows, replace=True)

    def set_missing(self, metric: str, reason: str) -> None:
        """Record why a metric can't be computed here."""
        if self.query(
            "SELECT 1 FROM plan_metrics WHERE metric = ? AND missing <> ?", metric, reason
        ):
            with self.transaction():
                sql = "UPDATE plan_metrics SET missing = ? WHERE metric = ?"
                self._connection.execute(sql, (reason, metric))

    def pending_timings(
        self, plan: Plan, environment: Environment, threads: int
    ) -> list[tuple[Case, list[Variant]]]:
        """Return the timed cases of a plan with the variants still to be timed on this machine.

        Only runtimes of one machine can be compared. So a case is complete when one machine has
        timed every variant that finished it, uncontended and on that many threads, or failed to.
        """
        machine = {id: known.machine for id, known in self.environments().items()}
        found = []
        for case in plan.timed_cases():
            done = {
                row["key"]
                for row in self.query(
                    "SELECT key FROM cells WHERE \"case\" = ? AND status = 'done'", case.id
                )
            } & {variant.key for variant in plan.variants}
            tried: dict[str, set[str]] = {}
            for row in self.query(
                'SELECT key, environment FROM timings WHERE "case" = ? AND NOT contended '
                "AND threads = ? UNION "
                'SELECT key, environment FROM timing_failures WHERE "case" = ?',
                case.id,
                threads,
                case.id,
            ):
                tried.setdefault(machine.get(row["environment"], ""), set()).add(row["key"])
            if not any(done <= keys for keys in tried.values()):
                left = done - tried.get(environment.machine, set())
                found.append((case, [v for v in plan.variants if v.key in left]))
        return [(case, variants) for case, variants in found if variants]

    def add_timings(self, timings: Iterable[Timing], environment: Environment) -> None:
        """Commit the repeats of a timed cell, in place of earlier ones on the same machine."""
        rows = list(timings)
        with self.transaction():
            maker = self._know(environment)
            for case, key in {(t.case, t.key) for t in rows}:
                self._forget_timing(case, key, environment)
            self.add_records(schema.TIMINGS, ({**vars(t), "environment": maker} for t in rows))

    def add_timing_failure(
        self, case: Case, variant: Variant, failure: Failure, environment: Environment
    ) -> None:
        """Commit why a cell could not be timed, in place of earlier timings on the same machine."""
        with self.transaction():
            maker = self._know(environment)
            self._forget_timing(case.id, variant.key, environment)
            row = {"case": case.id, "key": variant.key, "environment": maker} | _told(failure)
            self.add_records(schema.TIMING_FAILURES, [row])

    def _forget_timing(self, case: str, key: str, environment: Environment) -> None:
        alike = [
            id for id, known in self.environments().items() if known.machine == environment.machine
        ]
        for table in ("timings", "timing_failures"):
            self._connection.executemany(
                f'DELETE FROM {table} WHERE "case" = ? AND key = ? AND environment = ?',
                [(case, key, id) for id in alike],
            )


# Cells that can't be run, since their case could not be made.
_BARRED = (
    'SELECT count(*) FROM plan_cases p JOIN cases f USING ("case") CROSS JOIN plan_variants o '
    'LEFT JOIN cells r ON r."case" = p."case" AND r.key = o.key '
    "WHERE f.failure <> '' AND r.key IS NULL"
)

_PLACE = "min(p.dataset || '/' || p.sample || ', ' || p.suite)"

_UNANSWERED = {
    "not made": f"SELECT count(*) AS number, failure || ': ' || message AS why, "
    f'{_PLACE} AS place FROM plan_cases p JOIN cases USING ("case") '
    "WHERE failure <> '' GROUP BY failure, message ORDER BY min(position)",
    "not run": "SELECT count(*) AS number, v.variant AS why, "
    f"{_PLACE} AS place FROM plan_cases p CROSS JOIN plan_variants o JOIN variants v USING (key) "
    'LEFT JOIN cells r ON r."case" = p."case" AND r.key = o.key '
    'LEFT JOIN cases f ON f."case" = p."case" '
    "WHERE r.key IS NULL AND coalesce(f.failure, '') = '' GROUP BY o.position",
    "environment failed": "SELECT count(*) AS number, "
    f"v.variant || ': ' || r.message AS why, {_PLACE} AS place FROM {_PLANNED} "
    "JOIN variants v USING (key) WHERE r.failure = 'environment' GROUP BY o.position, r.message",
    "metric missing": "SELECT 1 AS number, label || ': ' || missing AS why, '' AS place "
    "FROM plan_metrics WHERE missing <> '' ORDER BY position",
    "not scored": 'SELECT count(DISTINCT s."case" || s.output_sha256) AS number, '
    f"m.label || ': ' || s.reason AS why, {_PLACE} AS place FROM {_PLANNED} "
    'JOIN scores s ON s."case" = r."case" AND s.output_sha256 = r.output_sha256 '
    "JOIN plan_metrics m ON m.metric = s.metric AND m.key = s.key "
    "WHERE s.reason <> '' GROUP BY m.position, s.reason",
    "not timed": "SELECT count(*) AS number, "
    f"v.variant || ': ' || t.failure || ': ' || t.message AS why, {_PLACE} AS place "
    'FROM plan_cases p JOIN timing_failures t USING ("case") JOIN plan_variants o USING (key) '
    "JOIN variants v USING (key) GROUP BY o.position, t.failure, t.message",
}


def _facts(facts: CaseFacts) -> dict[str, object]:
    """Arrange the facts of a case as a row has them."""
    size = dict(zip(("height", "width", "channels"), facts.shape, strict=True))
    return vars(facts) | size | {"border_contact": int(facts.border_contact)}


def _told(failure: Failure | None, message: str = "") -> dict[str, object]:
    """Arrange a failure as a row has it; without one, a reason or nothing."""
    told = failure or Failure("", message)
    row: dict[str, object] = dict(vars(told))
    return row | {"failure": row.pop("kind"), "stderr": row.pop("printed")}


def _remove_results(directory: Path) -> None:
    """Remove what a run wrote, and no other file."""
    try:
        for name in _FILES:
            (directory / name).unlink(missing_ok=True)
        outputs = directory / "outputs"
        folders = [outputs, *outputs.glob("[0-9a-f][0-9a-f]")] if outputs.is_dir() else []
        for folder in reversed([folder for folder in folders if not folder.is_symlink()]):
            for path in folder.iterdir():
                if _OUTPUT.fullmatch(path.name) and not path.is_dir():
                    path.unlink()
            with contextlib.suppress(OSError):  # it holds something else
                folder.rmdir()
        remove_listed(directory / "report")
    except OSError as error:
        raise BenchError(f"{directory}: can't be emptied: {error.strerror}") from error


def _foreign(directory: Path) -> bool:
    """Whether a directory holds files that a run didn't put there."""
    ours = {".lock", "outputs", "report", *_FILES}
    return any(path.name not in ours for path in directory.iterdir())
