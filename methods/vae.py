"""The conditional variational autoencoder, by its mean and by draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from inpaintbench.methods.networks.learned import FixedSizeMethod, MirroredMethod

if TYPE_CHECKING:
    from torch import Tensor, nn

_PAPER = (
    'Kingma, Welling, "Auto-encoding variational Bayes", ICLR 2014; conditional as in Sohn, Lee, '
    'Yan, "Learning structured output representation", NeurIPS 2015'
)


@dataclass
class Vae(MirroredMethod):
    """Conditional variational autoencoder, deterministic: the latent's mean given what is known.

    A latent stands for what the hole may hold; it is predicted from the known pixels as a
    Gaussian, and this method decodes its mean. `vae-sample` decodes draws from it.

    Parameters
    ----------
    weights : str
        Name of weights that come with the project, or a file that ``inpaintbench train`` made.
        Images may be as large as those trained on, and no smaller than half of that.
    mirror : bool
        Whether to average the fills of the image and of its mirror image: twice the time for a
        little less error.
    """

    weights: str = "vae-cifar10"

    paper = _PAPER
    network_name = "vae"
    trained_on = ("cifar10/train", "imagenet-sample-images/train")


@dataclass
class VaeSample(FixedSizeMethod):
    """Conditional variational autoencoder, stochastic: a draw of the latent in every call.

    Draws start from torch's global generator, which the harness seeds from the case. Several
    variants that differ in `draw` alone are several samples for each case: ``inpaintbench table
    draws`` reports their mean, the best of them, and how far they differ.

    Parameters
    ----------
    weights : str
        As in `vae`.
    draw : int
        Number of the draw.
    """

    weights: str = "vae-cifar10"
    draw: int = 0

    paper = _PAPER
    deterministic = False
    network_name = "vae"
    trained_on = ("cifar10/train", "imagenet-sample-images/train")

    def _run(self, network: nn.Module, inputs: Tensor) -> Tensor:
        import torch

        seed = int(torch.randint(1 << 62, ())) + self.draw
        images: Tensor = network(inputs, torch.Generator(inputs.device).manual_seed(seed))
        return images
