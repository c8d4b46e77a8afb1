"""What the autoencoder learns from: the mean PSNR over the hole, directly."""

from __future__ import annotations

import torch
from torch import Tensor

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
