"""Metrics of single pixels: PSNR, the mean absolute error, the change of known pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass

from inpaintbench.images.types import Image
from inpaintbench.metrics.base import Metric, Result, Score
from inpaintbench.metrics.difference import Region, in_id, in_label, top


@dataclass(frozen=True)
class PSNR(Metric):
    """Peak signal-to-noise ratio: 10 log₁₀(peak² / mean squared error).

    The peak is the largest value of the image's dtype, 255 or 65535. The mean runs over all
    channels of the region. Identical images give inf.

    Parameters
    ----------
    region : str
        ``image``, ``hole``, ``boundary``, ``raw``, ``known``, ``effect`` or ``untouched``.
    """

    region: Region = "image"

    name = "psnr"
    unit = "dB"
    bounds = (0.0, math.inf)

    @property
    def id(self) -> str:
        """``psnr[dtype-range]`` with the region."""
        return f"psnr[dtype-range{in_id(self.region)}]"

    @property
    def label(self) -> str:
        """``PSNR`` with the region."""
        return f"PSNR{in_label(self.region)}"

    def bind(self, reference: Image) -> Score:
        """Return the scoring function; NaN where the region is empty."""
        peak = top(reference.dtype)

        def score(result: Result) -> float:
            error = result.sums(self.region)
            if not error.values:
                return math.nan
            if not error.squares:
                return math.inf
            return 10 * math.log10(peak**2 * error.values / error.squares)

        return score


@dataclass(frozen=True)
class BrushNetPSNR(Metric):
    """PSNR of the known region as BrushNet's evaluation computes it, mistakes included.

    The squared differences of the raw output, summed over three channels, are divided by the
    number of pixels, not of values: that is three times the mean squared error, and 4.77 dB below
    PSNR. Below an error of 10⁻¹⁰, on the scale 0 to 1, it is 1000 dB. Grey images count as three
    equal channels. For comparison with what BrushNet and those after it published (Ju et al., ECCV
    2024, ``evaluate_brushnet.py``).
    """

    name = "psnr-brushnet"
    unit = "dB"
    id = "psnr-brushnet[known,3mse]"
    label = "PSNR-BrushNet"
    bounds = (-10 * math.log10(3), 1000.0)

    def score(self, result: Result) -> float:
        """Return the decibels; NaN where nothing is known."""
        error = result.sums("known")
        if not error.values:
            return math.nan
        mean = 3 * error.squares / (error.values * top(result.reference.dtype) ** 2)
        return 1000.0 if mean < 1e-10 else -10 * math.log10(mean)


@dataclass(frozen=True)
class MAE(Metric):
    """Mean absolute error, in levels of 255.

    The mean runs over all channels of the region; 16-bit differences are divided by 257, so that
    images of either depth are on one scale.

    Parameters
    ----------
    region : str
        ``image``, ``hole``, ``boundary``, ``raw``, ``known``, ``effect`` or ``untouched``.
    """

    region: Region = "image"

    name = "mae"
    unit = "levels"
    higher_is_better = False
    bounds = (0.0, 255.0)

    @property
    def id(self) -> str:
        """``mae[255-scale]`` with the region."""
        return f"mae[255-scale{in_id(self.region)}]"

    @property
    def label(self) -> str:
        """``MAE`` with the region."""
        return f"MAE{in_label(self.region)}"

    def bind(self, reference: Image) -> Score:
        """Return the scoring function; NaN where the region is empty."""
        scale = 255 / top(reference.dtype)

        def score(result: Result) -> float:
            error = result.sums(self.region)
            return scale * error.absolutes / error.values if error.values else math.nan

        return score


@dataclass(frozen=True)
class KnownChange(Metric):
    """Largest change that the raw output made to a known pixel, in levels of 255.

    The change is from what the method was given: the input, where a sample has one, or else the
    reference. Most scores are taken on the composite, where the known pixels are pasted back; this
    tells whether that changed anything.
    """

    name = "known-change"
    unit = "levels"
    higher_is_better = False
    needs_reference = False
    axis = None
    id = "known-change[max,255-scale]"
    label = "Known change"
    bounds = (0.0, 255.0)

    def score(self, result: Result) -> float:
        """Find the largest change."""
        from inpaintbench.metrics.kernels.difference import largest_outside

        given = result.reference if result.input is None else result.input
        largest: int = largest_outside(result.output, given, result.mask)
        return 255 / top(given.dtype) * largest
