"""Learned perceptual image patch similarity, recomputed only where a result differs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from inpaintbench.images.types import Image
from inpaintbench.metrics.base import Axis, Metric, MetricUnavailable, Result, Score
from inpaintbench.metrics.network.layers import Layer
from inpaintbench.metrics.network.pixels import network_change, network_input
from inpaintbench.metrics.network.reference import ReferenceNetwork, fits
from inpaintbench.metrics.network.trunks import TRUNKS

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
        return bind_layers(_layers(self.network), reference)


def bind_layers(layers: Sequence[Layer], reference: Image) -> Score:
    """Bind a network to a reference, compared behind its layers with a head."""
    height, width, _ = reference.shape
    if not fits(layers, (height, width)):
        return lambda result: math.nan
    pixels = network_input(reference.reshape(height * width, -1))
    return _Score(ReferenceNetwork(layers, pixels.reshape(height, width, 3)))


class _Score:
    """LPIPS of results on one reference."""

    def __init__(self, network: ReferenceNetwork) -> None:
        self._network = network

    def __call__(self, result: Result) -> float:
        return self.group([result])[0]

    def group(self, results: Sequence[Result]) -> list[float]:
        """Score results in one pass through the network's weights."""
        return self._network.distances([network_change(result) for result in results])


@lru_cache
def _layers(network: str) -> tuple[Layer, ...]:
    from inpaintbench.weights import find_known, load_tensors

    return TRUNKS[network](load_tensors(find_known(f"lpips-{network}-v0.1")))
