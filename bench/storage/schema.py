"""The tables of a database, declared once: what is made, written, read and checked follows."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from inpaintbench.storage.outcome import FAILURES


@dataclass(frozen=True)
class Kind:
    """Values of a column: their types in SQLite and in pandas, and what a sound one is.

    `check` is an expression in SQL that is true of a sound value, which stands for ``{0}``, and
    `words` says it to people. That all characters are hexadecimal `digits` isn't part of `check`.
    """

    sql: str
    dtype: str
    check: str
    words: str
    digits: bool = False


@dataclass(frozen=True)
class Column:
    """A column of a table."""

    name: str
    kind: Kind
    meaning: str


@dataclass(frozen=True)
class Table:
    """A table of a database; where its primary key is one number, the next column is unique too.

    `rules` map what can be wrong with a row to an expression in SQL that is true of a sound one.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    rules: Mapping[str, str] = field(default_factory=dict, hash=False)

    @cached_property
    def names(self) -> list[str]:
        """The names of its columns."""
        return [column.name for column in self.columns]

    @property
    def sql(self) -> str:
        """The statement that makes it."""
        numbered = self.key == tuple(self.names[:1]) and self.columns[0].kind.sql == "INTEGER"
        lines = [f'"{column.name}" {column.kind.sql}' for column in self.columns]
        lines.append(f"PRIMARY KEY ({quoted(self.key)})")
        lines += [f"UNIQUE ({quoted(self.names[1:2])})"] if numbered else []
        # SQLite needs the row id where the key is a number
        rowid = "" if numbered else " WITHOUT ROWID"
        return f"CREATE TABLE {self.name} ({', '.join(lines)}){rowid}"

    @property
    def checks(self) -> dict[str, str]:
        """What can be wrong with a row → the expression that is true where it isn't."""
        columns = {
            f"{column.name} isn't {column.kind.words}": column.kind.check.format(f'"{column.name}"')
            for column in self.columns
        }
        return {**columns, **self.rules}

    @property
    def guard(self) -> str:
        """The statement by which a connection refuses to write a row that isn't sound."""
        new = ", ".join(f'NEW."{name}" AS "{name}"' for name in self.names)
        faults = " ".join(
            f"WHEN ({check}) IS NOT TRUE THEN RAISE(ABORT, '{words.replace(chr(39), 2 * chr(39))}')"
            for words, check in self.checks.items()
        )
        return (
            f"CREATE TEMP TRIGGER guard_{self.name} AFTER INSERT ON main.{self.name} "
            f"BEGIN SELECT CASE {faults} END FROM (SELECT {new}); END"
        )

    def insert(self, verb: str = "INSERT") -> str:
        """Return the statement that writes a row, a mapping from columns to values."""
        places = ", ".join(f":{name}" for name in self.names)
        return f"{verb} INTO {self.name} ({quoted(self.names)}) VALUES ({places})"

    def take_over(self, source: str, known: Collection[str]) -> str:
        """Return the statement that copies rows from a table that has some of the columns."""
        empty = {c.name: "0" if c.kind.sql == "INTEGER" else "''" for c in self.columns}
        values = [quoted([name]) if name in known else empty[name] for name in self.names]
        columns = quoted(self.names)
        return f"INSERT INTO {self.name} ({columns}) SELECT {', '.join(values)} FROM {source}"


@dataclass(frozen=True)
class Schema:
    """All of a database.

    `of` says whose tables they are; `remedy` and `otherwise` what to do about a damaged database
    and another version. `older` are earlier versions, each with the digest of the statements of its
    tables without their spaces; `upgrade` completes what was copied from one. `crossed` maps what
    can be wrong between rows to the query that finds it. `views` are each connection's own.
    """

    of: str
    remedy: str
    otherwise: str
    version: int
    tables: tuple[Table, ...]
    older: Mapping[int, str]
    upgrade: Callable[[sqlite3.Connection, int], None]
    crossed: Mapping[str, str]
    views: tuple[str, ...] = ()


def quoted(names: Iterable[str]) -> str:
    """List columns in SQL."""
    return ", ".join(f'"{name}"' for name in names)


