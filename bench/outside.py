"""Files that somebody else wrote: read whole, within bounds, or refused in one line."""

from __future__ import annotations

import dataclasses
import json
import re
import stat
import typing
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from inpaintbench.errors import BenchError, one_line
from inpaintbench.suggestion import did_you_mean

T = TypeVar("T")

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
    """Read strict JSON, without NaN, infinities, and a key twice in one object.

    Raises
    ------
    BenchError
        When it isn't that, or can't be read.
    """
    try:
        return json.loads(
            read_text(path), parse_constant=_refuse, parse_float=_finite, object_pairs_hook=_once
        )
    except RecursionError as error:
        raise BenchError(f"{path}: isn't JSON: nested too deeply") from error
    except ValueError as error:
        raise BenchError(f"{path}: isn't JSON: {one_line(error)}") from error


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise ValueError(f"key {key[:40]!r} is there twice")
        seen.add(key)
    return dict(pairs)


def _finite(digits: str) -> float:
    number = float(digits)
    return number if abs(number) < float("inf") else _refuse(digits)


def read_as(kind: type[T], text: str, where: str) -> T:
    """Make a dataclass of JSON: every key known, every value of its declared type.

    What the dataclass raises as a ValueError is told like a wrong type; errors begin with `where`.

    Raises
    ------
    BenchError
        When it isn't that: the place in the file, what is wanted, and what is there instead.
    """
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(kind).validate_json(text, strict=True, extra="forbid")
    except ValidationError as error:
        # a misspelt key is missing too
        errors = sorted(
            error.errors(include_url=False),
            key=lambda found: found["type"] != "unexpected_keyword_argument",
        )
    place, wrong, value = errors[0]["loc"], errors[0]["type"], errors[0]["input"]
    named = ".".join(map(str, place))
    missing = [".".join(map(str, e["loc"])) for e in errors if e["type"] == "missing"]
    if wrong == "unexpected_keyword_argument":
        keys = _keys(kind, place[:-1])
        near = did_you_mean(str(place[-1]), keys)
        raise BenchError(f"{where}: unknown key {named!r}{near} (keys: {', '.join(keys)})")
    if wrong == "missing":
        raise BenchError(f"{where}: {', '.join(missing)} must be set")
    said = re.sub("^(Input|Value error,) ", "", errors[0]["msg"])
    if wrong not in ("json_invalid", "value_error"):
        said += f", not {value!r:.80}"
    raise BenchError(f"{where}: {f'{named} ' if named else ''}{said}")


def _keys(kind: Any, place: tuple[str | int, ...]) -> list[str]:
    """List the keys of the table at a place."""
    for step in place:
        of_list = isinstance(step, int)
        kind = typing.get_args(kind)[0] if of_list else typing.get_type_hints(kind)[str(step)]
    return [field.name for field in dataclasses.fields(kind)]
