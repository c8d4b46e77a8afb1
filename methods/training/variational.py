"""What the variational autoencoder learns from: the evidence lower bound, and its own use."""

from __future__ import annotations

import torch

from inpaintbench.methods.networks.variational import Gaussian, VariationalNetwork
from inpaintbench.methods.training.data import Batch
from inpaintbench.methods.training.objective import Losses, Objective
from inpaintbench.methods.training.reconstruction import KNOWN_WEIGHT, known_error, log_errors


class EvidenceBound(Objective):
    """Hybrid objective of the conditional VAE (Sohn, Lee and Yan 2015).

    Half of the batch is filled with a latent drawn from the posterior, which sees the truth: the
    evidence lower bound, reconstruction plus KL. The other half is filled as at test time, from
    the prior's mean, or the decoder would never meet such latents.

    The likelihood is Gaussian with each image's own best variance (Rybkin, Daniilidis and Levine
    2021), which makes the reconstruction term ``D/2 · log(squared error)`` for the hole's `D`
    values, and weighs it against the KL without a hand-set factor. Everything is divided by
    ``D/2``.
    """

    network: VariationalNetwork

    def losses(self, batch: Batch) -> Losses:
        """Fill one half from the posterior, the other from the prior's mean."""
        features, code, prior = self.network.encode(batch.inputs)
        half = len(batch.images) // 2
        posterior = self.network.infer(code[:half], batch.images[:half], batch.masks[:half])
        latents = torch.cat([posterior.sample(), prior.mean[half:]])
        fill = self.network.decode(features, code, latents)
        log_error = log_errors(fill, batch)
        divergence = posterior.divergence(Gaussian(prior.mean[:half], prior.log_variance[:half]))
        values = fill.shape[1] * batch.masks[:half].sum((1, 2, 3))
        bound = (log_error[:half] + 2 * divergence / values.clamp(min=1)).mean()
        predicted = log_error[half:].mean()
        known = known_error(fill, batch)
        parts = {
            "log_error": predicted,
            "posterior_log_error": log_error[:half].mean(),
            "divergence": divergence.mean(),
            "known": known,
        }
        return Losses(0.5 * (bound + predicted) + KNOWN_WEIGHT * known, parts, fill)
