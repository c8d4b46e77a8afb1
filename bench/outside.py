"""Files that somebody else wrote: read whole, within bounds, or refused in one line."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any, NoReturn

from inpaintbench.errors import BenchError, one_line

MOST_BYTES = 64 * 2**20
"""The longest text that is read."""


def plain_file(path: Path) -> None:
    """Refuse what isn't a file: a folder, and a pipe, which would be waited for.

    Raises
    ------
    BenchError
        When it isn't one, or isn't there.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or one_line(error)
        raise BenchError(f"{path}: can't be read: {reason}") from error
    if not stat.S_ISREG(mode):
        raise BenchError(f"{path}: isn't a file")


def read_text(path: Path) -> str:
    """Read a text in UTF-8.

    Raises
    ------
    BenchError
        When it isn't that, is too long, or can't be read.
    """
    plain_file(path)
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise BenchError(f"{path}: is longer than {MOST_BYTES >> 20} MB")
        return content.decode("utf-8-sig")
    except OSError as error:
        raise BenchError(f"{path}: can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BenchError(f"{path}: isn't text in UTF-8") from error


def read_json(path: Path) -> Any:
    """Read strict JSON, without NaN and infinities.

    Raises
    ------
    BenchError
        When it isn't that, or can't be read.
    """
    try:
        return json.loads(read_text(path), parse_constant=_refuse, parse_float=_finite)
    except RecursionError as error:
        raise BenchError(f"{path}: isn't JSON: nested too deeply") from error
    except ValueError as error:
        raise BenchError(f"{path}: isn't JSON: {one_line(error)}") from error


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


def _finite(digits: str) -> float:
    number = float(digits)
    return number if abs(number) < float("inf") else _refuse(digits)
