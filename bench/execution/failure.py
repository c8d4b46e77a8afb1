"""Say what was raised, whatever it is: bounded, on one line, and without raising again."""

from __future__ import annotations

from pathlib import Path

from inpaintbench.environments.host import FOLDER, describe_error
from inpaintbench.errors import BenchError, visible
from inpaintbench.images.errors import DataError
from inpaintbench.storage.outcome import Failure

_LINE = 500

# Folders whose code is to blame only where nothing else is.
_OURS = (str(Path(__file__).resolve().parent), FOLDER)


class Failed(Exception):
    """Something that was planned has no result."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


def failure_of(error: BaseException, kind: str = "exception") -> Failure:
    """Describe what was raised, as a failure of a kind unless it is a lack of memory.

    The error's text may raise, be no string, be endless or not be encodable.
    """
    plain = isinstance(error, BenchError | DataError)
    told = describe_error(error, kind, _OURS, plain)
    return Failure(
        kind=told["kind"],
        message=clean(told["message"], _LINE),
        location=clean(told["location"], _LINE),
        traceback=visible(told["traceback"]),
    )


def clean(text: str, length: int) -> str:
    """Cut a text, and make visible what can't be shown or stored."""
    return visible(text if len(text) <= length else f"{text[: length - 1]}…")
