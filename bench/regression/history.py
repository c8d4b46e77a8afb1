"""The history of runs: a SQLite database of figures by commit, date and machine."""

from __future__ import annotations

import hashlib
import math
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pandas as pd

from inpaintbench.errors import BenchError, one_line
from inpaintbench.outside import plain_file, read_json
from inpaintbench.regression.runtimes import case_medians
from inpaintbench.regression.verdicts import FINISHED, RUNTIME
from inpaintbench.statistics.runtimes import comparable_timings
from inpaintbench.statistics.scores import MetricInfo, Scores, read_scores
from inpaintbench.storage.environment import main_environment
from inpaintbench.storage.rows import RunRows

HISTORY_VERSION = 1

_TABLES = """
CREATE TABLE runs (
    id INTEGER PRIMARY KEY, identity TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
    "commit" TEXT NOT NULL, date TEXT NOT NULL, machine TEXT NOT NULL);
CREATE TABLE figures (
    run INTEGER NOT NULL REFERENCES runs (id), variant TEXT NOT NULL, method TEXT NOT NULL,
    metric TEXT NOT NULL, name TEXT NOT NULL, label TEXT NOT NULL, unit TEXT NOT NULL,
    higher_is_better INTEGER NOT NULL, suite TEXT NOT NULL, support TEXT NOT NULL,
    value REAL NOT NULL, PRIMARY KEY (run, variant, metric, suite)) WITHOUT ROWID;
"""

_TEXT = "typeof({0}) = 'text' AND length(CAST({0} AS BLOB)) < 65536"


def _sound(table: str, texts: str, others: str) -> str:
    """Write the query that finds a row whose values aren't of their kinds."""
    checks = [others, *(_TEXT.format(f'"{name}"') for name in texts.split())]
    return f"SELECT 1 FROM {table} WHERE ({' AND '.join(checks)}) IS NOT TRUE"


_FAULTS = f"""CASE
WHEN EXISTS ({_sound("runs", "identity name commit date machine", "typeof(id) = 'integer'")})
THEN 'a run in it isn''t described by texts'
WHEN EXISTS ({
    _sound(
        "figures",
        "variant method metric name label unit suite support",
        "run IN (SELECT id FROM runs) AND higher_is_better IN (0, 1) "
        "AND typeof(value) = 'real' AND abs(value) <= 1.7e308",
    )
})
THEN 'a figure in it isn''t a finite number of a run'
END"""
"""What can be wrong with the rows of a history."""


@dataclass(frozen=True)
class Entry:
    """A run as the history knows it: benchmark, commit, ISO date, machine."""

    name: str
    commit: str
    date: str
    machine: str

    @property
    def identity(self) -> str:
        """Digest of all of it: the same run added again takes its own place."""
        parts = "\x1f".join((self.name, self.commit, self.date, self.machine))
        return hashlib.sha256(parts.encode()).hexdigest()


@dataclass(frozen=True)
class Value:
    """A figure of a run.

    Parameters
    ----------
    variant, method : str
        What it is of.
    metric : MetricInfo
        The metric, or what stands for runtime and finished cells.
    suite : str
        Mask suite; empty stands for all.
    support : str
        Digest of the cases it is over, and for runtimes of the machine: only figures of equal
        support make a trend.
    value : float
        The mean score, the median seconds, or the share of cells finished.
    """

    variant: str
    method: str
    metric: MetricInfo
    suite: str
    support: str
    value: float


@contextmanager
def open_history(path: Path, *, create: bool = False) -> Iterator[sqlite3.Connection]:
    """Open a history.

    Raises
    ------
    BenchError
        When there is none and none is to be made, or it is something else or damaged.
    """
    if path.exists():
        plain_file(path)
    elif not create:
        raise BenchError(f"{path}: no history yet; inpaintbench history add RUN begins one")
    try:
        if create:
            path.parent.mkdir(parents=True, exist_ok=True)
        mode = "rwc" if create else "ro"
        address = f"file:{quote(str(path.absolute()))}?mode={mode}"
        connection = sqlite3.connect(address, timeout=30, uri=True)
    except (OSError, sqlite3.Error) as error:
        raise BenchError(f"{path}: can't be opened: {one_line(error)}") from error
    try:
        connection.execute("PRAGMA trusted_schema=OFF")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        found = {sql for (sql,) in connection.execute("SELECT sql FROM sqlite_master") if sql}
        if create and version == 0 and not found:
            connection.executescript(
                f"BEGIN; {_TABLES} PRAGMA user_version={HISTORY_VERSION}; COMMIT;"
            )
        elif version != HISTORY_VERSION or found != _statements():
            raise BenchError(f"{path}: isn't a history that this inpaintbench reads")
        fault = connection.execute(f"SELECT {_FAULTS}").fetchone()[0]
        if fault:
            raise BenchError(f"{path}: can't be used: {fault}")
        yield connection
    except (sqlite3.DatabaseError, OverflowError) as error:
        raise BenchError(f"{path}: can't be used: {one_line(error)}") from error
    finally:
        connection.close()


def _statements() -> set[str]:
    return {text.strip() for text in _TABLES.split(";") if text.strip()}


