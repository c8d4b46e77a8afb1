"""The network of the autoencoder."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import relu

from inpaintbench.methods.networks.encoder_decoder import CODE_SIDE, Decoder, Encoder, widths


class AutoencoderNetwork(nn.Module):
    """Encoder, dense bottleneck, decoder.

    The bottleneck lets every place of the hole depend on every known pixel.

    Parameters
    ----------
    size : int
        Side of the images, in pixels.
    width : int
        Channels after the first convolution.
    code : int
        Units of the bottleneck.
    blocks : int
        Residual blocks at each scale of the encoder, and of the decoder.
    """

    def __init__(self, size: int = 32, width: int = 32, code: int = 512, blocks: int = 0) -> None:
        super().__init__()
        channels = widths(size, width)
        flat = channels[-1] * CODE_SIDE**2
        self.encoder = Encoder(channels, blocks)
        self.squeeze = nn.Linear(flat, code)
        self.expand = nn.Linear(code, flat)
        self.decoder = Decoder(channels, blocks)

    def forward(self, inputs: Tensor) -> Tensor:
        """Turn damaged images and masks ``(N, 4, size, size)`` into images ``(N, 3, …)``."""
        features: list[Tensor] = self.encoder(inputs)
        code = relu(self.expand(relu(self.squeeze(features[-1].flatten(1)))))
        filled: Tensor = self.decoder(code.view_as(features[-1]), features)
        return filled
