"""Say what was raised, whatever it is: bounded, on one line, and without raising again."""

from __future__ import annotations

import traceback
from pathlib import Path

from inpaintbench.errors import BenchError, one_line, visible
from inpaintbench.images.errors import DataError
from inpaintbench.storage.outcome import Failure

_LINE = 500
_TRACEBACK = 20_000
_FRAMES = 30

# How libraries say that an allocation failed, when not by MemoryError.
_MEMORY_WORDS = ("bad_alloc", "insufficient memory", "out of memory", "can't allocate memory")

_OURS = Path(__file__).resolve().parent


class Failed(Exception):
    """Something that was planned has no result."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


def failure_of(error: BaseException, kind: str = "exception") -> Failure:
    """Describe what was raised, as a failure of a kind unless it is a lack of memory.

    The error's text may raise, be no string, be endless or not be encodable.
    """
    line = one_line(error)
    ours = isinstance(error, BenchError | DataError) and line
    memory = isinstance(error, MemoryError) or any(word in line.lower() for word in _MEMORY_WORDS)
    return Failure(
        kind="out of memory" if memory else kind,
        message=clean(line if ours else ": ".join(filter(None, (_name(error), line))), _LINE),
        location=_location(error),
        traceback=_traceback(error),
    )


def clean(text: str, length: int) -> str:
    """Cut a text, and make visible what can't be shown or stored."""
    return visible(text if len(text) <= length else f"{text[: length - 1]}…")


def _name(error: BaseException) -> str:
    try:
        return clean(str.__str__(type(error).__name__), _LINE)
    except BaseException:
        return "BaseException"


def _location(error: BaseException) -> str:
    """Name the line of the innermost code that isn't ours, or else the innermost."""
    frames = traceback.extract_tb(error.__traceback__, limit=-_FRAMES)
    others = [frame for frame in frames if not Path(frame.filename).is_relative_to(_OURS)]
    if not frames:
        return ""
    frame = (others or frames)[-1]
    return clean(f"{Path(frame.filename).name}:{frame.lineno}", _LINE)


def _traceback(error: BaseException) -> str:
    try:
        text = "".join(traceback.format_exception(error, limit=-_FRAMES))
        if len(text) > _TRACEBACK:  # the first and the last of a long chain say most
            text = f"{text[: _TRACEBACK // 2]}\n…\n{text[-_TRACEBACK // 2 :]}"
        return visible(text)
    except BaseException:
        return one_line(error)
