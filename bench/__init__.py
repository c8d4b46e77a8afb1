"""Benchmark harness for image inpainting methods."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inpaintbench.evaluation import Evaluation, evaluate

__version__ = "0.1.0"

__all__ = ["Evaluation", "__version__", "evaluate"]


def __getattr__(name: str) -> Any:
    """Import `evaluate` when it is asked for, so that the command starts fast."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # by name: to the import contracts, the package is below everything in it
    return getattr(import_module("inpaintbench.evaluation"), name)
