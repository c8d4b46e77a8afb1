"""The results of a run: a SQLite database and the outputs, every row committed as it comes.

One directory a run: ``run.db`` (WAL), ``outputs/`` (lossless PNG named by content digest),
``report/``. One process at a time writes; a killed process loses only what was in flight.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, fields
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import filelock

from inpaintbench.errors import BenchError
from inpaintbench.images.files import refuse_links
from inpaintbench.images.types import MOST_PIXELS
from inpaintbench.outside import read_as
from inpaintbench.planning.benchmark import Benchmark
from inpaintbench.planning.case import Case, Content
from inpaintbench.planning.keys import metric_key
from inpaintbench.planning.plan import Plan, Variant
from inpaintbench.storage import database, tables
from inpaintbench.storage.environment import Environment
from inpaintbench.storage.outcome import CaseFacts, CellOutcome, Failure, Score, Timing
from inpaintbench.storage.outputs import (
    FILES,
    holds_other_files,
    output_path,
    remove_results,
    write_output,
)
from inpaintbench.storage.rows import Provenance
from inpaintbench.storage.schema import Table, quoted


class Store:
    """A run directory, open for reading or, by one process at a time, for writing."""

    def __init__(self, directory: Path, connection: sqlite3.Connection) -> None:
        self.directory = directory
        self._connection = connection
        self._started = False

    @classmethod
    @contextmanager
    def write(cls, directory: Path, *, fresh: bool = False) -> Iterator[Store]:
        """Open a run directory for writing, making it where it isn't there.

        With `fresh`, the results that it holds are removed first; files that aren't a run's stay.

        Raises
        ------
        BenchError
            When another process is writing there, the directory can't be written, it holds
            something else, or the database is damaged.
        """
        refuse_links(*(directory / name for name in (".lock", "outputs", "report", *FILES)))
        refuse_links(*(directory / "outputs").glob("*"))
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
                remove_results(directory)
            elif not (directory / "run.db").exists() and holds_other_files(directory):
                raise BenchError(
                    f"{directory}: holds files that are not a run; choose an empty directory"
                )
            with database.write(directory / "run.db", tables.RUN) as connection:
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
        with database.read(directory / "run.db", tables.RUN) as connection:
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

    def records(self, table: Table) -> Iterator[dict[str, Any]]:
        """Yield the rows of a table as they are, in the order of its key."""
        order = quoted(table.key)
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

    def set_plan(self, plan: Plan) -> None:
        """Record what this run is to hold; results of earlier plans stay for later ones."""
        cases = [asdict(case) | {"case": case.id, "mask_index": case.index} for case in plan.cases]
        variants = [
            vars(v)
            | {"variant": v.label, "method": v.name, "trained_on": ",".join(v.trained_on)}
            | {"settings": json.dumps(dict(v.settings))}
            for v in plan.variants
        ]
        metrics = [
            {name: getattr(m, name) for name in ("name", "label", "unit", "higher_is_better")}
            | {"metric": m.id, "worst": m.worst, "missing": "", "key": metric_key(m)}
            | {"axis": m.axis or "", "least": m.bounds[0], "most": m.bounds[1]}
            for m in plan.metrics
        ]
        planned = {
            tables.PLAN_CASES: cases,
            tables.PLAN_VARIANTS: variants,
            tables.PLAN_METRICS: metrics,
        }
        content = json.dumps([asdict(plan.benchmark), *planned.values()])
        digest = hashlib.sha256(content.encode()).hexdigest()
        # what is planned is found by its position, so the rows must be those of this plan too
        stands = self._meta().get("plan") == digest and (
            [case.id for case in self.cases()],
            [row["key"] for row in self.records(tables.PLAN_VARIANTS)],
        ) == ([case.id for case in plan.cases], [variant.key for variant in plan.variants])
        if not stands:
            with self.transaction():
                self.add_records(tables.VARIANTS, variants, replace=True)
                self.write_plan(plan.benchmark, planned, plan=digest)

    def write_plan(
        self,
        benchmark: Benchmark,
        planned: Mapping[Table, Iterable[Mapping[str, object]]],
        **told: str,
    ) -> None:
        """Write a plan in place of the one that is there, and what else is `told` of the run."""
        with self.transaction():
            for table, rows in planned.items():
                self._connection.execute(f"DELETE FROM {table.name}")
                numbered = ({**row, "position": i} for i, row in enumerate(rows))
                database.insert(self._connection, table, numbered)
            told |= {"name": benchmark.name, "benchmark": json.dumps(asdict(benchmark))}
            self._set_meta(**{"plan": "", **told})

    def _set_meta(self, **told: str) -> None:
        rows = ({"key": key, "value": value} for key, value in told.items())
        self.add_records(tables.META, rows, replace=True)

    def _meta(self) -> dict[str, str]:
        return {row["key"]: row["value"] for row in self.records(tables.META)}

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
        where = f"{self.directory / 'run.db'}: its"
        text = meta.get("benchmark")
        return Provenance(
            meta.get("started", ""),
            meta.get("changed", ""),
            None if text is None else read_as(Benchmark, text, f"{where} benchmark"),
            read_as(tuple[str, ...], meta.get("merged", "[]"), f"{where} list of merged runs"),
        )

    def specifications(self) -> dict[str, str]:
        """Return what makes each variant again, by its key."""
        return {row["key"]: row["specification"] for row in self.records(tables.VARIANTS)}

    def planned_variants(self) -> list[str]:
        """Return what the variants of the plan are called, in its order."""
        sql = "SELECT variant FROM plan_variants JOIN variants USING (key) ORDER BY position"
        return [row["variant"] for row in self.query(sql)]

    def cases(self) -> list[Case]:
        """Return the cases of the plan."""
        names = 'SELECT "case" AS id, dataset, sample, suite, mask_index AS "index", seed'
        return [Case(**row) for row in self.query(f"{names} FROM plan_cases ORDER BY position")]

    # What is to be run again

    def forget(self, failures: Iterable[str] | None) -> int:
        """Remove what failed in the plan so that it runs again, and count it.

        `failures` are the kinds to forget; None forgets all, and scores that a metric could not
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
        sql = "SELECT DISTINCT output_sha256, output_bytes FROM planned WHERE status = 'done'"
        lost = []
        for row in self.query(sql):
            try:
                size = (self.directory / output_path(row["output_sha256"])).lstat().st_size
            except OSError:
                size = 0
            # how large it was isn't known of one from version 1
            if not size or row["output_bytes"] not in (0, size):
                lost.append(row["output_sha256"])
        return self.forget_outputs(lost)

    def forget_outputs(self, digests: Iterable[str]) -> int:
        """Remove the cells of outputs that are lost or damaged, and what is left of their files."""
        lost = list(digests)
        for sha256 in lost:
            with contextlib.suppress(OSError):
                (self.directory / output_path(sha256)).unlink()
        if not lost:
            return 0
        with self.transaction():
            sql = "DELETE FROM cells WHERE status = 'done' AND output_sha256 = ?"
            return self._connection.executemany(sql, ((sha256,) for sha256 in lost)).rowcount

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
            "SELECT case_position, variant_position FROM planned WHERE status IS NULL AND made "
            "AND case_position >= ? AND case_position < ? ORDER BY 2, 1",
            first,
            stop,
        )
        return [(row["case_position"], row["variant_position"]) for row in rows]

    def contents(self, first: int, stop: int) -> dict[str, Content]:
        """Return what some cases of the plan hold, of those that could be made."""
        rows = self.query(
            f'SELECT "case", {_CONTENT} FROM plan_cases p JOIN cases USING ("case") '
            "WHERE failure = '' AND position >= ? AND position < ?",
            first,
            stop,
        )
        return {case: Content(*content) for case, *content in rows}

    def pending_cell_count(self) -> int:
        """Count the cells of the plan that have no result, and are not on a case that failed."""
        return int(self.query("SELECT count(*) FROM planned WHERE status IS NULL")[0][0])

    def unanswered(self) -> list[str]:
        """Say what of the plan has no answer, a line for all of a kind; empty when nothing."""
        sql = (
            "SELECT what, why, count(*) AS number, min(place) AS place FROM gaps "
            "GROUP BY kind, why ORDER BY kind, min(position)"
        )
        return [
            f"{row['what']}: {row['why']}"
            + (f" ({row['number']}, first {row['place']})" if row["place"] else "")
            for row in self.query(sql)
        ]

    def failed_everywhere(self) -> list[str]:
        """Say which methods failed on every case that could be made, and why on the first."""
        sql = (
            "SELECT variant, count(*) AS number, min(case_position), failure, message, location "
            "FROM planned WHERE made GROUP BY variant_position "
            "HAVING sum(coalesce(status, '') = 'failed' AND failure <> 'environment') = count(*)"
        )
        return [
            f"{row['variant']} on every case ({row['number']}): {row['failure']}: {row['message']}"
            + (f" ({row['location']})" if row["location"] else "")
            for row in self.query(sql)
        ]

    def finished(self) -> set[tuple[str, str]]:
        """Return the cases and keys of all cells that have a result, of earlier plans too."""
        return {(row["case"], row["key"]) for row in self.query('SELECT "case", key FROM cells')}

    def mean_seconds(self) -> dict[str, float]:
        """Return how long a call took on average, by the name of the variant."""
        sql = (
            "SELECT variant, avg(seconds) FROM cells JOIN variants USING (key) "
            "WHERE status = 'done' AND seconds IS NOT NULL GROUP BY variant"
        )
        return dict(tuple(row) for row in self.query(sql))

    # What was found

    def _know(self, environment: Environment) -> str:
        """Record an environment, once; return its id."""
        row = environment.row
        self.add_records(tables.ENVIRONMENTS, [row])
        return str(row["id"])

    def environments(self) -> dict[str, Environment]:
        """Return the environments that made what the run holds, by their ids."""
        rows = self.records(tables.ENVIRONMENTS)
        return {row["id"]: Environment.from_facts(row) for row in rows}

    def add_case(self, case: Case, found: CaseFacts | Failure) -> None:
        """Commit what was measured on a case's arrays, or why there are none.

        Raises
        ------
        BenchError
            When the arrays of the case aren't those recorded before.
        """
        if isinstance(found, CaseFacts) and found.height * found.width > MOST_PIXELS:
            most = MOST_PIXELS // 10**6
            found = Failure("dataset", f"the image has more than {most} million pixels")
        failure = found if isinstance(found, Failure) else None
        facts = found if isinstance(found, CaseFacts) else _NO_FACTS
        known = self.query(
            f"SELECT {_CONTENT} FROM cases WHERE \"case\" = ? AND failure = ''", case.id
        )
        if known and not failure and (other := Content(*known[0]).differs(facts.content)):
            raise BenchError(
                f"case {case.id} ({case.dataset}/{case.sample}, {case.suite}): the {other} "
                "isn't the one this run started with; start anew with --fresh"
            )
        row = vars(facts) | _told(failure) | {"case": case.id}
        self.add_records(tables.CASES, [row], replace=True)

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
            write_output(self.directory, outcome.output_sha256, outcome.png)
        row = vars(outcome) | _told(outcome.failure, outcome.message)
        row |= {"case": case.id, "key": variant.key, "output_bytes": len(outcome.png or b"")}
        with self.transaction():
            if not self._started:
                self._set_meta(started=datetime.now(UTC).isoformat(timespec="seconds"))
                self._started = True
            row["environment"] = self._know(environment)
            self.add_records(tables.CELLS, [row], replace=True)

    def pending_scores(self, metrics: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
        """Yield ``(case position, output digests)`` with an output that lacks one of the metrics.

        `metrics` are the ids of those that can be computed.
        """
        wanted = list(metrics)
        marks = ", ".join("?" * len(wanted))
        sql = (
            "SELECT case_position AS position, output_sha256 FROM planned c "
            "WHERE status = 'done' AND "
            "(SELECT count(*) FROM scores s JOIN plan_metrics m USING (metric, key) "
            'WHERE s."case" = c."case" AND s.output_sha256 = c.output_sha256 '
            f"AND s.metric IN ({marks})) < ? GROUP BY 1, 2 ORDER BY 1, 2"
        )
        rows = self._connection.execute(sql, (*wanted, len(wanted)))
        for position, group in groupby(rows, key=itemgetter("position")):
            yield position, [row["output_sha256"] for row in group]

    def add_scores(self, scores: Iterable[Score], environment: Environment) -> None:
        """Commit the scores of one case; what failed now doesn't replace what is known."""
        keys = {row["metric"]: row["key"] for row in self.records(tables.PLAN_METRICS)}
        known = (
            'SELECT 1 FROM scores WHERE "case" = :case AND output_sha256 = :output_sha256 '
            "AND metric = :metric AND key = :key AND value IS NOT NULL"
        )
        with self.transaction():
            maker = self._know(environment)
            made = (vars(s) | {"key": keys.get(s.metric, ""), "environment": maker} for s in scores)
            rows = [row for row in made if not (row["reason"] and self.query(known, **row))]
            self.add_records(tables.SCORES, rows, replace=True)

    def set_missing(self, metric: str, reason: str) -> None:
        """Record why a metric can't be computed here."""
        sql = "SELECT 1 FROM plan_metrics WHERE metric = ? AND missing <> ?"
        if self.query(sql, metric, reason):
            with self.transaction():
                sql = "UPDATE plan_metrics SET missing = ? WHERE metric = ?"
                self._connection.execute(sql, (reason, metric))

    def pending_timings(
        self, plan: Plan, environment: Environment, threads: int
    ) -> list[tuple[Case, list[Variant]]]:
        """Return the timed cases of a plan with the variants still to be timed on this machine.

        Only runtimes of one machine can be compared. So a case is complete when one machine has
        timed every variant that finished it, while not busy and on that many threads, or failed to.
        """
        machine = {id: known.machine for id, known in self.environments().items()}
        planned = {variant.key for variant in plan.variants}
        found = []
        for case in plan.timed_cases():
            sql = "SELECT key FROM cells WHERE \"case\" = ? AND status = 'done'"
            done = planned & {row["key"] for row in self.query(sql, case.id)}
            sql = (
                'SELECT key, environment FROM timings WHERE "case" = :case AND NOT contended '
                "AND threads = :threads UNION "
                'SELECT key, environment FROM timing_failures WHERE "case" = :case'
            )
            tried: dict[str, set[str]] = {environment.machine: set()}
            for row in self.query(sql, case=case.id, threads=threads):
                tried.setdefault(machine.get(row["environment"], ""), set()).add(row["key"])
            left = done - tried[environment.machine]
            if left and not any(done <= keys for keys in tried.values()):
                found.append((case, [v for v in plan.variants if v.key in left]))
        return found

    def add_timings(
        self,
        case: Case,
        variant: Variant,
        found: Iterable[Timing] | Failure,
        environment: Environment,
    ) -> None:
        """Commit the repeats of a timed cell, or why it could not be timed.

        They take the place of what was there of the same machine.
        """
        cell = {"case": case.id, "key": variant.key}
        alike = [
            {**cell, "environment": id}
            for id, known in self.environments().items()
            if known.machine == environment.machine
        ]
        if isinstance(found, Failure):
            table, rows = tables.TIMING_FAILURES, [_told(found)]
        else:
            table, rows = tables.TIMINGS, [vars(timing) for timing in found]
        with self.transaction():
            for name in ("timings", "timing_failures"):
                sql = f'DELETE FROM {name} WHERE "case" = :case AND key = :key'
                self._connection.executemany(f"{sql} AND environment = :environment", alike)
            cell["environment"] = self._know(environment)
            numbered = ({**row, **cell, "repeat": i} for i, row in enumerate(rows))
            self.add_records(table, numbered)


_CONTENT = quoted(field.name for field in fields(Content))

_NO_FACTS = CaseFacts(0, "", 0, 0, 0, "", math.nan, math.nan, False, "", "")


def _told(failure: Failure | None, message: str = "") -> dict[str, object]:
    """Arrange a failure as a row has it; without one, a reason or nothing."""
    told = failure or Failure("", message)
    row: dict[str, object] = dict(vars(told))
    return row | {"failure": row.pop("kind"), "stderr": row.pop("printed")}
