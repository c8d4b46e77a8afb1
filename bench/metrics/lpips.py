"""Learned perceptual image patch similarity, recomputed only where a result differs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from inpaintbench.images.types import Image
from inpaintbench.metrics.base import Axis, Metric, MetricUnavailable, Result, Score
from inpaintbench.metrics.difference import top
from inpaintbench.metrics.network.layers import Layer
from inpaintbench.metrics.network.reference import Change, ReferenceNetwork, fits
from inpaintbench.metrics.network.trunks import TRUNKS

# ImageNet's mean and standard deviation on the scale −1 to 1, as LPIPS v0.1 has them.
_SHIFT = np.array([-0.030, -0.088, -0.188], np.float32)
_SCALE = np.array([0.458, 0.448, 0.450], np.float32)

# Channel vectors are non-negative and of length 1, so a head gives at most the sum of its two
# largest weights; these are the sums over the five heads, rounded up.
_WORST = {"alex": 7.734, "vgg": 5.444}


@dataclass(frozen=True)
class LPIPS(Metric):
    """Learned perceptual image patch similarity (Zhang et al., CVPR 2018), version 0.1.

    Equals the ``lpips`` package: inputs from −1 to 1, five layers, unit-normalised channels,
    learned weights, mean over positions. Grey images are repeated in the three channels. Defined
    down to 31 pixels a side with AlexNet (its last maps are then 1×1) and 16 with VGG.

    Parameters
    ----------
    network : str
        ``alex`` or ``vgg``.
    """

    network: Literal["alex", "vgg"] = "alex"

    name = "lpips"
    higher_is_better = False
    bounds = (0.0, math.inf)
    axis = Axis.perception

    @property
    def id(self) -> str:
        """``lpips[alex,v0.1]``."""
        return f"lpips[{self.network},v0.1]"

    @property
    def label(self) -> str:
        """``LPIPS`` with the network unless it is AlexNet."""
        return "LPIPS" if self.network == "alex" else f"LPIPS-{self.network.upper()}"

    @property
    def worst(self) -> float:
        """The largest value that the heads allow."""
        return _WORST[self.network]

    def setup(self) -> None:
        """Load the weights, fetching them where they aren't here yet."""
        from inpaintbench.weights import WeightsUnavailable

        try:
            _layers(self.network)
        except WeightsUnavailable as error:
            raise MetricUnavailable(str(error)) from error

    def bind(self, reference: Image) -> Score:
        """Send the reference through the network; NaN for an image that is too small."""
        layers = _layers(self.network)
        height, width, _ = reference.shape
        if not fits(layers, (height, width)):
            return lambda result: math.nan
        pixels = _network_input(reference.reshape(height * width, -1))
        return _Score(ReferenceNetwork(layers, pixels.reshape(height, width, 3)))


class _Score:
    """LPIPS of results on one reference."""

    def __init__(self, network: ReferenceNetwork) -> None:
        self._network = network

    def __call__(self, result: Result) -> float:
        return self.group([result])[0]

    def group(self, results: Sequence[Result]) -> list[float]:
        """Score results in one pass through the network's weights."""
        return self._network.distances([_change(result) for result in results])


def _change(result: Result) -> Change:
    """Take the pixels that differ from the reference's."""
    where = result.difference.changed
    pixels = result.output.reshape(where.size, -1)
    # six times faster than indexing with the mask
    return Change(where, _network_input(pixels.take(np.flatnonzero(where), axis=0)))


@lru_cache
def _layers(network: str) -> tuple[Layer, ...]:
    from inpaintbench.weights import find_known, load_tensors

    return TRUNKS[network](load_tensors(find_known(f"lpips-{network}-v0.1")))


def _network_input(pixels: Image) -> NDArray[np.float32]:
    """Scale ``n×C`` pixels from −1 to 1 and normalise them, grey repeated in three channels."""
    factor = np.float32(2 / top(pixels.dtype)) / _SCALE
    normalised: NDArray[np.float32] = pixels * factor
    normalised -= (1 + _SHIFT) / _SCALE
    return normalised
