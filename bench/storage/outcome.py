"""What comes back from running a cell: plain values that travel between processes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["done", "failed", "skipped"]

FAILURES = (
    "timeout",
    "out of memory",
    "crash",
    "exception",
    "wrong shape",
    "wrong dtype",
    "not finite",
    "set-up",
    "environment",
    "dataset",
    "mask suite",
)
"""The kinds of failure; of the last two a case fails, and with it every cell on it."""


@dataclass(frozen=True)
class Failure:
    """Why something that was planned has no result.

    Parameters
    ----------
    kind : str
        One of `FAILURES`.
    message : str
        The reason, in a line.
    location : str
        File and line where it was raised, ``mine.py:12``, or empty.
    traceback : str
        Of an exception, or empty.
    printed : str
        Last lines written to standard output and error.
    """

    kind: str
    message: str
    location: str = ""
    traceback: str = ""
    printed: str = ""


@dataclass(frozen=True)
class CaseFacts:
    """What is measured on a case's arrays; meanings as in ``rows.CASES``."""

    suite_version: int
    kind: str
    shape: tuple[int, int, int]
    dtype: str
    coverage: float
    thickness: float
    border_contact: bool
    image_sha256: str
    mask_sha256: str


@dataclass(frozen=True)
class CellOutcome:
    """The result of one cell; meanings as in ``rows.CELLS``.

    Parameters
    ----------
    failure : Failure or None
        Why it failed; None unless failed.
    message : str
        Why it was skipped.
    png : bytes or None
        The output, losslessly compressed; None unless done.
    """

    status: Status
    failure: Failure | None = None
    message: str = ""
    output_sha256: str = ""
    seconds: float | None = None
    png: bytes | None = None


@dataclass(frozen=True)
class Score:
    """A metric's value for an output; NaN where it isn't defined, or with the reason it failed."""

    case: str
    output_sha256: str
    metric: str
    value: float
    reason: str = ""


@dataclass(frozen=True)
class Timing:
    """One repeat of a timed cell; meanings as in ``rows.TIMINGS``, `key` the variant's key."""

    case: str
    key: str
    repeat: int
    seconds: float
    contended: bool
    threads: int
    setup_seconds: float
    first_seconds: float
    peak_bytes: float
