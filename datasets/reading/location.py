"""Where the files of a dataset lie, and what they contain."""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from pathlib import Path

VARIABLE = "INPAINTBENCH_DATA"
"""Environment variable: a folder with one folder for each dataset, named after it."""


def cache_folder(name: str) -> Path:
    """Return the user's cache folder of a dataset, which need not exist: downloads go there."""
    from platformdirs import user_cache_path

    return user_cache_path("inpaintbench") / "datasets" / name


def places(name: str, path: str | None) -> list[Path]:
    """List the places where a dataset is looked for, in order.

    A path given by the person is the only place. Otherwise ``$INPAINTBENCH_DATA/<name>``, where
    the variable is set, then the user's cache folder.
    """
    if path is not None:
        return [Path(path).expanduser()]
    shared = os.environ.get(VARIABLE)
    return ([Path(shared).expanduser() / name] if shared else []) + [cache_folder(name)]


def searched(name: str, path: str | None) -> str:
    """Say in words where a dataset was looked for."""
    if path is not None:
        return str(places(name, path)[0])
    variable = "" if os.environ.get(VARIABLE) else f"${VARIABLE} (not set), "
    return variable + ", ".join(str(place) for place in places(name, path))


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file, read once for each size and time of change."""
    status = path.stat()
    return _digest(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=1 << 17)
def _digest(path: Path, size: int, changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
