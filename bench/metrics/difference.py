"""Where and by how much a result differs from its reference, and the regions scored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from inpaintbench.images.types import Image, Mask

Region: TypeAlias = Literal["image", "hole", "boundary", "raw", "known", "effect", "untouched"]
"""``image``: the whole composite. ``hole``: the hole. ``boundary``: the hole's pixels that are at
most `BAND` pixels (in a row, a column or diagonally) from a known pixel.

The others are of the output as it is, before the known pixels are pasted back. ``raw``: all of it.
``known``: outside the hole. ``effect``: the effect mask, outside the hole. ``untouched``: outside
hole and effect."""

OF_COMPOSITE: frozenset[Region] = frozenset({"image", "hole", "boundary"})

BAND = 4


@dataclass(frozen=True, eq=False)
class Sums:
    """Exact sums of differences over every value of every channel in a region."""

    squares: int
    absolutes: int
    values: int
    """Their number: pixels times channels."""


@dataclass(frozen=True, eq=False)
class Difference:
    """How a result differs from its reference in a part of the image: where, and by how much."""

    changed: Mask
    sums: Sums


def measure(output: Image, reference: Image, part: Mask) -> Difference:
    """Compare an output with its reference in a part of the image, in one pass."""
    from inpaintbench.metrics.kernels.difference import compare

    changed, squares, absolutes, pixels = compare(output, reference, part)
    return Difference(changed, Sums(squares, absolutes, pixels * reference.shape[2]))


def pixels_of(region: Region, mask: Mask, effect: Mask | None) -> Mask:
    """Mark the pixels of a region; there is no ``effect`` without its mask."""
    from inpaintbench.metrics.kernels.difference import band

    touched = mask if effect is None else mask | effect
    if region == "hole":
        return mask
    if region == "boundary":
        near: Mask = band(mask, BAND)
        return near
    if region == "known":
        return ~mask
    if region == "effect":
        return touched & ~mask
    return ~touched if region == "untouched" else np.ones_like(mask)


def in_id(region: Region) -> str:
    """Write the region for a metric's id; the whole image goes without saying."""
    if region == "image":
        return ""
    return f",boundary{BAND}" if region == "boundary" else f",{region}"


def in_label(region: Region) -> str:
    """Write the region for a table head."""
    return "" if region == "image" else f" ({region})"


def top(dtype: np.dtype[np.generic]) -> int:
    """Return the largest value of an image's dtype: 255 or 65535."""
    return int(np.iinfo(dtype).max)  # type: ignore[type-var]
