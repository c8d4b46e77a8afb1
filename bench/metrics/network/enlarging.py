"""What the positions of a small map weigh where it is enlarged and averaged over a region."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from inpaintbench.images.types import Mask


def position_weights(region: Mask, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Weigh the positions of a map for its mean over a region.

    The sum of weights times values is the mean, over the region, of the map enlarged bilinearly to
    the region's size, as torch does it with ``align_corners=False``.

    Parameters
    ----------
    region : (H, W) array of bool
        With at least a pixel.
    shape : pair of int
        Of the map.
    """
    down, across = (_enlarging(*sides) for sides in zip(shape, region.shape, strict=True))
    weights: NDArray[np.float64] = (down.T @ region) @ across
    return weights / np.count_nonzero(region)


@lru_cache(maxsize=16)
def _enlarging(small: int, large: int) -> NDArray[np.float64]:
    """Return the matrix, ``large×small``, that enlarges a line bilinearly."""
    places = np.maximum((np.arange(large) + 0.5) * (small / large) - 0.5, 0)
    first = places.astype(np.int64)
    share = places - first
    matrix = np.zeros((large, small))
    matrix[np.arange(large), first] = 1 - share
    matrix[np.arange(large), np.minimum(first + 1, small - 1)] += share
    return matrix
