"""The tables of a run, declared once: what is made, written, read and checked follows from here."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property

from inpaintbench.images.types import MOST_PIXELS
from inpaintbench.storage.outcome import FAILURES

VERSION = 2


@dataclass(frozen=True)
class Kind:
    """Values of a column.

    Parameters
    ----------
    sql, dtype : str
        Type in SQLite and in pandas.
    check : str
        Expression in SQL that is true of a sound value, which stands for ``{0}``.
    words : str
        What a sound value is, for people.
    digits : bool
        Whether all of its characters must be hexadecimal digits, which `check` leaves out: SQLite
        is slow at it.
    """

    sql: str
    dtype: str
    check: str
    words: str
    digits: bool = False


def _digits(least: int, most: int) -> str:
    return f"(typeof({{0}}) = 'text' AND length({{0}}) BETWEEN {least} AND {most})"


def _one_of(*words: str) -> str:
    # the commonest first, alone: a list is slower
    return f"{{0}} = {words[0]!r} OR {{0}} IN ({', '.join(map(repr, words))})"


_PLAIN = (
    f"{{0}} = '' OR (typeof({{0}}) = 'text' AND length(CAST({{0}} AS BLOB)) <= {4 * 2**20} "
    "AND instr({0}, char(0)) = 0)"
)
_REFERENCE = "typeof({0}) = 'text' AND length(CAST({0} AS BLOB)) <= 64"
_KNOWN_ID, _KNOWN_DIGEST = (f"{{0}} = '' OR {_digits(*size)}" for size in ((8, 64), (64, 64)))
_COUNT = f"typeof({{0}}) = 'integer' AND {{0}} BETWEEN 0 AND {2**53}"
_AMOUNT = "(typeof({0}) = 'real' AND {0} BETWEEN 0 AND 1.7e308)"
_CHANGE = "(typeof({0}) = 'real' AND abs({0}) <= 1.7e308)"

KINDS = {
    "text": Kind("TEXT", "str", _PLAIN, "a text (without NUL, of 4 MB at most)"),
    "id": Kind("TEXT", "str", _digits(8, 64), "an id of hexadecimal digits", digits=True),
    "id?": Kind("TEXT", "str", _KNOWN_ID, "an id of hexadecimal digits, or empty", digits=True),
    "digest?": Kind("TEXT", "str", _KNOWN_DIGEST, "64 hexadecimal digits", digits=True),
    # in long tables, whose rows count only where such an id is in a short one, where it is checked
    "reference": Kind("TEXT", "str", _REFERENCE, "an id"),
    "whole": Kind("INTEGER", "int64", "typeof({0}) = 'integer'", "a whole number"),
    "count": Kind("INTEGER", "int64", _COUNT, "a count"),
    "flag": Kind("INTEGER", "bool", "typeof({0}) = 'integer' AND {0} IN (0, 1)", "0 or 1"),
    "amount": Kind("REAL", "float64", _AMOUNT, "a finite number"),
    # SQLite has no NaN: NULL stands for it
    "amount?": Kind("REAL", "float64", f"{{0}} IS NULL OR {_AMOUNT}", "a finite number"),
    "change?": Kind("REAL", "float64", f"{{0}} IS NULL OR {_CHANGE}", "a finite number"),
    "number?": Kind(
        "REAL",
        "float64",
        "{0} IS NULL OR typeof({0}) = 'real' AND (abs({0}) < 1e15 OR abs({0}) > 1.79e308)",
        "a number below 10¹⁵, or infinite",
    ),
    "status": Kind("TEXT", "str", _one_of("done", "failed", "skipped"), "a status"),
    "failure?": Kind("TEXT", "str", _one_of("", *FAILURES), "a kind of failure"),
    "dtype?": Kind("TEXT", "str", _one_of("", "uint8", "uint16"), "uint8 or uint16"),
}
"""The kinds by name; a value of one with a question mark may be unknown: empty, or NULL."""


@dataclass(frozen=True)
class Column:
    """A column of a table."""

    name: str
    kind: Kind
    meaning: str

    @property
    def dtype(self) -> str:
        """Type in pandas."""
        return self.kind.dtype


@dataclass(frozen=True)
class Table:
    """A table of the database.

    Parameters
    ----------
    key : tuple of str
        Primary key.
    rules : tuple of (str, str)
        What is wrong with a row, and an expression in SQL that is true of a sound one.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    rules: tuple[tuple[str, str], ...] = ()

    @cached_property
    def names(self) -> list[str]:
        """The names of its columns."""
        return [column.name for column in self.columns]

    @property
    def sql(self) -> str:
        """The statement that makes it."""
        lines = [f'"{column.name}" {column.kind.sql}' for column in self.columns]
        lines.append(f"PRIMARY KEY ({quoted(self.key)})")
        # SQLite needs the row id where the key is a number; and nothing stands twice in a plan
        planned = self.key == ("position",)
        lines += [f"UNIQUE ({quoted(self.names[1:2])})"] if planned else []
        rowid = "" if planned else " WITHOUT ROWID"
        return f"CREATE TABLE {self.name} ({', '.join(lines)}){rowid}"

    def insert(self, verb: str) -> str:
        """Return the statement that writes a row, a mapping from columns to values."""
        places = ", ".join(f":{name}" for name in self.names)
        return f"{verb} INTO {self.name} ({quoted(self.names)}) VALUES ({places})"

    def upgrade(self, source: str, known: Collection[str]) -> str:
        """Return the statement that takes rows over from a table that has some of the columns.

        ``:maker`` stands for the environment that made them all.
        """
        new = {c.name: "0" if c.kind.sql == "INTEGER" else "''" for c in self.columns}
        new["environment"] = ":maker"
        values = [quoted([name]) if name in known else new[name] for name in self.names]
        columns = quoted(self.names)
        return f"INSERT INTO {self.name} ({columns}) SELECT {', '.join(values)} FROM {source}"

    @property
    def faults(self) -> list[tuple[str, str]]:
        """What can be wrong with a row, and the expression that is true where it isn't."""
        columns = [
            (f"{c.name} isn't {c.kind.words}", c.kind.check.format(f'"{c.name}"'))
            for c in self.columns
        ]
        return [*columns, *self.rules]


