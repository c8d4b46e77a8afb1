"""Standard output and standard error: any text, in any encoding, whoever reads it."""

from __future__ import annotations

import codecs
import io
import os
import select
import sys

from inpaintbench.errors import visible

_PLAIN = {"×": "x", "–": "-", "—": "-", "−": "-", "·": "-", "…": "...", "≈": "~", "±": "+-"}
_PLAIN |= {"↑": "^", "↓": "v", "→": "->", "←": "<-", "≤": "<=", "≥": ">=", "✗": "x", "✓": "ok"}
"""What stands for a character where the encoding lacks it; others are written as escapes."""

_OUTPUTS = (1, 2)


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
        if stream is None or stream.closed:
            setattr(sys, name, open(number, "w", encoding="utf-8", closefd=False))  # noqa: SIM115
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="inpaintbench")


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


def flush() -> None:
    """Write what is buffered; where nobody reads any more, drop it."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            continue
    if reader_gone():
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for number in _OUTPUTS:
            os.dup2(nowhere, number)