def add(connection: sqlite3.Connection, entry: Entry, values: Sequence[Value]) -> bool:
    """Add a run, in place of the same one added before; return whether it is new.

    Raises
    ------
    BenchError
        When there is nothing to add.
    """
    if not values:
        raise BenchError(f"{entry.name}: holds no figure to add")
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        known = connection.execute(
            "SELECT id FROM runs WHERE identity = ?", (entry.identity,)
        ).fetchone()
        if known:
            connection.execute("DELETE FROM figures WHERE run = ?", known)
            run = known[0]
        else:
            run = connection.execute(
                'INSERT INTO runs (identity, name, "commit", date, machine) VALUES (?, ?, ?, ?, ?)',
                (entry.identity, entry.name, entry.commit, entry.date, entry.machine),
            ).lastrowid
        connection.executemany(
            "INSERT INTO figures VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    run,
                    v.variant,
                    v.method,
                    v.metric.id,
                    v.metric.name,
                    v.metric.label,
                    v.metric.unit,
                    v.metric.higher_is_better,
                    v.suite,
                    v.support,
                    v.value,
                )
                for v in values
            ],
        )
    return not known


def entry_of(rows: RunRows, commit: str = "", date: str = "") -> Entry:
    """Say what a run is in the history; `commit` and `date` replace what the run recorded.

    Raises
    ------
    BenchError
        When the run didn't record its date and none is given.
    """
    made = main_environment(rows)
    when = date or rows.provenance.started
    if not when:
        raise BenchError(f"{rows.directory}: doesn't say when it was run; give --date")
    timed = comparable_timings(rows, rows.timings).machine
    return Entry(rows.name, commit or made.code, when, timed or made.machine)


def values_of(rows: RunRows, machine: str) -> list[Value]:
    """Summarise a run: mean scores, finished cells and runtimes of each method and suite."""
    scores = read_scores(rows)
    suites = scores.suites()
    found = []
    for suite in ["", *suites] if len(suites) > 1 else suites:
        part = scores.where(suite=suite or None)
        found += _score_values(part, suite)
    return found + _runtime_values(rows, scores, machine)


def _score_values(scores: Scores, suite: str) -> list[Value]:
    digests = scores.cases["image_sha256"] + scores.cases["mask_sha256"]
    finished = MetricInfo(FINISHED, FINISHED, "cells finished", "", True, "")
    found = []
    for variant, method in scores.variants["method"].items():
        reached = scores.status[variant] != ""
        if reached.any():
            share = float(scores.done.loc[reached, str(variant)].mean())
            support = _support(digests[reached])
            found.append(Value(str(variant), str(method), finished, suite, support, share))
        for metric in scores.metrics:
            own = scores.values[metric.id][variant].dropna()
            if len(own):
                support = _support(digests[own.index])
                mean = float(own.mean())
                found.append(Value(str(variant), str(method), metric, suite, support, mean))
    return found


def _runtime_values(rows: RunRows, scores: Scores, machine: str) -> list[Value]:
    digests = scores.cases["image_sha256"] + scores.cases["mask_sha256"]
    alone = comparable_timings(rows, rows.timings).alone
    threads = ",".join(map(str, sorted(alone["threads"].unique())))
    medians = case_medians(rows)
    return [
        Value(
            str(variant),
            str(scores.variants.loc[variant, "method"]),
            _RUNTIME,
            "",
            _support(digests[medians[variant].dropna().index], machine, threads),
            float(np.median(medians[variant].dropna())),
        )
        for variant in medians.columns
    ]


_RUNTIME = MetricInfo(RUNTIME, RUNTIME, "runtime", "s", False, "")


def _support(digests: pd.Series[str], *others: str) -> str:
    parts = "\x1f".join((*sorted(digests), *others))
    return hashlib.sha256(parts.encode()).hexdigest()[:16]


def read_benchmark_json(path: Path, commit: str = "") -> tuple[Entry, list[Value]]:
    """Read runtimes from the JSON that pytest-benchmark writes.

    Raises
    ------
    BenchError
        When it isn't that.
    """
    content = read_json(path)
    try:
        machine = content["machine_info"]
        processor = machine.get("cpu", {}).get("brand_raw") or machine["machine"]
        info = content["commit_info"]
        mark = "-dirty" if info.get("dirty") else ""
        known = f"{str(info.get('id') or '')[:12]}{mark}"
        entry = Entry("pytest-benchmark", commit or known, content["datetime"], f"{processor}")
        values = [
            Value(
                b["fullname"],
                b["name"],
                _RUNTIME,
                "",
                _support(pd.Series(dtype=str), processor),
                float(b["stats"]["median"]),
            )
            for b in content["benchmarks"]
        ]
        texts = [
            entry.commit,
            entry.date,
            *(text for v in values for text in (v.variant, v.method)),
        ]
        if not all(isinstance(text, str) for text in texts):
            raise ValueError("a name, a commit or the date isn't a text")
        if not all(math.isfinite(v.value) and v.value >= 0 for v in values):
            raise ValueError("a runtime isn't a number of seconds")
        twice = len(values) - len({v.variant for v in values})
        if twice:
            raise ValueError(f"{twice} of its benchmarks are there twice")
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise BenchError(f"{path}: isn't JSON of pytest-benchmark ({one_line(error)})") from error
    return entry, values
