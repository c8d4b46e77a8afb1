"""Benchmark harness for image inpainting methods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inpaintbench.evaluation import Evaluation, evaluate

__version__ = "0.1.0"

__all__ = ["Evaluation", "__version__", "evaluate"]


def __getattr__(name: str) -> Any:
    """Import `evaluate` when it is asked for, so that the command starts fast."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from inpaintbench import evaluation

    return getattr(evaluation, name)