def quoted(names: Iterable[str]) -> str:
    """List columns in SQL."""
    return ", ".join(f'"{name}"' for name in names)


_DECLARED = f"""
meta: key
  key              text       what is told of the run
  value            text       what it is

environments: id
  id               id         digest of the rest
  processor        text       model of the processor
  cores            count      logical cores that could be used
  memory_bytes     count      memory of the machine
  device           text       cpu, or model of the accelerator
  system           text       operating system
  python           text       version of Python
  inpaintbench     text       version of inpaintbench
  code             text       commit of the checkout, or empty
  libraries        text       versions of libraries, as JSON
  lock             text       digest of the lock file of an environment, or empty

variants: key
  key              id         digest of source, imports, settings, weights and library versions
  variant          text       method with its parameters: telea[radius=5]
  method           text       name of the method
  family           text       family of the method
  paper            text       publication
  deterministic    flag       whether equal inputs give equal outputs
  trained_on       text       datasets a learned method has seen, separated by commas
  settings         text       every parameter with its value, as JSON
  specification    text       what makes the method again

plan_variants: position
  position         count      place in the plan, from 0
  key              id         digest that names the variant

plan_cases: position
  position         count      place in the plan, from 0
  case             id         id of the case: digest of dataset, sample, suite, index and seed
  dataset          text       dataset as specified, with its parameters
  sample           text       sample id in the dataset
  suite            text       mask suite as specified, with its parameters
  mask_index       count      index of the mask among those of the sample
  seed             whole      seed of the run

plan_metrics: position
  position         count      place in the plan, from 0
  metric           text       metric id, its whole definition
  name             text       name on the command line
  label            text       short name for table heads and axes
  unit             text       unit, or empty
  higher_is_better flag       direction
  worst            number?    worst value the metric can take
  missing          text       why it could not be computed and the command that mends it, or empty
  key              id?        digest of the source of a metric from outside

cases: case
  case             id         id of the case: digest of dataset, sample, suite, index and seed
  suite_version    count      version of the mask suite
  kind             text       kind of hole drawn
  height           count      pixels; 0 for a case that isn't made
  width            count      pixels
  channels         count      1 or 3
  dtype            dtype?     uint8 or uint16
  coverage         amount?    hole area / image area
  thickness        amount?    radius in pixels of the largest disc inside the hole
  border_contact   flag       whether the hole touches the image border
  image_sha256     digest?    digest of the image's shape, dtype and pixels
  mask_sha256      digest?    digest of the mask's shape and pixels
  failure          failure?   dataset or mask suite, where it could not be made
  message          text       reason of a failure, in a line
  location         text       file and line of a failure, or empty
  traceback        text       traceback of a failure, or empty

cells: case key
  case             reference  id of the case
  key              reference  digest that names the variant
  status           status     done, failed or skipped
  failure          failure?   {", ".join(FAILURES)}; or empty
  message          text       reason of a failure or skip, in a line
  location         text       file and line of a failure, or empty
  traceback        text       traceback of a failure, or empty
  stderr           text       last lines that were printed before a failure
  output_sha256    digest?    digest of the output, which names its file; empty unless done
  output_bytes     count      size of the output's file; 0 where unknown
  seconds          amount?    wall time of the call in the quality pass; contended, not for tables
  environment      reference  id of the environment that made it

scores: case output_sha256 metric
  case             reference  id of the case
  output_sha256    reference  digest of the output
  metric           text       metric id, its whole definition
  value            number?    score of the composite; NaN where the metric isn't defined
  key              id?        digest of the source of a metric from outside
  reason           text       why the metric failed on it, or empty
  environment      reference  id of the environment that made it

timings: case key environment repeat
  case             reference  id of the case
  key              reference  digest that names the variant
  environment      reference  id of the environment that made it
  repeat           count      number of the repeat, from 0
  seconds          amount     wall time of the call, alone on the machine
  contended        flag       other processes took part of the machine; left out of tables
  threads          count      threads that libraries were held to
  setup_seconds    amount?    wall time of setup, once for the process
  first_seconds    amount?    wall time of the first call in the process: the cold start
  peak_bytes       change?    peak memory of the process over its baseline before setup

timing_failures: case key environment
  case             reference  id of the case
  key              reference  digest that names the variant
  environment      reference  id of the environment that made it
  failure          failure?   kind of failure
  message          text       reason, in a line
  location         text       file and line of a failure, or empty
  traceback        text       traceback of a failure, or empty
  stderr           text       last lines that were printed before a failure
"""
"""The tables and their primary keys; their columns, each with its kind and what it means."""

