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


class Encoder(nn.Module):
    """Convolutions 4×4 of stride 2 with ReLU, each halving the image.

    Parameters
    ----------
    inputs : int
        Channels of the image.
    widths : sequence of int
        Channels after each convolution.
    """

    def __init__(self, inputs: int, widths: Sequence[int]) -> None:
        super().__init__()
        ends = zip([inputs, *widths], widths, strict=False)
        self.stages = nn.ModuleList(nn.Conv2d(i, o, 4, stride=2, padding=1) for i, o in ends)

    def forward(self, image: Tensor) -> list[Tensor]:
        """Return the features of every scale, finest first."""
        features = []
        for stage in self.stages:
            image = relu(stage(image))
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
    """

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        ends = zip(widths[::-1], [*widths[-2::-1], 3], strict=True)
        self.stages = nn.ModuleList(
            nn.ConvTranspose2d(2 * i, o, 4, stride=2, padding=1) for i, o in ends
        )

    def forward(self, code: Tensor, features: Sequence[Tensor]) -> Tensor:
        """Turn a code ``(N, widths[-1], 4, 4)`` and the encoder's features into images."""
        for number, (stage, seen) in enumerate(zip(self.stages, features[::-1], strict=True), 1):
            code = stage(torch.cat([code, seen], 1))
            if number < len(self.stages):
                code = relu(code)
        return code