def declare(text: str, rules: Mapping[str, Mapping[str, str]] | None = None) -> tuple[Table, ...]:
    """Make tables of their declarations, with their rules by table.

    They are apart by an empty line, each ``name: key``, then a line a column: its name, one of
    `KINDS`, what it means.
    """
    tables = []
    for declared in text.strip().split("\n\n"):
        head, *lines = declared.splitlines()
        name, key = head.split(": ")
        columns = (line.split(maxsplit=2) for line in lines)
        made = tuple(Column(column, KINDS[kind], meaning) for column, kind, meaning in columns)
        tables.append(Table(name, made, tuple(key.split()), (rules or {}).get(name, {})))
    return tuple(tables)


def _digits(least: int, most: int) -> str:
    return f"(typeof({{0}}) = 'text' AND length({{0}}) BETWEEN {least} AND {most})"


def _one_of(*words: str) -> str:
    # the commonest first, alone: a list is slower
    return f"{{0}} = {words[0]!r} OR {{0}} IN ({', '.join(map(repr, words))})"


_TEXT = (
    "{0} = '' OR (typeof({0}) = 'text' AND length(CAST({0} AS BLOB)) <= 4194304 "
    "AND instr({0}, char(0)) = 0)"
)
_ID = _digits(8, 64)
_ID_OR_NONE, _DIGEST = (f"{{0}} = '' OR {_digits(*size)}" for size in ((8, 64), (64, 64)))
_REFERENCE = "typeof({0}) = 'text' AND length(CAST({0} AS BLOB)) <= 64"
_COUNT = f"typeof({{0}}) = 'integer' AND {{0}} BETWEEN 0 AND {2**53}"
_AMOUNT = "(typeof({0}) = 'real' AND {0} BETWEEN 0 AND 1.7e308)"
_CHANGE = "(typeof({0}) = 'real' AND abs({0}) <= 1.7e308)"
_NUMBER = "{0} IS NULL OR typeof({0}) = 'real' AND (abs({0}) < 1e15 OR abs({0}) > 1.79e308)"

KINDS = {
    "text": Kind("TEXT", "str", _TEXT, "a text (without NUL, of 4 MB at most)"),
    "id": Kind("TEXT", "str", _ID, "an id of hexadecimal digits", digits=True),
    "id?": Kind("TEXT", "str", _ID_OR_NONE, "an id, or empty", digits=True),
    "digest?": Kind(
        "TEXT", "str", f"{{0}} = '' OR {_DIGEST}", "64 hexadecimal digits", digits=True
    ),
    # in long tables, whose rows count only where such an id is in a short one, where it is checked
    "reference": Kind("TEXT", "str", _REFERENCE, "an id"),
    "whole": Kind("INTEGER", "int64", "typeof({0}) = 'integer'", "a whole number"),
    "count": Kind("INTEGER", "int64", _COUNT, "a count"),
    "flag": Kind("INTEGER", "bool", "typeof({0}) = 'integer' AND {0} IN (0, 1)", "0 or 1"),
    "amount": Kind("REAL", "float64", _AMOUNT, "a finite number"),
    "change": Kind("REAL", "float64", _CHANGE, "a finite number"),
    # SQLite has no NaN: NULL stands for it
    "amount?": Kind("REAL", "float64", f"{{0}} IS NULL OR {_AMOUNT}", "a finite number"),
    "change?": Kind("REAL", "float64", f"{{0}} IS NULL OR {_CHANGE}", "a finite number"),
    "number?": Kind("REAL", "float64", _NUMBER, "a number below 10¹⁵, or infinite"),
    "status": Kind("TEXT", "str", _one_of("done", "failed", "skipped"), "a status"),
    "failure?": Kind("TEXT", "str", _one_of("", *FAILURES), "a kind of failure"),
    "dtype?": Kind("TEXT", "str", _one_of("", "uint8", "uint16"), "uint8 or uint16"),
}
"""The kinds by name; a value of one with a question mark may be unknown: empty, or NULL."""
