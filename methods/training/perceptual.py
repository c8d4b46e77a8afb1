"""Perceptual and style loss: compare fill and truth by the features of a trained VGG-16."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import conv2d, l1_loss, max_pool2d, relu

from inpaintbench.methods.training.data import Batch
from inpaintbench.methods.training.objective import composite

ABSOLUTE_WEIGHT, PERCEPTUAL_WEIGHT, STYLE_WEIGHT = 6.0, 0.05, 120.0
"""In the paper: of the absolute error in the hole, and of the two terms."""

BLOCKS = ((0, 2), (5, 7), (10, 12, 14))
"""Convolutions of the first three blocks, each followed by max pooling; torchvision's numbers."""

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of the images that VGG-16 was trained on, in [0, 1]."""


class PerceptualLoss:
    """Absolute differences of VGG-16's first three pooled feature maps, and of their Gram matrices.

    As in Liu et al. 2018 (partial convolutions), of the composite. The first term asks for the
    right structures, the second for the right texture wherever it lies; LPIPS with AlexNet, which
    methods are scored by, takes no part.

    Parameters
    ----------
    tensors : mapping of str to array
        ``features.N.weight`` and ``features.N.bias`` of VGG-16, named as in torchvision.
    device : str
        Where the images are.
    """

    def __init__(self, tensors: Mapping[str, NDArray[np.generic]], device: str) -> None:
        def tensor(name: str) -> Tensor:
            return torch.from_numpy(tensors[f"features.{name}"].astype(np.float32)).to(device)

        self._blocks = [
            [(tensor(f"{i}.weight"), tensor(f"{i}.bias")) for i in block] for block in BLOCKS
        ]
        self._mean = torch.tensor(MEAN, device=device).view(3, 1, 1)
        self._deviation = torch.tensor(DEVIATION, device=device).view(3, 1, 1)

    def terms(self, fill: Tensor, batch: Batch) -> dict[str, Tensor]:
        """Measure the terms ``perceptual`` and ``style`` of fills ``(N, 3, S, S)`` in [-1, 1]."""
        with torch.no_grad():
            wanted = self._features(batch.images)
        found = self._features(composite(fill, batch))
        perceptual = torch.stack([l1_loss(f, w) for f, w in zip(found, wanted, strict=True)])
        with torch.autocast(fill.device.type, enabled=False):
            style = torch.stack(
                [l1_loss(_gram(f), _gram(w)) for f, w in zip(found, wanted, strict=True)]
            )
        return {"perceptual": perceptual.sum(), "style": style.sum()}

    @staticmethod
    def weigh(terms: Mapping[str, Tensor]) -> Tensor:
        """Sum the terms as in the paper, relative to an absolute error of images in [-1, 1]."""
        absolute = ABSOLUTE_WEIGHT / (2 * float(np.mean(DEVIATION)))
        weighted = PERCEPTUAL_WEIGHT * terms["perceptual"] + STYLE_WEIGHT * terms["style"]
        return weighted / absolute

    def _features(self, images: Tensor) -> list[Tensor]:
        """Return the pooled maps of each block."""
        maps, features = [], ((images + 1) / 2 - self._mean) / self._deviation
        for block in self._blocks:
            for weight, bias in block:
                features = relu(conv2d(features, weight, bias, padding=1))
            features = max_pool2d(features, 2)
            maps.append(features)
        return maps


def _gram(features: Tensor) -> Tensor:
    """Mean products of channels ``(N, C, C)``, over places and channels."""
    flat = features.float().flatten(2)
    return flat @ flat.transpose(1, 2) / (flat.shape[1] * flat.shape[2])
