"""The SQLite database of a run: how it is opened, checked and brought up to date."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from inpaintbench.errors import BenchError, one_line
from inpaintbench.storage import schema
from inpaintbench.storage.environment import Environment
from inpaintbench.storage.schema import Table

# Digest of the tables of version 1, their statements without the spaces.
_VERSION_1 = "fbca0454fea965d4a10dd6276b94af0262f610727bcc90fcef639dc479395581"

_TEXT_LIMIT = 2**20


@contextmanager
def write(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a database for writing; made where there is none, brought up to date where it is old.

    Raises
    ------
    BenchError
        When it is damaged or isn't a run's, is held by another program, can't be written, or the
        disk is full.
    """
    with _explained(path), _open(path) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            with transaction(connection):
                for table in schema.TABLES:
                    connection.execute(table.sql)
                connection.execute(f"PRAGMA user_version={schema.VERSION}")
        _check(connection, path)
        yield connection


@contextmanager
def read(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a database for reading; nothing is written, neither in it nor beside it.

    Raises
    ------
    BenchError
        When it is damaged or isn't a run's.
    """
    wal, shared = (path.with_name(path.name + suffix) for suffix in ("-wal", "-shm"))
    with ExitStack() as stack:
        stack.enter_context(_explained(path))
        how, state, place = "mode=ro", None, path
        try:
            if not (wal.is_file() and wal.stat().st_size):
                # nobody writes, and SQLite is told so: it needs no files of its own then
                how, state = "immutable=1", _state(path)
            elif not shared.is_file():
                # what a killed process left, which SQLite could only read by writing beside it
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
                how, place = "mode=rw", folder / path.name
                for source in (path, wal):
                    shutil.copyfile(source, folder / source.name)
        except OSError as error:
            raise BenchError(f"{path}: can't be read: {error.strerror}") from error
        connection = stack.enter_context(_open(place, how))
        if connection.execute("PRAGMA user_version").fetchone()[0] == 1:
            copy = stack.enter_context(_open())
            connection.backup(copy)
            connection = copy
        _check(connection, path)
        yield connection
        if state and state != _state(path):
            raise BenchError(f"{path}: a run began to write while it was read; try again")


def insert(
    connection: sqlite3.Connection,
    table: Table,
    rows: Iterable[Mapping[str, object]],
    verb: str = "INSERT",
) -> None:
    """Write rows, each a mapping from the table's columns to values."""
    connection.executemany(
        table.insert(verb), ({k: _storable(v) for k, v in row.items()} for row in rows)
    )


def _storable(value: object) -> object:
    """Bound a text and spell what SQLite can't hold."""
    if isinstance(value, str):
        text = value[:_TEXT_LIMIT].replace("\0", "\\0")
        return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()
    return value


def _state(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_mtime_ns, status.st_size


@contextmanager
def _open(path: Path | None = None, how: str = "mode=rwc") -> Iterator[sqlite3.Connection]:
    where = f"{path.absolute().as_uri()}?{how}" if path else ":memory:"
    with closing(sqlite3.connect(where, uri=True, timeout=30, isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        # functions that a stranger's tables name aren't called
        connection.execute("PRAGMA trusted_schema=OFF")
        yield connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit all that is written inside, or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _check(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a database that isn't exactly as this program would have written it."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version not in (1, schema.VERSION):
        raise BenchError(
            f"{path}: has schema version {version}, this inpaintbench reads {schema.VERSION}; use "
            "another directory or --fresh"
        )
    fault = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if fault != "ok":
        raise sqlite3.DatabaseError(fault)
    if version == 1:
        _upgrade(connection)
    found = {row["sql"] for row in _statements(connection)}
    if found != {table.sql for table in schema.TABLES}:
        raise sqlite3.DatabaseError("its tables aren't those of a run")
    for table in schema.TABLES:
        if fault := find_fault(connection, table):
            raise sqlite3.DatabaseError(f"{table.name}: {fault}")
    for words, query in schema.CROSSED:
        if connection.execute(query).fetchone():
            raise sqlite3.DatabaseError(words)
    for column, source in (("settings", "variants"), ("libraries", "environments")):
        for row in connection.execute(f"SELECT DISTINCT {column} FROM {source}"):
            if not isinstance(_json(row[column]), dict):
                raise sqlite3.DatabaseError(f"{source}: {column} isn't JSON of names and values")
    connection.execute("PRAGMA temp_store=MEMORY")
    for view in schema.VIEWS:
        connection.execute(view)


def find_fault(connection: sqlite3.Connection, table: Table, place: str = "''") -> str:
    """Say what is wrong with a row of a table, after the `place` that SQL gives of it, if any is.

    Digits are looked at here, many rows at once: an expression in SQL takes a second a million.
    """
    faults = table.faults
    sound = " AND ".join(f"({rule})" for _, rule in faults)
    which = " ".join(f"WHEN ({rule}) IS NOT TRUE THEN {i}" for i, (_, rule) in enumerate(faults))
    row = connection.execute(
        f"SELECT {place}, CASE {which} END FROM {table.name} WHERE ({sound}) IS NOT TRUE LIMIT 1"
    ).fetchone()
    if row:
        return f"{row[0]}{faults[row[1]][0]}"
    digital = [column.name for column in table.columns if column.kind.digits]
    if digital:
        together = " || ".join(schema.quoted([name]) for name in digital)
        cursor = connection.execute(
            f"SELECT CAST(group_concat({together}, '') AS BLOB) FROM {table.name} "
            f"GROUP BY {schema.quoted(table.key[:1])}"
        )
        if any(row[0].translate(None, b"0123456789abcdef") for row in cursor):
            return f"{' or '.join(digital)} isn't of hexadecimal digits"
    return ""


def _statements(connection: sqlite3.Connection) -> list[sqlite3.Row]:
    """Read what made everything in the database but the indexes that keys bring along."""
    sql = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL OR type <> 'index'"
    return connection.execute(f"{sql} ORDER BY name").fetchall()


def _json(text: str) -> Any:
    """Read JSON; None for what isn't, or is nested too deeply."""
    try:
        return json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return None


def _upgrade(connection: sqlite3.Connection) -> None:
    """Bring the tables of version 1 up to date, and give all that they hold its environment."""
    made = "".join("".join(str(row["sql"]).split()) for row in _statements(connection))
    if hashlib.sha256(made.encode()).hexdigest() != _VERSION_1:
        raise sqlite3.DatabaseError("its tables aren't those of a run")
    with transaction(connection):
        meta = dict(connection.execute("SELECT key, value FROM meta").fetchall())
        maker = Environment.from_facts(meta)
        for table in schema.TABLES:
            known = {row["name"] for row in connection.execute(f"PRAGMA table_info({table.name})")}
            if known:
                connection.execute(f"ALTER TABLE {table.name} RENAME TO old")
            connection.execute(table.sql)
            if known:
                connection.execute(table.upgrade("old", known), {"maker": maker.id})
                connection.execute("DROP TABLE old")
        insert(connection, schema.ENVIRONMENTS, [maker.row])
        kept = ("name", "changed", "started", "benchmark")
        told = {name: meta[name] for name in kept if name in meta}
        merged = _json(str(meta.get("merged")))
        if isinstance(merged, list):
            names = [str(part.get("run")) for part in merged if isinstance(part, dict)]
            told["merged"] = json.dumps(names)
        connection.execute("DELETE FROM meta")
        insert(connection, schema.META, ({"key": k, "value": v} for k, v in told.items()))
        connection.execute(f"PRAGMA user_version={schema.VERSION}")


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Say what a database error inside means for the person."""
    try:
        yield
    except sqlite3.Error as error:
        text = one_line(error)
        meanings = {
            "full": "the disk is full; free some space and run the same command",
            "readonly": f"can't be written ({text})",
            "unable to open": f"can't be written ({text})",
            "locked": f"another program holds the database ({text})",
            "": f"the database is damaged ({text}); restore it from a copy, or start anew with "
            "--fresh",
        }
        text = next(meaning for word, meaning in meanings.items() if word in text)
        raise BenchError(f"{path}: {text}") from error
