"""The tables of a run, declared once: what is made, written, read and checked follows from here."""

from __future__ import annotations

from dataclasses import dataclass, replace

from inpaintbench.storage.outcome import FAILURES

VERSION = 2

MOST_PIXELS = 2**28
"""The most that an image of a run may have, so that nobody's run takes all of a reader's memory."""

_MOST_BYTES = 4 * 2**20


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
    """

    sql: str
    dtype: str
    check: str
    words: str


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Parameters
    ----------
    old : str
        Expression in SQL that gives its value in a run of version 1, which has no such column;
        empty for one that was there.
    """

    name: str
    kind: Kind
    meaning: str
    old: str = ""

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
    unique : str
        Column of which no two rows may have the same value, or empty.
    rules : mapping of str to str
        What is wrong with a row → expression in SQL that is true of a sound row.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    unique: str = ""
    rules: tuple[tuple[str, str], ...] = ()

    @property
    def sql(self) -> str:
        """The statement that makes it."""
        lines = [f'"{column.name}" {column.kind.sql}' for column in self.columns]
        lines.append(f"PRIMARY KEY ({_names(self.key)})")
        lines += [f'UNIQUE ("{self.unique}")'] if self.unique else []
        # SQLite needs the row id where the key is a number
        rowid = "" if self.key == ("position",) else " WITHOUT ROWID"
        return f"CREATE TABLE {self.name} ({', '.join(lines)}){rowid}"

    def insert(self, verb: str = "INSERT") -> str:
        """Return the statement that writes a row, a mapping from columns to values."""
        names = [column.name for column in self.columns]
        return f"{verb} INTO {self.name} ({_names(names)}) VALUES (:{', :'.join(names)})"

    def upgrade(self, source: str) -> str:
        """Return the statement that takes the rows over from such a table of version 1."""
        values = ", ".join(column.old or f'"{column.name}"' for column in self.columns)
        names = _names([column.name for column in self.columns])
        return f"INSERT INTO {self.name} ({names}) SELECT {values} FROM {source}"

    @property
    def faults(self) -> list[tuple[str, str]]:
        """What can be wrong with a row, and the expression that is true where it isn't."""
        return [
            *((f"{c.name} isn't {c.kind.words}", c.kind.check.format(f'"{c.name}"'))
              for c in self.columns),
            *self.rules,
        ]  # fmt: skip


