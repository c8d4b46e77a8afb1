"""Metrics that the piq library defines; they need the extra ``inpaintbench[metrics]``."""

from __future__ import annotations

import importlib.util
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from inpaintbench.images.types import Image
from inpaintbench.metrics.base import Metric, MetricUnavailable, Result, Score
from inpaintbench.metrics.difference import top

if TYPE_CHECKING:
    from torch import Tensor


class _FromPiq(Metric):
    """A function of piq over the composite, with its own defaults and the dtype's range."""

    function: ClassVar[str]
    """Its name in the library."""

    perfect: ClassVar[float]
    """The score of the reference itself, which rounding would miss."""

    least: ClassVar[int]
    """The smallest side of an image that the library takes."""

    def setup(self) -> None:
        """Import the library, which takes seconds.

        Raises
        ------
        MetricUnavailable
            When it isn't installed.
        """
        if importlib.util.find_spec("piq") is None:
            raise MetricUnavailable(
                f"{self.name} needs the piq library; run: pip install 'inpaintbench[metrics]'"
            )
        importlib.import_module("piq")

    def bind(self, reference: Image) -> Score:
        """Return the scoring function; NaN for an image smaller than the library takes."""
        if min(reference.shape[:2]) < self.least:
            return lambda result: math.nan
        measure: Any = getattr(importlib.import_module("piq"), self.function)
        true = _tensor(reference)

        def score(result: Result) -> float:
            import torch

            if not result.difference.changed.any():
                return self.perfect
            with torch.inference_mode():
                return float(measure(_tensor(result.composite), true, data_range=1.0))

        return score


@dataclass(frozen=True)
class MSSSIM(_FromPiq):
    """Multi-scale structural similarity (Wang, Simoncelli and Bovik 2003), from 161 pixels a side.

    Eleven-tap Gaussian, five scales, each channel apart, as in piq's ``multi_scale_ssim``.
    """

    name = "ms-ssim"
    bounds = (0.0, 1.0)
    label = "MS-SSIM"
    id = "ms-ssim[piq,gauss11,5-scales]"
    function = "multi_scale_ssim"
    perfect = 1.0
    least = 161


@dataclass(frozen=True)
class GMSD(_FromPiq):
    """Gradient magnitude similarity deviation (Xue, Zhang, Mou and Bovik 2014) of the luminance."""

    name = "gmsd"
    label = "GMSD"
    id = "gmsd[piq,luminance]"
    function = "gmsd"
    higher_is_better = False
    perfect = 0.0
    least = 3
    # the deviation of similarities between 0 and 1
    bounds = (0.0, 0.5)


@dataclass(frozen=True)
class HaarPSI(_FromPiq):
    """Haar wavelet perceptual similarity (Reisenhofer et al. 2018), from 16 pixels a side."""

    name = "haarpsi"
    bounds = (0.0, 1.0)
    label = "HaarPSI"
    id = "haarpsi[piq,3-scales,subsampled]"
    function = "haarpsi"
    perfect = 1.0
    least = 16


def _tensor(image: Image) -> Tensor:
    import numpy as np
    import torch

    scaled = image.astype(np.float32) / np.float32(top(image.dtype))
    return torch.from_numpy(scaled).permute(2, 0, 1)[None]
