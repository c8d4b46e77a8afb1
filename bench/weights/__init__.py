"""Model weights: where each file is found, fetched from, verified and kept."""

from __future__ import annotations

from inpaintbench.weights.file import WeightFile, tensor_digest
from inpaintbench.weights.known import find_known, known_files
from inpaintbench.weights.store import (
    WeightsUnavailable,
    cache_folder,
    load_tensors,
    locate,
    obtain,
)

__all__ = [
    "WeightFile",
    "WeightsUnavailable",
    "cache_folder",
    "find_known",
    "known_files",
    "load_tensors",
    "locate",
    "obtain",
    "tensor_digest",
]
