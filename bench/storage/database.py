"""SQLite databases: how they are opened, checked and brought up to date."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

from inpaintbench.errors import BenchError, one_line
from inpaintbench.storage.schema import Schema, Table, quoted

_TEXT_LIMIT = 2**20


@contextmanager
def write(path: Path, schema: Schema) -> Iterator[sqlite3.Connection]:
    """Open a database for writing; made where there is none, brought up to date where it is old.

    Raises
    ------
    BenchError
        When it is damaged or something else, is held by another program, can't be written, or the
        disk is full.
    """
    with _explained(path, schema), _open(path) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        if _is_empty(connection):
            with transaction(connection):
                for table in schema.tables if _is_empty(connection) else ():
                    connection.execute(table.sql)
                connection.execute(f"PRAGMA user_version={schema.version}")
        _check(connection, schema, path)
        for table in schema.tables:
            connection.execute(table.guard)
        yield connection


def _is_empty(connection: sqlite3.Connection) -> bool:
    return not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]


@contextmanager
def read(path: Path, schema: Schema) -> Iterator[sqlite3.Connection]:
    """Open a database for reading; nothing is written, neither in it nor beside it.

    Raises
    ------
    BenchError
        When it is damaged or something else.
    """
    wal, shared = (path.with_name(path.name + suffix) for suffix in ("-wal", "-shm"))
    with ExitStack() as stack:
        stack.enter_context(_explained(path, schema))
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
        if _version(connection) in schema.older:
            copy = stack.enter_context(_open())
            connection.backup(copy)
            connection = copy
        _check(connection, schema, path)
        yield connection
        if state and state != _state(path):
            raise BenchError(f"{path}: somebody began to write while it was read; try again")


def insert(
    connection: sqlite3.Connection,
    table: Table,
    rows: Iterable[Mapping[str, object]],
    verb: str = "INSERT",
) -> None:
    """Write rows, each a mapping from the table's columns to values.

    Raises
    ------
    BenchError
        When one isn't what the table holds, so that the database would be refused from now on.
    """
    storable = ({k: _storable(v) for k, v in row.items()} for row in rows)
    try:
        connection.executemany(table.insert(verb), storable)
    except (sqlite3.IntegrityError, sqlite3.InterfaceError, sqlite3.ProgrammingError) as error:
        raise BenchError(f"a row of {table.name} can't be kept: {one_line(error)}") from error


def find_fault(connection: sqlite3.Connection, table: Table, number: str = "''") -> str:
    """Say what is wrong with a row of a table, if any is, after the `number` SQL gives of it."""
    checks = table.checks
    sound = " AND ".join(f"({check})" for check in checks.values())
    which = " ".join(f"WHEN ({c}) IS NOT TRUE THEN {i}" for i, c in enumerate(checks.values()))
    row = connection.execute(
        f"SELECT {number}, CASE {which} END FROM {table.name} WHERE ({sound}) IS NOT TRUE LIMIT 1"
    ).fetchone()
    if row:
        return f"{row[0]}{list(checks)[row[1]]}"
    if digital := [column.name for column in table.columns if column.kind.digits]:
        # many rows at once: an expression in SQL takes a second a million
        texts = " || ".join(f'"{name}"' for name in digital)
        cursor = connection.execute(
            f"SELECT CAST(group_concat({texts}, '') AS BLOB) FROM {table.name} "
            f"GROUP BY {quoted(table.key[:1])}"
        )
        if any(row[0].translate(None, b"0123456789abcdef") for row in cursor):
            return f"{' or '.join(digital)} isn't of hexadecimal digits"
    return ""


def find_fault_of(table: Table, rows: Iterable[Mapping[str, object]]) -> str:
    """Say what is wrong with rows that a table would hold; empty where nothing is."""
    with _open() as connection:
        connection.execute(f"CREATE TABLE {table.name} ({quoted(table.names)})")
        connection.executemany(table.insert(), rows)
        key = quoted(table.key)
        twice = connection.execute(
            f"SELECT max(rowid) FROM {table.name} GROUP BY {key} HAVING count(*) > 1 LIMIT 1"
        ).fetchone()
        fault = find_fault(connection, table, "'row ' || rowid || ': '")
    return fault or (f"row {twice[0]} is there twice" if twice else "")


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
        connection.create_function("is_json_object", 1, _is_json_object)
        # functions that a stranger's tables name aren't called
        connection.execute("PRAGMA trusted_schema=OFF")
        connection.execute("PRAGMA temp_store=MEMORY")
        yield connection


def _is_json_object(text: str) -> bool:
    with suppress(ValueError, TypeError, RecursionError):
        return isinstance(json.loads(text), dict)
    return False


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _check(connection: sqlite3.Connection, schema: Schema, path: Path) -> None:
    """Refuse a database that isn't exactly as this program would have written it."""
    version = _version(connection)
    if version not in (schema.version, *schema.older):
        raise BenchError(
            f"{path}: has schema version {version}, this inpaintbench reads {schema.version}; "
            f"{schema.otherwise}"
        )
    fault = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if fault != "ok":
        raise sqlite3.DatabaseError(fault)
    if version != schema.version:
        _upgrade(connection, schema, version)
    if set(_statements(connection)) != {table.sql for table in schema.tables}:
        raise sqlite3.DatabaseError(f"its tables aren't those of {schema.of}")
    for table in schema.tables:
        if fault := find_fault(connection, table):
            raise sqlite3.DatabaseError(f"{table.name}: {fault}")
    for words, query in schema.crossed.items():
        if connection.execute(query).fetchone():
            raise sqlite3.DatabaseError(words)
    for view in schema.views:
        connection.execute(view)


def _upgrade(connection: sqlite3.Connection, schema: Schema, version: int) -> None:
    """Copy the tables of an earlier version into those of today."""
    made = "".join("".join(statement.split()) for statement in _statements(connection))
    if hashlib.sha256(made.encode()).hexdigest() != schema.older[version]:
        raise sqlite3.DatabaseError(f"its tables aren't those of {schema.of}")
    with transaction(connection):
        for table in schema.tables:
            known = {row["name"] for row in connection.execute(f"PRAGMA table_info({table.name})")}
            if known:
                connection.execute(f"ALTER TABLE {table.name} RENAME TO old")
            connection.execute(table.sql)
            if known:
                connection.execute(table.take_over("old", known))
                connection.execute("DROP TABLE old")
        schema.upgrade(connection, version)
        connection.execute(f"PRAGMA user_version={schema.version}")


def _statements(connection: sqlite3.Connection) -> list[str]:
    """Read what made everything in the database but the indexes that keys bring along."""
    sql = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL OR type <> 'index' ORDER BY name"
    return [str(row["sql"]) for row in connection.execute(sql)]


@contextmanager
def _explained(path: Path, schema: Schema) -> Iterator[None]:
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
            "": f"the database is damaged ({text}); {schema.remedy}",
        }
        text = next(meaning for word, meaning in meanings.items() if word in text)
        raise BenchError(f"{path}: {text}") from error
