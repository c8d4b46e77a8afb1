"""The SQLite database of a run: its tables, how it is opened, what its errors mean."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from inpaintbench.errors import BenchError
from inpaintbench.storage.rows import SCHEMA_VERSION

_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE variants (
    key TEXT PRIMARY KEY, variant TEXT, method TEXT, family TEXT, paper TEXT,
    deterministic INTEGER, trained_on TEXT, settings TEXT, specification TEXT) WITHOUT ROWID;
CREATE TABLE plan_variants (position INTEGER PRIMARY KEY, key TEXT NOT NULL);
CREATE TABLE plan_cases (
    position INTEGER PRIMARY KEY, "case" TEXT NOT NULL UNIQUE, dataset TEXT, sample TEXT,
    suite TEXT, mask_index INTEGER, seed INTEGER);
CREATE TABLE plan_metrics (
    position INTEGER PRIMARY KEY, metric TEXT, name TEXT, label TEXT, unit TEXT,
    higher_is_better INTEGER, worst REAL, missing TEXT);
CREATE TABLE cases (
    "case" TEXT PRIMARY KEY, suite_version INTEGER, kind TEXT, height INTEGER, width INTEGER,
    channels INTEGER, dtype TEXT, coverage REAL, thickness REAL, border_contact INTEGER,
    image_sha256 TEXT, mask_sha256 TEXT) WITHOUT ROWID;
CREATE TABLE cells (
    "case" TEXT, key TEXT, status TEXT, failure TEXT, message TEXT, traceback TEXT, stderr TEXT,
    output_sha256 TEXT, seconds REAL, PRIMARY KEY ("case", key)) WITHOUT ROWID;
CREATE TABLE scores (
    "case" TEXT, output_sha256 TEXT, metric TEXT, value REAL,
    PRIMARY KEY ("case", output_sha256, metric)) WITHOUT ROWID;
CREATE TABLE timings (
    "case" TEXT, key TEXT, repeat INTEGER, seconds REAL, contended INTEGER, threads INTEGER,
    setup_seconds REAL, first_seconds REAL, peak_bytes REAL,
    PRIMARY KEY ("case", key, repeat)) WITHOUT ROWID;
"""


@contextmanager
def connect(path: Path, *, create: bool) -> Iterator[sqlite3.Connection]:
    """Open a database and check it; errors inside the block are explained.

    Parameters
    ----------
    path : Path
        ``run.db``.
    create : bool
        Make the tables where there are none.

    Raises
    ------
    BenchError
        When it is damaged, of another schema version, held by another program, can't be
        written, or the disk is full.
    """
    connection = sqlite3.connect(path, timeout=30, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0 and create and not _has_tables(connection):
            connection.executescript(
                f"BEGIN; {_TABLES} PRAGMA user_version={SCHEMA_VERSION}; COMMIT;"
            )
        elif version != SCHEMA_VERSION:
            raise BenchError(
                f"{path}: has schema version {version}, this inpaintbench reads "
                f"{SCHEMA_VERSION}; use another directory or --fresh"
            )
        fault = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if fault != "ok":
            raise sqlite3.DatabaseError(fault)
        yield connection
    except sqlite3.DatabaseError as error:
        raise _explained(path, error) from error
    finally:
        connection.close()


def _has_tables(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])


def _explained(path: Path, error: sqlite3.DatabaseError) -> BenchError:
    """Say what a database error means for the person."""
    text = str(error)
    if "full" in text:
        return BenchError(f"{path}: the disk is full; free some space and run the same command")
    if "readonly" in text or "unable to open" in text:
        return BenchError(f"{path}: can't be written ({text})")
    if "locked" in text:
        return BenchError(f"{path}: another program holds the database ({text})")
    return BenchError(
        f"{path}: the database is damaged ({text}); restore it from a copy, or start anew with "
        "--fresh"
    )
