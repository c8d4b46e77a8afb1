"""The convolutional encoder and decoder that the autoencoder, VAE and Context Encoder share."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

CODE_SIDE = 4
"""Side of the encoder's last feature map, in pixels."""

INPUTS = 4
"""Channels of what a network sees: damaged RGB image and mask."""


def widths(size: int, width: int) -> tuple[int, ...]:
    """Channels after each halving of a `size`² image down to 4²: doubling, at most 4 × `width`.

    Raises
    ------
    ValueError
        When `size` is not 4 times a power of two.
    """
    halvings = (size // CODE_SIDE).bit_length() - 1
    if halvings < 1 or size != CODE_SIDE << halvings:
        raise ValueError(f"size must be 8, 16, 32, 64, …, not {size}")
    return tuple(width * min(4, 1 << level) for level in range(halvings))


class Residual(nn.Module):
    """Two 3×3 convolutions beside a shortcut (He et al. 2016), the identity at first."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)  # type: ignore[arg-type]

    def forward(self, features: Tensor) -> Tensor:
        """Return features of the same shape, none negative."""
        return relu(features + self.second(relu(self.first(features))))


def _refinements(widths: Sequence[int], blocks: int) -> nn.ModuleList:
    """Make `blocks` residual blocks for each scale."""
    return nn.ModuleList(nn.Sequential(*(Residual(c) for _ in range(blocks))) for c in widths)


class Encoder(nn.Module):
    """Convolutions 4×4 of stride 2 with ReLU, each halving the image.

    Parameters
    ----------
    widths : sequence of int
        Channels after each convolution.
    blocks : int
        Residual blocks after each convolution.
    """

    def __init__(self, widths: Sequence[int], blocks: int = 0) -> None:
        super().__init__()
        ends = zip([INPUTS, *widths], widths, strict=False)
        self.stages = nn.ModuleList(nn.Conv2d(i, o, 4, stride=2, padding=1) for i, o in ends)
        self.refinements = _refinements(widths, blocks)

    def forward(self, image: Tensor) -> list[Tensor]:
        """Return the features of every scale, finest first."""
        features = []
        for stage, refine in zip(self.stages, self.refinements, strict=True):
            image = refine(relu(stage(image)))
            features.append(image)
        return features


class Decoder(nn.Module):
    """Transposed convolutions 4×4 of stride 2, each also seeing the encoder's features.

    The features joined in at every scale are what lets the fill meet its surroundings without a
    seam; the code alone would have to carry every known pixel along the hole's edge.

    Parameters
    ----------
    widths : sequence of int
        The encoder's, in its order.
    blocks : int
        Residual blocks before each transposed convolution.
    """

    def __init__(self, widths: Sequence[int], blocks: int = 0) -> None:
        super().__init__()
        ends = zip(widths[::-1], [*widths[-2::-1], 3], strict=True)
        self.stages = nn.ModuleList(
            nn.ConvTranspose2d(2 * i, o, 4, stride=2, padding=1) for i, o in ends
        )
        self.refinements = _refinements(widths[::-1], blocks)

    def forward(self, code: Tensor, features: Sequence[Tensor]) -> Tensor:
        """Turn a code ``(N, widths[-1], 4, 4)`` and the encoder's features into images.

        The code is never negative.
        """
        scales = zip(self.stages, self.refinements, features[::-1], strict=True)
        for number, (stage, refine, seen) in enumerate(scales, 1):
            code = stage(torch.cat([refine(code), seen], 1))
            if number < len(self.stages):
                code = relu(code)
        return code
