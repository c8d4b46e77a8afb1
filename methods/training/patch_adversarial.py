"""What DeepFill v2 learns from: absolute error of both stages and a hinge loss over patches."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from inpaintbench.methods.training.data import Batch
from inpaintbench.methods.training.objective import Losses, Objective, composite


class PatchAdversarial(Objective):
    """L1 (coarse) + L1 (fine) + hinge loss of the SN-PatchGAN critic, each of weight 1.

    The absolute error is over the whole image, in [-1, 1], as in the public training code.
    """

    betas = (0.5, 0.999)
    # A network as fast as its critic keeps it at chance (two time-scale rule, Heusel et al. 2017).
    critic_rate = 1.5
    critic: nn.Module

    def losses(self, batch: Batch) -> Losses:
        """Fill the batch in both stages, compare, and ask the critic."""
        coarse, fine = self.network(batch.inputs)
        first, second = (
            (coarse - batch.images).abs().mean(),
            (fine - batch.images).abs().mean(),
        )
        fooled = -self._judge(composite(fine, batch), batch).mean()
        parts = {"coarse": first, "fine": second, "adversarial": fooled}
        return Losses(first + second + self.adversarial * fooled, parts, fine)

    def fill(self, network: nn.Module, batch: Batch) -> Tensor:
        """Fill with both stages."""
        fine: Tensor = network(batch.inputs)[1]
        return fine

    def critic_loss(self, batch: Batch, fill: Tensor) -> Tensor:
        """Hinge loss of telling the truth from the composite, place by place."""
        real = relu(1 - self._judge(batch.images, batch)).mean()
        fake = relu(1 + self._judge(composite(fill, batch), batch)).mean()
        return 0.5 * (real + fake)

    def _judge(self, images: Tensor, batch: Batch) -> Tensor:
        verdicts: Tensor = self.critic(torch.cat([images, batch.masks], 1))
        return verdicts
