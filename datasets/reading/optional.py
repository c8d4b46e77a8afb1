"""Libraries that only some datasets need."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from inpaintbench.datasets.base import DataError


def optional(module: str, files: str) -> Any:
    """Import a module of the extra ``medical``, or say how to install it.

    Raises
    ------
    DataError
        When it isn't installed.
    """
    try:
        return import_module(module)
    except ImportError:
        raise DataError(
            f"{files} files need {module.partition('.')[0]}: pip install 'inpaintbench[medical]'"
        ) from None
