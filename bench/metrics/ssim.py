"""The structural similarity index, in its two common definitions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from inpaintbench.images.types import Image
from inpaintbench.metrics.base import Metric, Result, Score, on_reference, read_only
from inpaintbench.metrics.difference import Region, in_id, in_label, top


@dataclass(frozen=True)
class _Window:
    """A separable window, and the factor of the variances taken with it."""

    taps: tuple[float, ...]
    correction: float = 1.0


def _gaussian(radius: int, sigma: float) -> tuple[float, ...]:
    taps = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    return tuple((taps / taps.sum()).tolist())


_WINDOWS = {
    "gauss11": _Window(_gaussian(5, 1.5)),
    "uniform7": _Window((1 / 7,) * 7, correction=49 / 48),
}


@dataclass(frozen=True, eq=False)
class _Moments:
    """Of the reference, in every window that lies inside the image: ``H'×W'·C``."""

    mean: NDArray[np.float64]
    variance: NDArray[np.float64]


_Losses = tuple[NDArray[np.float64], NDArray[np.int64]]
"""1 − SSIM block after block, and the blocks."""

_NAMES = {"gauss11": "gauss11,valid", "uniform7": "uniform7,valid,sample-covariance"}


@dataclass(frozen=True)
class SSIM(Metric):
    """Structural similarity (Wang, Bovik, Sheikh and Simoncelli, IEEE TIP 2004).

    The map is taken where the whole window lies inside the image, for each channel apart, with
    K₁ = .01, K₂ = .03 and the range of the image's dtype; its mean is the score. ``gauss11`` is
    the publication's window (scikit-image with ``gaussian_weights=True, sigma=1.5,
    use_sample_covariance=False``), ``uniform7`` scikit-image's default. For a region, the map is
    averaged over the region's pixels that are centres of such windows.

    Parameters
    ----------
    definition : str
        ``gauss11`` or ``uniform7``.
    region : str
        ``image``, ``hole``, ``boundary``, ``raw``, ``known``, ``effect`` or ``untouched``.
    """

    definition: Literal["gauss11", "uniform7"] = "gauss11"
    region: Region = "image"

    name = "ssim"
    bounds = (-1.0, 1.0)

    @property
    def id(self) -> str:
        """``ssim[gauss11,valid]`` with the region."""
        return f"ssim[{_NAMES[self.definition]}{in_id(self.region)}]"

    @property
    def label(self) -> str:
        """``SSIM`` with what isn't default."""
        other = "" if self.definition == "gauss11" else f"-{self.definition}"
        return f"SSIM{other}{in_label(self.region)}"

    def bind(self, reference: Image) -> Score:
        """Take the reference's moments; NaN for an image smaller than the window."""
        from inpaintbench.metrics.kernels import structural

        window = _WINDOWS[self.definition]
        height, width, channels = reference.shape
        margin = len(window.taps) // 2
        if min(height, width) < len(window.taps):
            return lambda result: math.nan
        flat = read_only(reference.reshape(height, width * channels))
        inside = np.s_[margin : height - margin, margin : width - margin]
        moments = on_reference(
            reference, (self.name, self.definition), lambda: _moments(reference, window)
        )
        peak = top(reference.dtype)

        def losses(result: Result, raw: bool) -> _Losses:
            lost: _Losses = structural.loss(
                flat,
                result.output.reshape(flat.shape),
                result.changed(raw),
                window.taps,
                moments.value.mean,
                moments.value.variance,
                (0.01 * peak) ** 2,
                (0.03 * peak) ** 2,
                window.correction,
            )
            return lost

        def score(result: Result) -> float:
            raw = result.raw(self.region)
            lost, _ = result.shared((self.name, self.definition, raw), lambda: losses(result, raw))
            if self.region in ("image", "raw"):
                windows = (height - 2 * margin) * (width - 2 * margin)
                return float(1 - lost.sum() / (windows * channels))
            centres = result.where(self.region)[inside]
            pixels = np.count_nonzero(centres)
            if not pixels:
                return math.nan
            return float(1 - self.loss_map(result)[inside][centres].sum() / (pixels * channels))

        return score

    def loss_map(self, result: Result) -> NDArray[np.float64]:
        """Map 1 − SSIM of a result that was scored, summed over the channels.

        It is that of the image that the region is of: the composite or the raw output.

        Returns
        -------
        (H, W) array of float64
            At each window's centre; 0 where no window lies inside the image.

        Raises
        ------
        LookupError
            When the result wasn't scored.
        """
        key = (self.name, self.definition, result.raw(self.region))
        lost, blocks = result.shared(key, _not_scored)
        margin = len(_WINDOWS[self.definition].taps) // 2
        whole = np.zeros(result.mask.shape)
        place = 0
        for first, last, left, right in (blocks + margin).tolist():
            block = whole[first:last, left:right]
            block[:] = lost[place : place + block.size].reshape(block.shape)
            place += block.size
        return whole


def _moments(reference: Image, window: _Window) -> _Moments:
    import cv2

    margin, taps = len(window.taps) // 2, np.array(window.taps)

    def filtered(values: NDArray[np.float64]) -> NDArray[np.float64]:
        means = cv2.sepFilter2D(values, -1, taps, taps).reshape(reference.shape)
        inside = np.ascontiguousarray(means[margin:-margin, margin:-margin])
        return inside.reshape(len(inside), -1)

    values = reference.astype(np.float64)
    mean = filtered(values)
    return _Moments(mean, filtered(np.square(values, out=values)) - np.square(mean))


def _not_scored() -> _Losses:
    raise LookupError("the SSIM map is kept by the score")
