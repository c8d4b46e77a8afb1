"""The network of the conditional variational autoencoder."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from inpaintbench.methods.networks.encoder_decoder import CODE_SIDE, Decoder, Encoder, widths


@dataclass(frozen=True)
class Gaussian:
    """A Gaussian with independent components: mean and logarithm of the variance ``(N, L)``."""

    mean: Tensor
    log_variance: Tensor

    @classmethod
    def of(cls, parameters: Tensor) -> Gaussian:
        """Split a layer's output ``(N, 2 L)`` into the two, the variance kept within e^±8."""
        mean, log_variance = parameters.float().chunk(2, dim=1)
        return cls(mean, 8 * torch.tanh(log_variance / 8))

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        """Draw one latent an image, differentiably in mean and variance."""
        noise = torch.randn(self.mean.shape, generator=generator, device=self.mean.device)
        return self.mean + torch.exp(0.5 * self.log_variance) * noise

    def divergence(self, other: Gaussian) -> Tensor:
        """Kullback–Leibler divergence from `other` to this one, in nats, ``(N,)``."""
        ratio = self.log_variance - other.log_variance
        apart = (self.mean - other.mean).square() * torch.exp(-other.log_variance)
        return 0.5 * (torch.exp(ratio) + apart - 1 - ratio).sum(1)


class VariationalNetwork(nn.Module):
    """Conditional variational autoencoder (Sohn, Lee and Yan 2015).

    A latent `z` stands for what the hole may hold. The `prior` predicts it from the known pixels
    alone; in training the `posterior` infers it from the whole image, and the divergence between
    the two is the KL term. The decoder sees `z` and the features of the known pixels. Parameters
    are as in the autoencoder, and `latent`, the components of `z`.
    """

    def __init__(
        self, size: int = 32, width: int = 32, code: int = 512, latent: int = 64, blocks: int = 0
    ) -> None:
        super().__init__()
        channels = widths(size, width)
        seen = widths(size, max(8, width // 2))
        flat = channels[-1] * CODE_SIDE**2
        self.encoder = Encoder(channels, blocks)
        self.squeeze = nn.Linear(flat, code)
        self.prior = nn.Linear(code, 2 * latent)
        self.witness = Encoder(seen)
        self.posterior = nn.Linear(code + seen[-1] * CODE_SIDE**2, 2 * latent)
        self.place = nn.Linear(latent, code, bias=False)
        self.expand = nn.Linear(code, flat)
        self.decoder = Decoder(channels, blocks)

    def encode(self, inputs: Tensor) -> tuple[list[Tensor], Tensor, Gaussian]:
        """Return features and code of the known pixels, and the prior that they give."""
        features: list[Tensor] = self.encoder(inputs)
        code = relu(self.squeeze(features[-1].flatten(1)))
        return features, code, Gaussian.of(self.prior(code))

    def infer(self, code: Tensor, images: Tensor, masks: Tensor) -> Gaussian:
        """Infer the latent's posterior from the whole images, in training."""
        witnessed = self.witness(torch.cat([images, masks], 1))[-1].flatten(1)
        return Gaussian.of(self.posterior(torch.cat([code, witnessed], 1)))

    def decode(self, features: list[Tensor], code: Tensor, latent: Tensor) -> Tensor:
        """Turn known pixels and a latent into images ``(N, 3, size, size)``."""
        expanded = relu(self.expand(relu(code + self.place(latent))))
        filled: Tensor = self.decoder(expanded.view_as(features[-1]), features)
        return filled

    def forward(self, inputs: Tensor, draws: torch.Generator | None = None) -> Tensor:
        """Fill from the known pixels alone: with the prior's mean, or with a draw from it."""
        features, code, prior = self.encode(inputs)
        return self.decode(features, code, prior.mean if draws is None else prior.sample(draws))
