"""The percentile window that turns medical intensities into 16 bits."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


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


def refuse_wrong_percentiles(low: float, high: float) -> None:
    """Refuse percentiles that make no window."""
    if not 0 <= low < high <= 100:
        raise ValueError(f"percentiles must be 0 <= low < high <= 100, not {low} and {high}")
