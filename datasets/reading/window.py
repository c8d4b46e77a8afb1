"""What medical files share: libraries to install, and a percentile window to 16 bits."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inpaintbench.datasets.base import DataError
from inpaintbench.datasets.reading.own_files import OwnFiles
from inpaintbench.images.files import known_digest


class Windowed(OwnFiles[tuple[Path, Any]]):
    """Samples of files with several, windowed by percentiles that a subclass has as fields."""

    low: float
    high: float

    wants = "a file or folder"

    def __post_init__(self) -> None:
        if not 0 <= self.low < self.high <= 100:
            raise ValueError(
                f"percentiles must be 0 <= low < high <= 100, not {self.low} and {self.high}"
            )

    def fingerprint(self, sample_id: str) -> str:
        """Return the digest of the file."""
        return known_digest(self.entry(sample_id)[0])


def library(module: str, files: str) -> Any:
    """Import a module of the extra ``medical``; raise DataError with how to install it."""
    try:
        return import_module(module)
    except ImportError:
        raise DataError(
            f"{files} files need {module.partition('.')[0]}: pip install 'inpaintbench[medical]'"
        ) from None


def percentiles(values: NDArray[Any], low: float, high: float) -> tuple[float, float]:
    """Find the window of the finite values: two percentiles, interpolated linearly.

    A window without width (an image of one value) is widened by 1, so that it maps to 0.
    """
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return 0.0, 1.0
    bottom, top = (float(v) for v in np.percentile(finite.astype(np.float64), (low, high)))
    return bottom, top if top > bottom else bottom + 1.0


def to_sixteen_bits(values: NDArray[Any], window: tuple[float, float]) -> NDArray[np.uint16]:
    """Map the window to 0–65535, rounded to nearest; what lies outside is cut, NaN becomes 0."""
    bottom, top = window
    with np.errstate(invalid="ignore"):
        unit = np.clip((values.astype(np.float64) - bottom) / (top - bottom), 0.0, 1.0)
    return np.floor(np.nan_to_num(unit, nan=0.0) * 65535 + 0.5).astype(np.uint16)
