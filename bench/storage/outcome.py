"""What comes back from running a cell: plain values that travel between processes."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

from inpaintbench.planning.case import Content

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
    """Why something that was planned has no result; meanings as in the table `cells`.

    `kind` is one of `FAILURES`; `printed` are the last lines written to standard output and error.
    """

    kind: str
    message: str
    location: str = ""
    traceback: str = ""
    printed: str = ""


@dataclass(frozen=True)
class CaseFacts:
    """What is measured on a case's arrays; meanings as in the table `cases`."""

    suite_version: int
    kind: str
    height: int
    width: int
    channels: int
    dtype: str
    coverage: float
    thickness: float
    border_contact: bool
    image_sha256: str
    mask_sha256: str
    input_sha256: str = ""
    effect_sha256: str = ""
    prompt: str = ""

    @property
    def content(self) -> Content:
        """What identifies the arrays and the prompt."""
        return Content(*(getattr(self, field.name) for field in fields(Content)))


@dataclass(frozen=True)
class CellOutcome:
    """The result of one cell; meanings as in the table `cells`.

    `failure` says why it failed, `message` why it was skipped; `png` is the output of one that is
    done, losslessly compressed.
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
    """One repeat of a timed cell; meanings as in the table `timings`."""

    seconds: float
    contended: bool
    threads: int
    setup_seconds: float
    first_seconds: float
    peak_bytes: float
