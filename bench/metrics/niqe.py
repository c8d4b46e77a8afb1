"""Natural image quality evaluator, which needs no reference."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from inpaintbench.images.types import Image
from inpaintbench.metrics.base import Axis, Metric, Result
from inpaintbench.metrics.difference import top
from inpaintbench.metrics.tensors import load_known

_Array = NDArray[np.float64]
_Real = NDArray[np.floating]

_SIDE = 96
"""Pixels a side of a block."""

# Luma of ITU-R BT.601 within 16 to 235, for blue, green and red from 0 to 1.
_LUMA = np.array([24.966, 128.553, 65.481])


@dataclass(frozen=True)
class NIQE(Metric):
    """Natural image quality evaluator (Mittal, Soundararajan and Bovik 2013) of the composite.

    How far the statistics of the image's blocks lie from those of pristine photographs, with the
    authors' own parameters for these: the values of mmagic's ``niqe``. It reads the whole
    composite and nothing of the reference inside the hole; a photograph has some 3 to 5. NaN for
    an image with fewer than two whole blocks of 96×96 pixels that aren't flat: the smallest is
    96×192, and a few blocks say little.

    Parameters
    ----------
    colour : str
        What is scored of a colour image: ``y``, the luma from 16 to 235 that MATLAB's
        ``rgb2ycbcr`` gives, or ``grey``, the one from 0 to 255. Grey images are scored as they
        are.
    """

    colour: Literal["y", "grey"] = "y"

    name = "niqe"
    higher_is_better = False
    bounds = (0.0, math.inf)
    axis = Axis.perception
    needs_reference = False

    @property
    def id(self) -> str:
        """``niqe[y,blocks96,matlab-parameters]``."""
        return f"niqe[{self.colour},blocks{_SIDE},matlab-parameters]"

    @property
    def label(self) -> str:
        """``NIQE`` with the colour unless it is Y."""
        return "NIQE" if self.colour == "y" else f"NIQE ({self.colour})"

    def setup(self) -> None:
        """Load the parameters, fetching them where they aren't here yet."""
        _pristine()

    def score(self, result: Result) -> float:
        """Compare the composite with pristine photographs."""
        features = _features(_levels(result.composite, self.colour), _pristine().window)
        whole = features[~np.isnan(features).any(axis=1)]
        if len(whole) < 2:
            return math.nan
        return _pristine().distance(np.nanmean(features, axis=0), np.cov(whole, rowvar=False))


@dataclass(frozen=True, eq=False)
class _Pristine:
    """A normal distribution of the features of pristine photographs, and the window of both."""

    mean: _Array
    covariance: _Array
    window: _Array

    def distance(self, mean: _Array, covariance: _Array) -> float:
        """Return the distance of another normal distribution from it."""
        apart = self.mean - mean
        inverse = np.linalg.pinv((self.covariance + covariance) / 2)
        return math.sqrt(max(0.0, float(apart @ inverse @ apart)))


@lru_cache
def _pristine() -> _Pristine:
    tensors = load_known("niqe-matlab")
    mean, covariance, window = (
        np.asarray(tensors[name], np.float64) for name in ("mean", "covariance", "window")
    )
    return _Pristine(mean, covariance, window)


def _levels(image: Image, colour: str) -> NDArray[np.float32]:
    """Reduce an ``H×W×C`` image to whole levels from 0 to 255 of one channel."""
    import cv2

    levels = image.astype(np.float32) * np.float32(255 / top(image.dtype))
    blue_first = levels[..., ::-1] / np.float32(255)
    if image.shape[2] == 1:
        one = blue_first[..., 0]
    elif colour == "y":
        one = ((blue_first @ _LUMA + 16) / 255).astype(np.float32)
    else:
        one = cv2.cvtColor(blue_first, cv2.COLOR_BGR2GRAY)
    rounded: NDArray[np.float32] = np.rint(one * np.float32(255))
    return rounded


def _features(image: NDArray[np.float32], window: _Array) -> _Array:
    """Compute the 36 features of every block, 18 at full and 18 at half size.

    Full size is computed in single and half size in double precision, and in the order of mmagic:
    where an image is flat, rounding decides which values are negative.
    """
    from scipy.ndimage import convolve

    rows, columns = (side // _SIDE for side in image.shape)
    image = image[: rows * _SIDE, : columns * _SIDE]
    if rows * columns < 2:
        return np.empty((0, 36))
    scales = []
    levels: _Real = image
    for side in (_SIDE, _SIDE // 2):
        mean, of_square = (convolve(x, window, mode="nearest") for x in (levels, levels**2))
        normalised = (levels - mean) / (np.sqrt(np.abs(of_square - mean**2)) + 1)
        blocks = normalised.reshape(rows, side, columns, side).transpose(2, 0, 1, 3)
        scales.append([_block_features(block) for block in blocks.reshape(-1, side, side)])
        levels = _halved(image)
    return np.concatenate(scales, axis=1)


def _block_features(block: _Real) -> list[float]:
    """Describe a block, and the products of neighbours in four directions, by fitted shapes."""
    from scipy.special import gamma

    shape, left, right = _fit(block.reshape(-1))
    features = [shape, (left + right) / 2]
    for shift in ((0, 1), (1, 0), (1, 1), (1, -1)):
        shape, left, right = _fit((block * np.roll(block, shift, axis=(0, 1))).reshape(-1))
        mean = (right - left) * (gamma(2 / shape) / gamma(1 / shape))
        features += [shape, mean, left, right]
    return features


def _fit(values: _Real) -> tuple[float, float, float]:
    """Fit an asymmetric generalised normal distribution by its moments.

    Returns
    -------
    tuple of float
        The shape, and the left and right scale; NaN scales where a side has no value.
    """
    negative, positive = values[values < 0], values[values > 0]
    table = _shapes()
    if not negative.size or not positive.size:
        return float(table.shapes[0]), math.nan, math.nan
    left, right = (np.sqrt(np.mean(side**2)) for side in (negative, positive))
    ratio = left / right
    moment = np.mean(np.abs(values)) ** 2 / np.mean(values**2)
    wanted = moment * (ratio**3 + 1) * (ratio + 1) / (ratio**2 + 1) ** 2
    found = np.argmin((table.moments - wanted) ** 2)
    width = table.widths[found]
    return float(table.shapes[found]), float(left * width), float(right * width)


@dataclass(frozen=True, eq=False)
class _Shapes:
    """Shapes of the distribution, and what belongs to each."""

    shapes: _Array
    moments: _Array
    """Γ(2/s)² / (Γ(1/s) Γ(3/s)), by which a shape s is found."""
    widths: _Array
    """The scale over the standard deviation."""


@lru_cache
def _shapes() -> _Shapes:
    from scipy.special import gamma

    shapes = np.arange(0.2, 10.001, 0.001)
    one, two, three = (gamma(i / shapes) for i in (1, 2, 3))
    return _Shapes(shapes, two**2 / (one * three), np.sqrt(one / three))


def _halved(image: NDArray[np.float32]) -> _Array:
    """Halve an image of even sides by the antialiased bicubic filter of MATLAB's ``imresize``."""
    half = [np.float32(tap / 256) for tap in (-3, -9, 29, 111)]  # the cubic at ±1.75 … ±0.25
    halved = image / np.float32(255)
    for _ in range(2):
        rows = len(halved) // 2 * 2
        padded = np.pad(halved, ((3, 3), (0, 0)), "symmetric")
        parts = [tap * padded[i : i + rows : 2] for i, tap in enumerate((*half, *half[::-1]))]
        halved = np.add.reduce(parts).T
    return halved.astype(np.float64) * 255
