"""CIELab, the colour space in which exemplar methods compare patches."""

from __future__ import annotations

from functools import cache

import numpy as np
from numba import njit
from numpy.typing import NDArray

from inpaintbench.methods.base import Image


@cache
def _linear_light(levels: int) -> NDArray[np.float64]:
    """Tabulate the sRGB transfer function (IEC 61966-2-1) for every level of an integer image."""
    encoded = np.arange(levels) / (levels - 1)
    return np.where(encoded > 0.04045, ((encoded + 0.055) / 1.055) ** 2.4, encoded / 12.92)


@njit(cache=True)
def _lab_response(light: float) -> float:
    if light > 216 / 24389:
        return float(np.cbrt(light))
    return (24389 / 27 * light + 16) / 116


@njit(cache=True)
def _cielab(
    image: NDArray[np.uint16], hole: NDArray[np.bool_], linear: NDArray[np.float64]
) -> NDArray[np.float64]:
    height, width, channels = image.shape
    lab = np.zeros((channels, height, width))
    for y in range(height):
        for x in range(width):
            if hole[y, x]:
                continue
            if channels == 1:
                lab[0, y, x] = 116 * _lab_response(linear[image[y, x, 0]]) - 16
                continue
            red = linear[image[y, x, 0]]
            green = linear[image[y, x, 1]]
            blue = linear[image[y, x, 2]]
            # sRGB to XYZ, each row divided by the D65 white point.
            fx = _lab_response((0.412453 * red + 0.357580 * green + 0.180423 * blue) / 0.95047)
            fy = _lab_response(0.212671 * red + 0.715160 * green + 0.072169 * blue)
            fz = _lab_response((0.019334 * red + 0.119193 * green + 0.950227 * blue) / 1.08883)
            lab[0, y, x] = 116 * fy - 16
            lab[1, y, x] = 500 * (fx - fy)
            lab[2, y, x] = 200 * (fy - fz)
    return lab


def cielab(image: Image, hole: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Convert the known pixels of an sRGB or grey image to CIELab (D65, 2°).

    Parameters
    ----------
    image : (H, W, C) array of uint8 or uint16
        C = 3 (sRGB) or 1 (grey, with the sRGB transfer function).
    hole : (H, W) array of bool
        Pixels to leave at 0.

    Returns
    -------
    (C, H, W) array of float64
        L* (0 to 100), then a* and b* (within ±110) for colour.
    """
    # One type for every caller: compiled once.
    levels = image.astype(np.uint16, order="C")
    linear = _linear_light(int(np.iinfo(image.dtype).max) + 1)
    lab: NDArray[np.float64] = _cielab(levels, hole.copy(), linear)
    return lab
