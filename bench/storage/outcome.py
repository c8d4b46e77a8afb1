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
)
"""The kinds of failure."""


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
    png : bytes or None
        The output, losslessly compressed; None unless done.
    traceback : str
        Of an exception, or empty.
    stderr : str
        Last lines that the worker wrote to standard output and error, for a failure.
    """

    status: Status
    failure: str = ""
    message: str = ""
    traceback: str = ""
    stderr: str = ""
    output_sha256: str = ""
    seconds: float | None = None
    png: bytes | None = None


@dataclass(frozen=True)
class Score:
    """A metric's value for an output; NaN where the metric isn't defined."""

    case: str
    output_sha256: str
    metric: str
    value: float


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
