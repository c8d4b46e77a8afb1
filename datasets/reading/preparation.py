"""Crops and resizing in exact arithmetic: the same pixels on every machine and version."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inpaintbench.datasets.base import Image, Mask
from inpaintbench.images.types import contiguous


def refuse_no_size(size: int | None) -> None:
    """Refuse a size that leaves no image."""
    if size is not None and size < 1:
        raise ValueError(f"size must be at least 1, not {size}")


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
    return _area_sums(mask, *target) > 0


def area_average(image: Image, height: int, width: int) -> Image:
    """Resize by averaging the exact area that each new pixel covers (a box filter).

    The sums are of integers below 2⁵³, so they are exact in any order and don't depend on any
    library's resize; the quotient is rounded to nearest with halves up.

    Parameters
    ----------
    image : (H, W, C) array of uint8 or uint16
    height, width : int
        The new shape, at most the old one.

    Returns
    -------
    (height, width, C) array of the same dtype, contiguous
    """
    if image.shape[:2] == (height, width):
        return contiguous(image)
    area = image.shape[0] * image.shape[1]
    sums = _area_sums(image, height, width).astype(np.int64)
    return contiguous(((2 * sums + area) // (2 * area)).astype(image.dtype))


def _sides_within(height: int, width: int, longest: int) -> tuple[int, int]:
    """Scale both sides so that the longer is `longest`, rounded to nearest, at least 1."""
    top = max(height, width)
    return max(1, (2 * height * longest + top) // (2 * top)), max(
        1, (2 * width * longest + top) // (2 * top)
    )


def _area_sums(pixels: NDArray[np.generic], height: int, width: int) -> NDArray[np.float64]:
    """Sum an image over each new pixel's area, in units where the weights add up to H·W."""
    rows = _overlap_sums(pixels, height)
    return np.ascontiguousarray(_overlap_sums(rows.swapaxes(0, 1), width).swapaxes(0, 1))


def _overlap_sums(pixels: NDArray[np.generic], count: int) -> NDArray[np.float64]:
    """Sum rows over `count` equal intervals, each row weighted by `count` × its overlap."""
    length = pixels.shape[0]
    rows = np.ascontiguousarray(pixels).reshape(length, -1)
    sums = np.empty((count, rows.shape[1]))
    for index in range(count):
        # From row `first`, less its share `before`, to row `last`, of which `after` is inside.
        first, before = divmod(index * length, count)
        last, after = divmod((index + 1) * length, count)
        if after == 0:
            last, after = last - 1, count
        weights = np.full(last - first + 1, float(count))
        weights[0] -= before
        weights[-1] -= count - after
        sums[index] = weights @ rows[first : last + 1].astype(np.float64)
    return sums.reshape(count, *pixels.shape[1:])
