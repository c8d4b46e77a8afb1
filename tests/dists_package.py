"""The ``dists-pytorch`` package with the product's VGG-16: the oracle of DISTS."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import torch
import torchvision
from DISTS_pytorch import DISTS_pt
from PIL import Image as pillow

from inpaintbench.images.types import Image
from inpaintbench.weights import find_known, load_tensors


@cache
def package_network(double: bool = False) -> Any:
    """Make the package's network, whose channel weights are its own, without a download."""
    tensors = load_tensors(find_known("lpips-vgg-v0.1"))
    state = {
        name.removeprefix("features."): torch.from_numpy(tensor)
        for name, tensor in tensors.items()
        if name.startswith("features.")
    }
    with torch.device("meta"):  # nothing is drawn that would be overwritten
        trunk = torchvision.models.vgg16(weights=None)
    trunk.features.load_state_dict(state, assign=True)
    original = DISTS_pt.models.vgg16
    DISTS_pt.models.vgg16 = lambda pretrained: trunk
    try:
        model = DISTS_pt.DISTS().eval()
    finally:
        DISTS_pt.models.vgg16 = original
    return model.double() if double else model


def package_score(reference: Image, image: Image, resize: bool = False) -> float:
    """Score a pair of 8-bit images the package's way."""
    pair = (
        DISTS_pt.prepare_image(
            pillow.fromarray(np.broadcast_to(pixels, (*pixels.shape[:2], 3)).copy()), resize=resize
        )
        for pixels in (reference, image)
    )
    with torch.inference_mode():
        return float(package_network()(*pair))


def double_score(reference: Image, image: Image) -> float:
    """Score a pair of any depth in double precision, which the package's single tells apart.

    In single precision the package's own covariances of flat maps are mostly rounding.
    """
    pair = (
        torch.from_numpy(pixels / np.iinfo(pixels.dtype).max).permute(2, 0, 1)[None]
        for pixels in (reference, image)
    )
    with torch.inference_mode():
        return float(package_network(double=True)(*(x.expand(1, 3, -1, -1) for x in pair)))
