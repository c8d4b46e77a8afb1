"""What the Context Encoder learns from: squared error and a critic, with the paper's weights."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import max_pool2d, softplus

from inpaintbench.methods.training.data import Batch
from inpaintbench.methods.training.objective import Losses, Objective, composite, hole_errors

RECONSTRUCTION_WEIGHT, ADVERSARIAL_WEIGHT = 0.999, 0.001

SCALE = 4.0
"""Squared errors are those of images in [-1, 1], as in the paper's code, not in [0, 1]."""

BORDER_WEIGHT = 10.0
"""Weight of the squared error in the band of known pixels around the hole."""


class ContextAdversarial(Objective):
    """Joint loss of the Context Encoder (Pathak et al. 2016): .999 L2 + .001 adversarial.

    The squared error counts in the hole, and ten times in a band of known pixels around it (4
    pixels of 128), so that the fill goes on where its surroundings end.

    Parameters
    ----------
    network, critic : Module
        The generator, and the network that tells its images from real ones.
    band : int
        Width of the band of known pixels, in pixels.
    """

    betas = (0.5, 0.999)

    def __init__(self, network: nn.Module, critic: nn.Module, band: int = 1) -> None:
        super().__init__(network, critic)
        self.band = band

    def losses(self, batch: Batch) -> Losses:
        """Fill the batch, compare, and ask the critic."""
        fill = self.fill(self.network, batch)
        around = max_pool2d(batch.masks, 2 * self.band + 1, 1, self.band) - batch.masks
        border = Batch(batch.images, around)
        hole = SCALE * hole_errors(fill, batch).mean()
        seam = SCALE * hole_errors(fill, border).mean()
        fooled = softplus(-self.judge(composite(fill, batch), batch)).mean()
        squared = hole + BORDER_WEIGHT * seam * around.sum() / batch.masks.sum()
        total = RECONSTRUCTION_WEIGHT * squared
        total = total + self.adversarial * ADVERSARIAL_WEIGHT * fooled
        return Losses(total, {"squared": hole, "border": seam, "adversarial": fooled}, fill)

    def critic_loss(self, batch: Batch, fill: Tensor) -> Tensor:
        """Binary cross-entropy of telling the truth from the composite."""
        real = softplus(-self.judge(batch.images, batch)).mean()
        fake = softplus(self.judge(composite(fill, batch), batch)).mean()
        return real + fake
