"""Where and by how much a result differs from its reference, and the regions scored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from inpaintbench.images.types import Image, Mask

Region: TypeAlias = Literal["image", "hole", "boundary"]
"""``image``: the whole composite. ``hole``: the hole. ``boundary``: the hole's pixels that are at
most `BAND` pixels (in a row, a column or diagonally) from a known pixel."""

BAND = 4


@dataclass(frozen=True, eq=False)
class Sums:
    """Exact sums of differences over every value of every channel in a region of the composite."""

    squares: int
    absolutes: int
    values: int
    """Their number: pixels times channels."""


@dataclass(frozen=True, eq=False)
class Difference:
    """How a result differs from its reference: where the composite does, and by how much."""

    changed: Mask
    hole: Sums
    """Over the hole, and so over everything that can differ in the composite."""


def measure(output: Image, reference: Image, mask: Mask) -> Difference:
    """Compare an output with its reference inside a hole, in one pass."""
    from inpaintbench.metrics.kernels.difference import compare

    changed, squares, absolutes, hole = compare(output, reference, mask)
    return Difference(changed, Sums(squares, absolutes, hole * reference.shape[2]))


def boundary(mask: Mask) -> Mask:
    """Return the boundary region of a hole."""
    from inpaintbench.metrics.kernels.difference import band

    near: Mask = band(mask, BAND)
    return near


def in_id(region: Region) -> str:
    """Write the region for a metric's id; the whole image goes without saying."""
    return {"image": "", "hole": ",hole", "boundary": f",boundary{BAND}"}[region]


def in_label(region: Region) -> str:
    """Write the region for a table head."""
    return "" if region == "image" else f" ({region})"


def top(dtype: np.dtype[np.generic]) -> int:
    """Return the largest value of an image's dtype: 255 or 65535."""
    return int(np.iinfo(dtype).max)  # type: ignore[type-var]
