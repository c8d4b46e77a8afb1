"""The networks of the Context Encoder: generator and critic."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import leaky_relu, relu

from inpaintbench.methods.networks.encoder_decoder import (
    CODE_SIDE,
    INPUTS,
    Decoder,
    Encoder,
    widths,
)


class ContextEncoderNetwork(nn.Module):
    """Encoder, channel-wise fully connected layer, decoder (Pathak et al. 2016).

    The fully connected layer joins all places within each channel; a 1×1 convolution then joins
    the channels, at a fraction of a dense layer's weights. Unlike the paper's, the decoder also
    sees the encoder's features, since holes have any shape and the known pixels around them must
    be met; and the image is halved down to 4² whatever its size. Parameters are as in the
    autoencoder.
    """

    def __init__(self, size: int = 32, width: int = 32, blocks: int = 0) -> None:
        super().__init__()
        channels = widths(size, width)
        places = CODE_SIDE**2
        self.encoder = Encoder(channels, blocks)
        self.within = nn.Conv1d(
            channels[-1] * places, channels[-1] * places, 1, groups=channels[-1]
        )
        self.across = nn.Conv2d(channels[-1], channels[-1], 1)
        self.decoder = Decoder(channels, blocks)

    def forward(self, inputs: Tensor) -> Tensor:
        """Turn damaged images and masks ``(N, 4, size, size)`` into images ``(N, 3, …)``."""
        features: list[Tensor] = self.encoder(inputs)
        joined = relu(self.within(features[-1].flatten(1).unsqueeze(2)))
        code = relu(self.across(joined.view_as(features[-1])))
        filled: Tensor = self.decoder(code, features)
        return filled


class ContextCritic(nn.Module):
    """Tells filled images from real ones: one logit an image.

    Sees the image and the mask, so that it may judge a hole of any shape; 4×4 convolutions of
    stride 2 with batch normalisation, as in the paper. Parameters are as in the autoencoder.
    """

    def __init__(self, size: int = 32, width: int = 16) -> None:
        super().__init__()
        channels = widths(size, width)
        ends = zip([INPUTS, *channels], channels, strict=False)
        self.stages = nn.ModuleList(nn.Conv2d(i, o, 4, stride=2, padding=1) for i, o in ends)
        self.norms = nn.ModuleList(nn.BatchNorm2d(count) for count in channels[1:])
        self.judge = nn.Linear(channels[-1] * CODE_SIDE**2, 1)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return a logit for each image and mask ``(N, 4, size, size)``: positive for real."""
        features = leaky_relu(self.stages[0](inputs), 0.2)
        for stage, norm in zip(list(self.stages)[1:], self.norms, strict=True):
            features = leaky_relu(norm(stage(features)), 0.2)
        logits: Tensor = self.judge(features.flatten(1))
        return logits[:, 0]
