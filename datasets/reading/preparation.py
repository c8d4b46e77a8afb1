"""Crops and resizing in integer arithmetic: the same pixels on every machine and version."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from inpaintbench.datasets.base import Image, Mask

_Integers: TypeAlias = NDArray[np.int64]


def contiguous(pixels: NDArray[np.generic]) -> Image:
    """Lay 8- or 16-bit pixels out in C order, copying only where they aren't."""
    laid_out = np.ascontiguousarray(pixels)
    if laid_out.dtype == np.uint8:
        return laid_out.view(np.uint8)
    return laid_out.view(np.uint16)


def centre_square(image: Image) -> Image:
    """Cut the largest centred square; an odd remainder goes to the bottom and right."""
    height, width = image.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return image[top : top + side, left : left + side]


def square(image: Image, size: int | None) -> Image:
    """Cut the centred square and shrink it to `size` pixels a side; never enlarge it.

    Parameters
    ----------
    image : (H, W, C) array of uint8 or uint16
    size : int or None
        None leaves the image as it is, without a crop.

    Returns
    -------
    contiguous array of the same dtype
    """
    if size is None:
        return contiguous(image)
    image = centre_square(image)
    side = min(size, image.shape[0])
    return area_average(image, side, side)


def within(image: Image, longest: int | None) -> Image:
    """Shrink an image, keeping its proportions, until no side is longer than `longest`."""
    height, width = image.shape[:2]
    if longest is None or max(height, width) <= longest:
        return contiguous(image)
    return area_average(image, *_sides_within(height, width, longest))


def mask_within(mask: Mask, longest: int | None) -> Mask:
    """Shrink a mask along with its image: a pixel is hole where any of its area was hole."""
    height, width = mask.shape
    if longest is None or max(height, width) <= longest:
        return np.ascontiguousarray(mask)
    target = _sides_within(height, width, longest)
    return _area_sums(mask.astype(np.int64), *target) > 0


def area_average(image: Image, height: int, width: int) -> Image:
    """Resize by averaging the exact area that each new pixel covers (a box filter).

    Everything is integer arithmetic, rounded to nearest with halves up, so the result doesn't
    depend on any library's resize.

    Parameters
    ----------
    image : (H, W, C) array of uint8 or uint16
    height, width : int
        The new shape, at most the old one.

    Returns
    -------
    (height, width, C) array of the same dtype, contiguous
    """
    area = image.shape[0] * image.shape[1]
    if image.shape[:2] == (height, width):
        return contiguous(image)
    result = np.empty_like(image, shape=(height, width, image.shape[2]))
    for channel in range(image.shape[2]):
        sums = _area_sums(image[..., channel].astype(np.int64), height, width)
        result[..., channel] = (2 * sums + area) // (2 * area)
    return result


def _sides_within(height: int, width: int, longest: int) -> tuple[int, int]:
    """Scale both sides so that the longer is `longest`, rounded to nearest, at least 1."""
    top = max(height, width)
    return max(1, (2 * height * longest + top) // (2 * top)), max(
        1, (2 * width * longest + top) // (2 * top)
    )


def _area_sums(plane: _Integers, height: int, width: int) -> _Integers:
    """Sum a plane over each new pixel's area, in units where an old plane's total is H·W."""
    rows = _overlap_sums(plane, height)
    return np.ascontiguousarray(_overlap_sums(rows.T, width).T)


def _overlap_sums(plane: _Integers, count: int) -> _Integers:
    """Sum rows over `count` equal intervals, each row weighted by `count` × its overlap."""
    length = plane.shape[0]
    before = np.zeros((length + 1, plane.shape[1]), np.int64)
    np.cumsum(plane, axis=0, out=before[1:])
    # Interval j starts at row j·length/count: `whole` rows and `part`/count of the next one.
    whole, part = np.divmod(np.arange(count + 1) * length, count)
    inside = plane[np.minimum(whole, length - 1)]
    upto: _Integers = count * before[whole] + part[:, None] * inside
    sums: _Integers = upto[1:] - upto[:-1]
    return sums
