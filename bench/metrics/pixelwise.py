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
        ``image``, ``hole`` or ``boundary``.
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
class MAE(Metric):
    """Mean absolute error, in levels of 255.

    The mean runs over all channels of the region; 16-bit differences are divided by 257, so that
    images of either depth are on one scale.

    Parameters
    ----------
    region : str
        ``image``, ``hole`` or ``boundary``.
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

    Scores are taken on the composite, where the known pixels are pasted back; this tells whether
    that changed anything.
    """

    name = "known-change"
    unit = "levels"
    higher_is_better = False
    needs_reference = False
    axis = None
    id = "known-change[max,255-scale]"
    label = "Known change"
    bounds = (0.0, 255.0)

    def bind(self, reference: Image) -> Score:
        """Return the scoring function."""
        from inpaintbench.metrics.kernels.difference import largest_outside

        scale = 255 / top(reference.dtype)
        return lambda result: scale * largest_outside(result.output, reference, result.mask)
