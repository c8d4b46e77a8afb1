"""Images as planes of single precision, and holes as runs of pixels: what compiled loops take."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from inpaintbench.methods.base import Image, Mask

Planes: TypeAlias = NDArray[np.float32]
"""``(C, H, W)``, contiguous, dtype's maximum at 1."""

Runs: TypeAlias = NDArray[np.int64]
"""``(n, 3)``: row, first column, column after the last."""

# ITU-R BT.601: luma and two colour differences.
_LUMA = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])


def planes(image: Image, mask: Mask) -> Planes:
    """Turn an image into planes, with zeros in the hole."""
    scaled = image.transpose(2, 0, 1) / np.float32(np.iinfo(image.dtype).max)
    scaled[:, mask] = 0
    return np.ascontiguousarray(scaled, dtype=np.float32)


def filled(image: Image, mask: Mask, solution: Planes) -> NDArray[np.float64]:
    """Put the hole of a solution into an image, on the image's own scale.

    Each channel is kept within the range of its known pixels.
    """
    result = image.astype(np.float64)
    known = image[~mask]
    hole = solution[:, mask].T * float(np.iinfo(image.dtype).max)
    if len(known):
        hole = np.clip(hole, known.min(axis=0), known.max(axis=0))
    result[mask] = hole
    return result


def luma_chroma(colour: Planes) -> Planes:
    """Turn RGB into luma and two colour differences; one plane stays as it is."""
    if len(colour) == 1:
        return colour
    luma: Planes = np.einsum("kc,chw->khw", _LUMA, colour).astype(np.float32)
    return luma


def red_green_blue(luma: Planes) -> Planes:
    """Undo `luma_chroma`."""
    if len(luma) == 1:
        return luma
    colour: Planes = np.einsum("kc,chw->khw", np.linalg.inv(_LUMA), luma).astype(np.float32)
    return colour


def runs(mask: Mask) -> Runs:
    """List the runs of consecutive pixels of each row of a mask, in raster order."""
    steps = np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    rows, starts = np.nonzero(steps == 1)
    stops = np.nonzero(steps == -1)[1]
    return np.ascontiguousarray(np.stack([rows, starts, stops], axis=1), dtype=np.int64)


def with_neighbours(mask: Mask) -> Mask:
    """Grow a mask by the four neighbours of each of its pixels."""
    grown = mask.copy()
    grown[:-1] |= mask[1:]
    grown[1:] |= mask[:-1]
    grown[:, :-1] |= mask[:, 1:]
    grown[:, 1:] |= mask[:, :-1]
    return grown
