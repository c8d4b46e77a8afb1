"""Where the files of a dataset lie, and what they contain."""

from __future__ import annotations

import os
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
