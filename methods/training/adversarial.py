"""What the Context Encoder and DeepFill v2 learn from: errors and a critic."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool2d, relu, softplus

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

    `band` is the width of the band of known pixels, in pixels.
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

    If `relative`, the errors are over the hole and relative to each image's own, see
    `relative_error`; else they are absolute, over the whole image, as in the public training code.
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