def _names(names: list[str] | tuple[str, ...]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _hex(least: int, most: int, *, empty: bool = False) -> str:
    # many times faster than a pattern
    sound = (
        f"(typeof({{0}}) = 'text' AND length({{0}}) BETWEEN {least} AND {most} "
        "AND ltrim({0}, '0123456789abcdef') = '')"
    )
    return f"{{0}} = '' OR {sound}" if empty else sound


def _one_of(*words: str) -> str:
    return f"{{0}} IN ({', '.join(repr(word) for word in words)})"


TEXT = Kind(
    "TEXT",
    "str",
    f"{{0}} = '' OR (typeof({{0}}) = 'text' AND length(CAST({{0}} AS BLOB)) <= {_MOST_BYTES} "
    "AND instr({0}, char(0)) = 0)",
    "a text (without NUL, of 4 MB at most)",
)
_ID = Kind("TEXT", "str", _hex(8, 64), "an id of hexadecimal digits")
_KNOWN_ID = Kind("TEXT", "str", _hex(8, 64, empty=True), "an id of hexadecimal digits, or empty")
# in long tables, whose rows count only where such an id is in a short one, where it is checked
_REFERENCE = Kind(
    "TEXT", "str", "typeof({0}) = 'text' AND length(CAST({0} AS BLOB)) <= 64", "an id"
)
_KNOWN_DIGEST = Kind("TEXT", "str", _hex(64, 64, empty=True), "64 hexadecimal digits")
_WHOLE = Kind("INTEGER", "int64", "typeof({0}) = 'integer'", "a whole number")
_COUNT = Kind(
    "INTEGER", "int64", f"typeof({{0}}) = 'integer' AND {{0}} BETWEEN 0 AND {2**53}", "a count"
)
_FLAG = Kind("INTEGER", "bool", "typeof({0}) = 'integer' AND {0} IN (0, 1)", "0 or 1")
_AMOUNT = Kind(
    "REAL", "float64", "typeof({0}) = 'real' AND {0} BETWEEN 0 AND 1.7e308", "a finite number"
)
_KNOWN_AMOUNT = replace(_AMOUNT, check=f"{{0}} IS NULL OR {_AMOUNT.check}")
_KNOWN_CHANGE = replace(
    _AMOUNT, check="{0} IS NULL OR (typeof({0}) = 'real' AND abs({0}) <= 1.7e308)"
)
# SQLite has no NaN: NULL stands for it
_NUMBER = Kind("REAL", "float64", "typeof({0}) IN ('real', 'null')", "a number")
_STATUS = Kind("TEXT", "str", _one_of("done", "failed", "skipped"), "a status")
_FAILURE = Kind("TEXT", "str", _one_of("", *FAILURES), "a kind of failure")
_DTYPE = Kind("TEXT", "str", _one_of("", "uint8", "uint16"), "uint8 or uint16")

_CASE = Column("case", _ID, "id of the case: digest of dataset, sample, suite, index and seed")
_KEY = Column("key", _ID, "digest of source, imports, settings, weights and library versions")
_OF_CASE = replace(_CASE, kind=_REFERENCE, meaning="id of the case")
_OF_VARIANT = replace(_KEY, kind=_REFERENCE)
_METRIC = Column("metric", TEXT, "metric id, its whole definition")
_METRIC_KEY = Column("key", _KNOWN_ID, "digest of the source of a metric from outside", old="''")
_OUTPUT = Column(
    "output_sha256", _KNOWN_DIGEST, "digest of the output, which names its file; empty unless done"
)
_POSITION = Column("position", _COUNT, "place in the plan, from 0")
_ENVIRONMENT = Column("environment", _REFERENCE, "id of the environment that made it", old=":maker")
_MESSAGE = Column("message", TEXT, "reason of a failure or skip, in a line")
_LOCATION = Column("location", TEXT, "file and line of a failure, or empty", old="''")
_TRACEBACK = Column("traceback", TEXT, "traceback of a failure, or empty")
_STDERR = Column("stderr", TEXT, "last lines that were printed before a failure")
_FAILED = Column("failure", _FAILURE, f"{', '.join(FAILURES)}; or empty")

META = Table(
    "meta",
    (Column("key", TEXT, "what is told of the run"), Column("value", TEXT, "what it is")),
    key=("key",),
)
ENVIRONMENTS = Table(
    "environments",
    (
        Column("id", _ID, "digest of the rest"),
        Column("processor", TEXT, "model of the processor"),
        Column("cores", _COUNT, "logical cores that could be used"),
        Column("memory_bytes", _COUNT, "memory of the machine"),
        Column("device", TEXT, "cpu, or model of the accelerator"),
        Column("system", TEXT, "operating system"),
        Column("python", TEXT, "version of Python"),
        Column("inpaintbench", TEXT, "version of inpaintbench"),
        Column("code", TEXT, "commit of the checkout, or empty"),
        Column("libraries", TEXT, "versions of libraries, as JSON"),
        Column("lock", TEXT, "digest of the lock file of an environment, or empty"),
    ),
    key=("id",),
)
VARIANTS = Table(
    "variants",
    (
        _KEY,
        Column("variant", TEXT, "method with its parameters: telea[radius=5]"),
        Column("method", TEXT, "name of the method"),
        Column("family", TEXT, "family of the method"),
        Column("paper", TEXT, "publication"),
        Column("deterministic", _FLAG, "whether equal inputs give equal outputs"),
        Column("trained_on", TEXT, "datasets a learned method has seen, separated by commas"),
        Column("settings", TEXT, "every parameter with its value, as JSON"),
        Column("specification", TEXT, "what makes the method again"),
    ),
    key=("key",),
)
PLAN_VARIANTS = Table("plan_variants", (_POSITION, _KEY), key=("position",), unique="key")
PLAN_CASES = Table(
    "plan_cases",
    (
        _POSITION,
        _CASE,
        Column("dataset", TEXT, "dataset as specified, with its parameters"),
        Column("sample", TEXT, "sample id in the dataset"),
        Column("suite", TEXT, "mask suite as specified, with its parameters"),
        Column("mask_index", _COUNT, "index of the mask among those of the sample"),
        Column("seed", _WHOLE, "seed of the run"),
    ),
    key=("position",),
    unique="case",
)
PLAN_METRICS = Table(
    "plan_metrics",
    (
        _POSITION,
        _METRIC,
        Column("name", TEXT, "name on the command line"),
        Column("label", TEXT, "short name for table heads and axes"),
        Column("unit", TEXT, "unit, or empty"),
        Column("higher_is_better", _FLAG, "direction"),
        Column("worst", _NUMBER, "worst value the metric can take"),
        Column(
            "missing", TEXT, "why it could not be computed and the command that mends it, or empty"
        ),
        _METRIC_KEY,
    ),
    key=("position",),
    unique="metric",
)
CASES = Table(
    "cases",
    (
        _CASE,
        Column("suite_version", _COUNT, "version of the mask suite"),
        Column("kind", TEXT, "kind of hole drawn"),
        Column("height", _COUNT, "pixels; 0 for a case that isn't made"),
        Column("width", _COUNT, "pixels"),
        Column("channels", _COUNT, "1 or 3"),
        Column("dtype", _DTYPE, "uint8 or uint16"),
        Column("coverage", _KNOWN_AMOUNT, "hole area / image area"),
        Column("thickness", _KNOWN_AMOUNT, "radius in pixels of the largest disc inside the hole"),
        Column("border_contact", _FLAG, "whether the hole touches the image border"),
        Column("image_sha256", _KNOWN_DIGEST, "digest of the image's shape, dtype and pixels"),
        Column("mask_sha256", _KNOWN_DIGEST, "digest of the mask's shape and pixels"),
        Column("failure", _FAILURE, "dataset or mask suite, where it could not be made", old="''"),
        replace(_MESSAGE, old="''"),
        _LOCATION,
        replace(_TRACEBACK, old="''"),
    ),
    key=("case",),
    rules=(
        (
            "its facts aren't those of an image and a mask",
            "failure <> '' OR (height > 0 AND width > 0 AND channels IN (1, 3) AND dtype <> '' "
            "AND image_sha256 <> '' AND mask_sha256 <> '')",
        ),
        (
            "its image is too large",
            f"height <= {2**28} AND width <= {MOST_PIXELS} / max(1, height)",
        ),
    ),
)
CELLS = Table(
    "cells",
    (
        _OF_CASE,
        _OF_VARIANT,
        Column("status", _STATUS, "done, failed or skipped"),
        _FAILED,
        _MESSAGE,
        _LOCATION,
        _TRACEBACK,
        _STDERR,
        _OUTPUT,
        Column("output_bytes", _COUNT, "size of the output's file; 0 where unknown", old="0"),
        Column(
            "seconds",
            _KNOWN_AMOUNT,
            "wall time of the call in the quality pass; contended, not for tables",
        ),
        _ENVIRONMENT,
    ),
    key=("case", "key"),
    rules=(
        ("only done cells have an output", "(status = 'done') = (output_sha256 <> '')"),
        ("only failed cells have a kind of failure", "(status = 'failed') = (failure <> '')"),
    ),
)
SCORES = Table(
    "scores",
    (
        _OF_CASE,
        replace(_OUTPUT, kind=_REFERENCE),
        _METRIC,
        Column("value", _NUMBER, "score of the composite; NaN where the metric isn't defined"),
        _METRIC_KEY,
        Column("reason", TEXT, "why the metric failed on it, or empty", old="''"),
        _ENVIRONMENT,
    ),
    key=("case", "output_sha256", "metric"),
)
TIMINGS = Table(
    "timings",
    (
        _OF_CASE,
        _OF_VARIANT,
        _ENVIRONMENT,
        Column("repeat", _COUNT, "number of the repeat, from 0"),
        Column("seconds", _AMOUNT, "wall time of the call, alone on the machine"),
        Column("contended", _FLAG, "other processes took part of the machine; left out of tables"),
        Column("threads", _COUNT, "threads that libraries were held to"),
        Column("setup_seconds", _KNOWN_AMOUNT, "wall time of setup, once for the process"),
        Column(
            "first_seconds",
            _KNOWN_AMOUNT,
            "wall time of the first call in the process: the cold start",
        ),
        Column(
            "peak_bytes", _KNOWN_CHANGE, "peak memory of the process over its baseline before setup"
        ),
    ),
    key=("case", "key", "environment", "repeat"),
)
TIMING_FAILURES = Table(
    "timing_failures",
    (
        _OF_CASE,
        _OF_VARIANT,
        _ENVIRONMENT,
        _FAILED,
        _MESSAGE,
        _LOCATION,
        _TRACEBACK,
        _STDERR,
    ),
    key=("case", "key", "environment"),
)

TABLES = (
    META,
    ENVIRONMENTS,
    VARIANTS,
    PLAN_VARIANTS,
    PLAN_CASES,
    PLAN_METRICS,
    CASES,
    CELLS,
    SCORES,
    TIMINGS,
    TIMING_FAILURES,
)

CROSSED = (
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
