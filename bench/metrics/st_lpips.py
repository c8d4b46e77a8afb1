"""Shift-tolerant perceptual similarity: LPIPS by networks that a small shift moves little."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from inpaintbench.images.types import Image
from inpaintbench.metrics.base import Axis, Metric, Score
from inpaintbench.metrics.lpips import bind_layers
from inpaintbench.metrics.network.layers import Layer
from inpaintbench.metrics.network.trunks import SHIFT_TOLERANT_TRUNKS
from inpaintbench.metrics.tensors import load_known

# The sums over the five heads of their two largest weights, rounded up, as with LPIPS.
_WORST = {"alex": 2.491, "vgg": 2.121}


@dataclass(frozen=True)
class STLPIPS(Metric):
    """Shift-tolerant LPIPS (Ghildyal and Liu, ECCV 2022), version 0.0.

    Equals the ``stlpips_pytorch`` package with its variant ``shift_tolerant``: LPIPS with networks
    that blur before every step of more than a pixel, trained anew with their heads. Grey images
    are repeated in the three channels. Defined down to 21 pixels a side with AlexNet and 18 with
    VGG.

    Parameters
    ----------
    network : str
        ``alex`` or ``vgg``.
    """

    network: Literal["alex", "vgg"] = "alex"

    name = "st-lpips"
    higher_is_better = False
    bounds = (0.0, math.inf)
    axis = Axis.perception

    @property
    def id(self) -> str:
        """``st-lpips[alex,v0.0]``."""
        return f"st-lpips[{self.network},v0.0]"

    @property
    def label(self) -> str:
        """``ST-LPIPS`` with the network unless it is AlexNet."""
        return "ST-LPIPS" if self.network == "alex" else f"ST-LPIPS-{self.network.upper()}"

    @property
    def worst(self) -> float:
        """The largest value that the heads allow."""
        return _WORST[self.network]

    def setup(self) -> None:
        """Load the weights, fetching them where they aren't here yet."""
        _layers(self.network)

    def bind(self, reference: Image) -> Score:
        """Send the reference through the network; NaN for an image that is too small."""
        return bind_layers(_layers(self.network), reference)


@lru_cache
def _layers(network: str) -> tuple[Layer, ...]:
    tensors = load_known(f"st-lpips-{network}-v0.0")
    return SHIFT_TOLERANT_TRUNKS[network](tensors)
