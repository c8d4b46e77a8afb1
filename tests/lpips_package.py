"""The ``lpips`` package with the product's weights: the oracle of LPIPS, slow to import."""

from __future__ import annotations

from functools import cache
from typing import Any

import lpips
import numpy as np
import torch

from inpaintbench.images.types import Image
from inpaintbench.weights import find_known, load_tensors


@cache
def package_network(network: str) -> Any:
    """Make the package's own network; its linear heads are the package's, too."""
    weights = load_tensors(find_known(f"lpips-{network}-v0.1"))
    model = lpips.LPIPS(net=network, pnet_rand=True, verbose=False)
    state = model.net.state_dict()
    for name in state:
        state[name] = torch.from_numpy(weights["features." + name.split(".", 1)[1]])
    model.net.load_state_dict(state)
    return model.eval()


def package_score(network: str, reference: Image, image: Image) -> float:
    """Score a pair of 8-bit colour images the package's way."""
    with torch.inference_mode():
        pair = (
            torch.from_numpy(pixels.astype(np.float32) / 127.5 - 1).permute(2, 0, 1)[None]
            for pixels in (reference, image)
        )
        return float(package_network(network)(*pair))
