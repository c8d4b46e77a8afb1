"""The convolutional autoencoder, trained to fill holes."""

from __future__ import annotations

from dataclasses import dataclass

from inpaintbench.methods.networks.learned import MirroredMethod


@dataclass
class Autoencoder(MirroredMethod):
    """Convolutional autoencoder: damaged image and mask in, whole image out.

    An encoder of strided convolutions, a dense bottleneck and a decoder that also sees the
    encoder's features, trained for the mean PSNR over the hole; the known pixels are pasted back.

    Parameters
    ----------
    weights : str
        Name of weights that come with the project, or a file that ``inpaintbench train`` made.
        Images may be as large as those trained on, and no smaller than half of that.
    mirror : bool
        Whether to average the fills of the image and of its mirror image: twice the time for a
        little less error.
    """

    weights: str = "autoencoder-cifar10"
    mirror: bool = False

    paper = (
        'Hinton, Salakhutdinov, "Reducing the dimensionality of data with neural networks", '
        "Science 2006; here with convolutions and a mask"
    )
    network_name = "autoencoder"
    trained_on = (
        "cifar10/train",
        "imagenet-sample-images/train",
        "bsds500/train",
    )
