"""What the two autoencoders learn from: the mean PSNR over the hole, directly."""

from __future__ import annotations

import torch
from torch import Tensor

from inpaintbench.methods.networks.variational import Gaussian, VariationalNetwork
from inpaintbench.methods.training.data import Batch
from inpaintbench.methods.training.objective import Losses, Objective, hole_errors

KNOWN_WEIGHT = 2.0
"""Weight of the squared error over the known pixels, which asks for a whole image back."""

FLOOR = 1e-4
"""Added to a squared error before its logarithm: below 40 dB there is nothing left to gain."""


def known_error(fill: Tensor, batch: Batch) -> Tensor:
    """Squared error over the known pixels, averaged over everything, for a data range of 1."""
    return (((fill - batch.images) / 2).square() * (1 - batch.masks)).mean()


def log_errors(fill: Tensor, batch: Batch) -> Tensor:
    """Logarithm of each image's mean squared error over the hole: its PSNR but for a factor."""
    return torch.log(hole_errors(fill, batch) + FLOOR)


def asymmetries(fill: Tensor, batch: Batch) -> Tensor:
    """Mean squared error over each hole of a fill against its mean with the mirror image's."""
    half = len(fill) // 2
    first = Batch((fill[:half] + fill[half:].flip(3)) / 2, batch.masks[:half])
    return hole_errors(fill[:half], first)


class Reconstruction(Objective):
    """Logarithm of the squared error over each image's hole, and the error over known pixels.

    The mean logarithm is the mean PSNR. The plain mean of squared errors would spend the network
    on the few images that nothing can predict.

    With a weight for symmetry, the second half of a batch is the mirror images of the first, and
    what their fills differ by counts as a further error. It is an error for certain, since both
    can't be right, and what remains is what averaging two fills would have to mend.
    """

    symmetry = 0.0

    def losses(self, batch: Batch) -> Losses:
        """Fill the batch and compare."""
        fill = self.fill(self.network, batch)
        errors, known = hole_errors(fill, batch), known_error(fill, batch)
        parts = {"log_error": torch.log(errors + FLOOR).mean(), "known": known}
        hole = parts["log_error"]
        if self.symmetry:
            apart = asymmetries(fill, batch)
            hole = torch.log(errors.view(2, -1).mean(0) + self.symmetry * apart + FLOOR).mean()
            parts["asymmetry"] = apart.mean()
        return Losses(hole + KNOWN_WEIGHT * known, parts, fill)


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
