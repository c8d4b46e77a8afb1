"""Write a text file whole or not at all."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from inpaintbench.errors import BenchError


def write_text(path: Path, text: str) -> None:
    """Write a text file, making its folder.

    Raises
    ------
    BenchError
        When it can't be written.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(text, encoding="utf-8", errors="backslashreplace")
        partial.replace(path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise BenchError(f"{path}: can't be written: {error.strerror}") from error
