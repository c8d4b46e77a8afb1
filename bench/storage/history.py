"""The history of runs: a SQLite database of figures by commit, date and machine."""

from __future__ import annotations

import hashlib
import math
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from inpaintbench.errors import BenchError
from inpaintbench.outside import plain_file
from inpaintbench.storage import database
from inpaintbench.storage.schema import Schema, declare

_RUNS, _FIGURES = _TABLES = declare("""
runs: id
  id               count      what figures name it by
  identity         text       digest of the rest
  name             text       benchmark
  commit           text       commit that was measured
  date             text       ISO date
  machine          text       where it was run

figures: run variant metric suite
  run              count      id of the run
  variant          text       method with its parameters
  method           text       name of the method
  metric           text       metric id, or what stands for runtime and finished cells
  name             text       name of the metric on the command line
  label            text       short name of the metric
  unit             text       unit, or empty
  higher_is_better flag       direction
  suite            text       mask suite; empty stands for all
  support          text       digest of what it is over: only those of equal support make a trend
  value            change     mean score, median seconds, or share of cells finished
""")

_HISTORY = Schema(
    of="a history",
    remedy="restore it from a copy, or choose another with --database",
    otherwise="choose another with --database",
    version=2,
    tables=_TABLES,
    older={1: "5adb0b6837a51200c6f5077db3a5d635b1260ae8784a7fa6f2f392fcf0531bea"},
    upgrade=lambda connection, version: None,
    crossed={
        "figures: one is of a run that isn't there": (
            "SELECT 1 FROM figures WHERE run NOT IN (SELECT id FROM runs)"
        )
    },
)


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
class Figure:
    """A figure of a run; meanings as in the table above.

    `support` is a digest of the cases, and for runtimes of the machine.
    """

    variant: str
    method: str
    metric: str
    name: str
    label: str
    unit: str
    higher_is_better: bool
    suite: str
    support: str
    value: float


class History:
    """An open history."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    @contextmanager
    def open(cls, path: Path, *, create: bool = False) -> Iterator[History]:
        """Open a history for reading, or to `create` it where there is none and add to it.

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
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BenchError(f"{path}: can't be opened: {error.strerror}") from error
        with (database.write if create else database.read)(path, _HISTORY) as connection:
            yield cls(connection)

    def add(self, entry: Entry, figures: Sequence[Figure]) -> bool:
        """Add a run, in place of the same one added before; return whether it is new.

        Raises
        ------
        BenchError
            When there is nothing to add.
        """
        if not figures:
            raise BenchError(f"{entry.name}: holds no figure to add")
        with database.transaction(self._connection):
            runs = self._connection.execute("SELECT identity, id FROM runs").fetchall()
            ids = {row["identity"]: row["id"] for row in runs}
            new = entry.identity not in ids
            run = max(ids.values(), default=0) + 1 if new else ids[entry.identity]
            row = asdict(entry) | {"id": run, "identity": entry.identity}
            database.insert(self._connection, _RUNS, [row], "INSERT OR IGNORE")
            self._connection.execute("DELETE FROM figures WHERE run = ?", (run,))
            # what is infinite, as the PSNR of a perfect fill, has no trend
            kept = (figure for figure in figures if math.isfinite(figure.value))
            rows = (asdict(figure) | {"run": run} for figure in kept)
            database.insert(self._connection, _FIGURES, rows)
        return new

    def figures(self) -> list[tuple[Entry, Figure]]:
        """Return every figure with its run, those of a method and metric together, oldest first."""
        rows = self._connection.execute(
            'SELECT f.*, r.name AS benchmark, r."commit", r.date, r.machine '
            "FROM figures f JOIN runs r ON r.id = f.run "
            "ORDER BY variant, metric, suite, support, date, run"
        )
        return [
            (
                Entry(row["benchmark"], row["commit"], row["date"], row["machine"]),
                Figure(**{field.name: row[field.name] for field in fields(Figure)}),
            )
            for row in rows
        ]
