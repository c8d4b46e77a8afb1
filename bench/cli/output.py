"""Standard output and standard error: any text, in any encoding, whoever reads it."""

from __future__ import annotations

import codecs
import io
import os
import select
import sys
from contextlib import suppress
from typing import Any

from inpaintbench.errors import visible

_PLAIN = {"×": "x", "–": "-", "—": "-", "−": "-", "·": "-", "…": "...", "≈": "~", "±": "+-"}
_PLAIN |= {"↑": "^", "↓": "v", "→": "->", "←": "<-", "≤": "<=", "≥": ">=", "✗": "x", "✓": "ok"}
"""What stands for a character where the encoding lacks it; others are written as escapes."""

_OUTPUTS = (1, 2)

_faults: list[OSError] = []


class _Output(io.FileIO):
    """A descriptor that takes everything: where it can't be written, it's told at the end."""

    def write(self, data: Any) -> int:
        """Write, or drop what can't be written, so that a command does its work all the same."""
        try:
            return super().write(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            _faults.append(error)
            return memoryview(data).nbytes


def say(text: object, *, err: bool = False, nl: bool = True) -> None:
    """Print text on standard output, or on standard error, as it is."""
    stream = sys.stderr if err else sys.stdout
    print(visible(str(text)), file=stream, end="\n" if nl else "", flush=True)


def prepare_streams() -> None:
    """Make both streams take any text: in every encoding, and even where they are closed."""
    # a database opened as descriptor 1 or 2 would be written to by whatever prints
    while (free := os.open(os.devnull, os.O_RDWR)) <= max(_OUTPUTS):
        os.set_inheritable(free, True)
    os.close(free)
    codecs.register_error("inpaintbench", _substitute)
    for number, name in zip(_OUTPUTS, ("stdout", "stderr"), strict=True):
        stream = getattr(sys, name)
        if stream is None or type(stream) is io.TextIOWrapper:  # not a notebook's or a test's
            output = io.BufferedWriter(_Output(number, "w", closefd=False))
            encoding = stream.encoding if stream else "utf-8"
            setattr(sys, name, io.TextIOWrapper(output, encoding, "inpaintbench", None, True))


def _substitute(error: UnicodeError) -> tuple[str, int]:
    """Write what an encoding lacks in characters that every encoding has."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    plain = [_PLAIN.get(c) or c.encode("ascii", "backslashreplace").decode() for c in lacking]
    return "".join(plain), error.end


def reader_gone() -> bool:
    """Whether the reading end of an output pipe was closed, as by ``| head -1``."""
    if not hasattr(select, "poll"):
        return False
    outputs = select.poll()
    for number in _OUTPUTS:
        outputs.register(number, 0)
    return any(event & select.POLLERR for _, event in outputs.poll(0))


def flush(status: int) -> int:
    """Write what is buffered; where nobody reads any more, drop it.

    Returns
    -------
    int
        The exit status: an error where some of the output couldn't be written.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    if reader_gone():
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for number in _OUTPUTS:
            os.dup2(nowhere, number)
    elif _faults:
        say(f"inpaintbench: the output can't be written: {_faults[0].strerror}", err=True)
    return max(status, 1) if _faults else status
