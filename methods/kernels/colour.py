"""CIELab, the colour space in which exemplar methods compare patches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inpaintbench.methods.base import Image, Mask


def cielab(image: Image, hole: Mask) -> NDArray[np.float64]:
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
    highest = int(np.iinfo(image.dtype).max)
    encoded = np.arange(highest + 1) / highest
    # IEC 61966-2-1, tabulated for every level.
    linear = np.where(encoded > 0.04045, ((encoded + 0.055) / 1.055) ** 2.4, encoded / 12.92)
    light = np.moveaxis(linear[image], 2, 0)
    if len(light) == 1:
        lab = 116 * _response(light) - 16
    else:
        red, green, blue = light
        # sRGB to XYZ, each row divided by the D65 white point.
        fx = _response((0.412453 * red + 0.357580 * green + 0.180423 * blue) / 0.95047)
        fy = _response(0.212671 * red + 0.715160 * green + 0.072169 * blue)
        fz = _response((0.019334 * red + 0.119193 * green + 0.950227 * blue) / 1.08883)
        lab = np.stack([116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)])
    lab[:, hole] = 0
    return np.ascontiguousarray(lab)


def _response(light: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(light > 216 / 24389, np.cbrt(light), (24389 / 27 * light + 16) / 116)