_RULES = {
    "cases": (
        (
            "its facts aren't those of an image and a mask",
            "failure <> '' OR (height > 0 AND width > 0 AND channels IN (1, 3) AND dtype <> '' "
            "AND image_sha256 <> '' AND mask_sha256 <> '')",
        ),
        (
            "its image is too large",
            f"height <= {MOST_PIXELS} AND width <= {MOST_PIXELS} / max(1, height)",
        ),
    ),
    "cells": (
        ("only done cells have an output", "(status = 'done') = (output_sha256 <> '')"),
        ("only failed cells have a kind of failure", "(status = 'failed') = (failure <> '')"),
    ),
}


def _table(declared: str) -> Table:
    head, *lines = declared.splitlines()
    name, key = head.split(": ")
    columns = [line.split(maxsplit=2) for line in lines]
    made = tuple(Column(column, KINDS[kind], meaning) for column, kind, meaning in columns)
    return Table(name, made, tuple(key.split()), _RULES.get(name, ()))


TABLES = tuple(map(_table, _DECLARED.strip().split("\n\n")))
META, ENVIRONMENTS, VARIANTS, PLAN_VARIANTS, PLAN_CASES, PLAN_METRICS, *_ = TABLES
RESULTS = CASES, CELLS, SCORES, TIMINGS, TIMING_FAILURES = TABLES[6:]

CROSSED = (
    (
        "cells: one is done whose case isn't measured",
        "SELECT 1 FROM cells JOIN plan_cases USING (\"case\") WHERE status = 'done' "
        'AND "case" NOT IN (SELECT "case" FROM cases WHERE failure = \'\')',
    ),
    *(
        (
            f"{table.name}: its positions aren't 0, 1, 2, …",
            f"SELECT 1 FROM (SELECT max(position) AS last, count(*) AS number FROM {table.name}) "
            "WHERE last <> number - 1",
        )
        for table in (PLAN_VARIANTS, PLAN_CASES, PLAN_METRICS)
    ),
    (
        "plan_variants: names a variant that isn't there",
        "SELECT 1 FROM plan_variants WHERE key NOT IN (SELECT key FROM variants)",
    ),
    (
        "plan_variants: two of its variants have the same name",
        "SELECT 1 FROM plan_variants JOIN variants USING (key) GROUP BY variant "
        "HAVING count(*) > 1",
    ),
)
"""What can be wrong between rows, and the query that finds it."""

VIEWS = (
    # Every cell of the plan. Its status is NULL until it is reached; where its case could not be
    # made, it has failed as the case has.
    """
    CREATE TEMP VIEW planned AS
    SELECT p.position AS case_position, o.position AS variant_position, p."case", o.key, v.variant,
        p.dataset || '/' || p.sample || ', ' || p.suite AS place,
        coalesce(f.failure = '', 0) AS made,
        coalesce(c.status, CASE WHEN f.failure <> '' THEN 'failed' END) AS status,
        coalesce(c.failure, f.failure) AS failure, coalesce(c.message, f.message) AS message,
        coalesce(c.location, f.location) AS location,
        c.output_sha256, c.output_bytes, c.seconds, c.environment
    FROM plan_cases p LEFT JOIN cases f ON f."case" = p."case" CROSS JOIN plan_variants o
        LEFT JOIN variants v ON v.key = o.key
        LEFT JOIN cells c ON c."case" = p."case" AND c.key = o.key
    """,
    # Every score of a cell of the plan, by the metric as the plan has it.
    """
    CREATE TEMP VIEW planned_scores AS
    SELECT c.case_position, c.variant_position, m.position AS metric_position, c."case", c.variant,
        c.place, m.label, s.output_sha256, s.metric, s.value, s.reason, s.environment
    FROM planned c JOIN scores s ON s."case" = c."case" AND s.output_sha256 = c.output_sha256
        JOIN plan_metrics m ON m.metric = s.metric AND m.key = s.key
    WHERE c.status = 'done'
    """,
)
"""What queries ask again and again, made anew by each connection and for it alone."""
