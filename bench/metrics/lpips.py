"""Learned perceptual image patch similarity, recomputed only where a result differs."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Literal

from inpaintbench.images.types import Image
from inpaintbench.metrics.base import (
    Axis,
    Metric,
    OnReference,
    Result,
    Score,
    on_reference,
)
from inpaintbench.metrics.difference import Region, in_id, in_label
from inpaintbench.metrics.network.enlarging import position_weights
from inpaintbench.metrics.network.layers import Layer
from inpaintbench.metrics.network.pixels import network_change, network_input
from inpaintbench.metrics.network.reference import MapDistance, ReferenceNetwork, fits
from inpaintbench.metrics.network.trunks import TRUNKS
from inpaintbench.metrics.tensors import load_known

# Channel vectors are non-negative and of length 1, so a head gives at most the sum of its two
# largest weights; these are the sums over the five heads, rounded up.
_WORST = {"alex": 7.734, "vgg": 5.444}


@dataclass(frozen=True)
class LPIPS(Metric):
    """Learned perceptual image patch similarity (Zhang et al., CVPR 2018), version 0.1.

    Equals the ``lpips`` package: inputs from −1 to 1, five layers, unit-normalised channels,
    learned weights, mean over positions. Grey images are repeated in the three channels. Defined
    down to 31 pixels a side with AlexNet (its last maps are then 1×1) and 16 with VGG.

    For ``image`` and ``raw`` it is the distance of two whole images. For another region it is the
    mean, over the region's pixels, of the package's map (``spatial=True``): the distances at the
    positions of each layer, enlarged bilinearly to the image's size and added.

    Parameters
    ----------
    network : str
        ``alex`` or ``vgg``.
    region : str
        ``image``, ``hole``, ``boundary``, ``raw``, ``known``, ``effect`` or ``untouched``.
    """

    network: Literal["alex", "vgg"] = "alex"
    region: Region = "image"

    name = "lpips"
    higher_is_better = False
    bounds = (0.0, math.inf)
    axis = Axis.perception

    @property
    def id(self) -> str:
        """``lpips[alex,v0.1]`` with the region."""
        return f"lpips[{self.network},v0.1{in_id(self.region)}]"

    @property
    def label(self) -> str:
        """``LPIPS`` with the network unless it is AlexNet, and the region."""
        network = "" if self.network == "alex" else f"-{self.network.upper()}"
        return f"LPIPS{network}{in_label(self.region)}"

    @property
    def worst(self) -> float:
        """The largest value that the heads allow."""
        return _WORST[self.network]

    def setup(self) -> None:
        """Load the weights, fetching them where they aren't here yet."""
        _layers(self.network)

    def bind(self, reference: Image) -> Score:
        """Send the reference through the network; NaN for an image that is too small."""
        return bind_layers(_layers(self.network), reference, self.region)


def bind_layers(layers: Sequence[Layer], reference: Image, region: Region = "image") -> Score:
    """Bind a network to a reference, compared behind its layers with a head."""
    height, width, _ = reference.shape
    if not fits(layers, (height, width)):
        return lambda result: math.nan

    def network() -> ReferenceNetwork:
        pixels = network_input(reference.reshape(height * width, -1))
        return ReferenceNetwork(layers, pixels.reshape(height, width, 3))

    return _Score(on_reference(reference, ("network", *layers), network), region)


class _Score:
    """LPIPS of results on one reference, in a region."""

    def __init__(self, network: OnReference[ReferenceNetwork], region: Region) -> None:
        self._network = network
        self._region = region

    def __call__(self, result: Result) -> float:
        return self.group([result])[0]

    def group(self, results: Sequence[Result]) -> list[float]:
        """Score results in one pass through the network's weights, shared with other regions."""
        new = [result for result in results if not result.has(self._key(result))]
        changes = [network_change(result, result.raw(self._region)) for result in new]
        for result, layers in zip(new, self._network.value.directions(changes), strict=True):
            result.shared(self._key(result), layers.copy)
        return [self._distance(result) for result in results]

    def _key(self, result: Result) -> Hashable:
        return self._network.value, result.raw(self._region)

    def _distance(self, result: Result) -> float:
        layers: list[MapDistance] = result.shared(self._key(result), list)
        total = 0.0
        if self._region in ("image", "raw"):
            for layer in layers:
                total += layer.mean
            return total
        region = result.where(self._region)
        if not region.any():
            return math.nan
        for layer in layers:
            weights = result.shared(
                ("weights", self._region, layer.where.shape),
                partial(position_weights, region, layer.where.shape),
            )
            total += float(weights[layer.where] @ layer.values)
        return total


@lru_cache
def _layers(network: str) -> tuple[Layer, ...]:
    return TRUNKS[network](load_known(f"lpips-{network}-v0.1"))
