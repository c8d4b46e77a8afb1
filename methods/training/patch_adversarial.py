"""What DeepFill v2 learns from: errors of both stages and a hinge loss over patches."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from inpaintbench.methods.training.data import Batch
from inpaintbench.methods.training.objective import Losses, Objective, composite

RELATIVE_WEIGHT = 0.15
"""Weight of an error's logarithm that, where images are hard, asks as much as the error itself."""

FLOOR = 0.01
"""Added to an absolute error in [-1, 1] before its logarithm."""

KNOWN_WEIGHT = 0.5
"""Weight of the absolute error over the known pixels, which are pasted over it in the end."""


def relative_error(fill: Tensor, batch: Batch) -> Tensor:
    """Logarithm of each image's mean absolute error over the hole, averaged over the batch.

    The error itself lets noise in a smooth image pass for a small fault.
    """
    errors = ((fill - batch.images).abs() * batch.masks).sum((1, 2, 3))
    pixels = (fill.shape[1] * batch.masks.sum((1, 2, 3))).clamp(min=1)
    return torch.log(errors / pixels + FLOOR).mean()


class PatchAdversarial(Objective):
    """Errors of both stages + hinge loss of the SN-PatchGAN critic.

    Parameters
    ----------
    network, critic : Module
    relative : bool
        Whether the errors are over the hole and relative to each image's own, see
        `relative_error`; else they are absolute, over the whole image, as in the public training
        code.
    """

    betas = (0.5, 0.999)
    # A network as fast as its critic keeps it at chance (two time-scale rule, Heusel et al. 2017).
    critic_rate = 1.5

    def __init__(self, network: nn.Module, critic: nn.Module, relative: bool = True) -> None:
        super().__init__(network, critic)
        self.relative = relative

    def losses(self, batch: Batch) -> Losses:
        """Fill the batch in both stages, compare, and ask the critic."""
        coarse, fine = self.network(batch.inputs)
        fooled = -self.judge(composite(fine, batch), batch).mean()
        if self.relative:
            first, second = relative_error(coarse, batch), relative_error(fine, batch)
            known = ((fine - batch.images).abs() * (1 - batch.masks)).mean()
            errors = RELATIVE_WEIGHT * (first + second) + KNOWN_WEIGHT * known
            parts = {"coarse": first, "fine": second, "known": known}
        else:
            first, second = ((fill - batch.images).abs().mean() for fill in (coarse, fine))
            errors = first + second
            parts = {"coarse": first, "fine": second}
        return Losses(errors + self.adversarial * fooled, parts | {"adversarial": fooled}, fine)

    def fill(self, network: nn.Module, batch: Batch) -> Tensor:
        """Fill with both stages."""
        fine: Tensor = network(batch.inputs)[1]
        return fine

    def critic_loss(self, batch: Batch, fill: Tensor) -> Tensor:
        """Hinge loss of telling the truth from the composite, place by place."""
        real = relu(1 - self.judge(batch.images, batch)).mean()
        fake = relu(1 + self.judge(composite(fill, batch), batch)).mean()
        return 0.5 * (real + fake)
