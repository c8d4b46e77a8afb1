"""Fill masks with random shapes up to a wanted area, at any image size."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, floor, sqrt

import numpy as np

from inpaintbench.datasets.base import Sample
from inpaintbench.errors import BenchError
from inpaintbench.images.types import Mask
from inpaintbench.masks.base import MaskSuite
from inpaintbench.masks.random import RandomStream

REFERENCE_SIDE = 256
"""Side in pixels of the square image for which the suites state their sizes."""

_PATIENCE = 100


def unit(sample: Sample) -> float:
    """Return the size that a pixel of a 256² image has in this one, by the images' areas."""
    height, width = sample.image.shape[:2]
    return sqrt(height * width) / REFERENCE_SIDE


def empty_mask(sample: Sample) -> Mask:
    """Return a mask of the sample's height and width without a hole."""
    return np.zeros(sample.image.shape[:2], np.bool_)


def fill_to_coverage(
    sample: Sample,
    random: RandomStream,
    low: float,
    high: float,
    draw_shape: Callable[[Mask, float, RandomStream], None],
) -> Mask:
    """Draw shapes until a coverage drawn from ``low``–``high`` is reached.

    A shape that would take the coverage over `high` is left out and another is drawn in its
    place, until 100 in a row don't fit. Where the very first hundred are too large, as on tiny
    images, the last of them is kept, so that a mask always has a hole.

    Parameters
    ----------
    sample : Sample
        Gives the size.
    random : RandomStream
        The wanted coverage comes from it, uniformly.
    low, high : float
        Hole area / image area.
    draw_shape : callable
        Draws one random shape, given the mask, its `unit` and `random`.
    """
    mask = empty_mask(sample)
    least, most = ceil(low * mask.size), max(floor(high * mask.size), 1)
    wanted = random.integer(min(least, most), most + 1)
    trial, area, misses = mask.copy(), 0, 0
    while area < wanted and misses < _PATIENCE:
        draw_shape(trial, unit(sample), random)
        drawn = int(np.count_nonzero(trial))
        misses = misses + 1 if drawn > most or drawn == area else 0
        if drawn <= most or (area == 0 and misses == _PATIENCE):
            mask[...], area = trial, drawn
        else:
            trial[...] = mask
    return mask


def nearest(mask: Mask, height: int, width: int) -> Mask:
    """Scale a mask: a new pixel takes the old one that its centre lies in."""
    rows = (2 * np.arange(height) + 1) * mask.shape[0] // (2 * height)
    columns = (2 * np.arange(width) + 1) * mask.shape[1] // (2 * width)
    return mask[np.ix_(rows, columns)]


def tries(sample: Sample) -> range:
    """Count the masks drawn in search of one that fits: none on a pixel, which has no mask."""
    return range(1000 if sample.image[..., 0].size > 1 else 0)


def undrawable(suite: MaskSuite, sample: Sample) -> BenchError:
    """Say that a suite finds no mask on an image, as on one of a few pixels."""
    height, width = sample.image.shape[:2]
    return BenchError(f"{suite.name} can't draw such a hole on an image of {width} x {height}")


def check_range(name: str, low: float, high: float, least: float, most: float) -> None:
    """Refuse a pair of parameters that isn't a range within ``least``–``most``.

    Raises
    ------
    ValueError
        Naming the parameters and the range they may take.
    """
    if not least <= low <= high <= most:
        raise ValueError(
            f"min_{name}={low:g}, max_{name}={high:g} must satisfy "
            f"{least:g} <= min_{name} <= max_{name} <= {most:g}"
        )
