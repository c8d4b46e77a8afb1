"""The Context Encoder."""

from __future__ import annotations

from dataclasses import dataclass

from inpaintbench.methods.networks.learned import MirroredMethod


@dataclass
class ContextEncoder(MirroredMethod):
    """Context Encoder (Pathak et al. 2016): channel-wise bottleneck, L2 and adversarial loss.

    The loss is the paper's, .999 L2 + .001 adversarial, with its heavier border. Holes may have
    any shape: the mask is an input, the decoder sees the encoder's features, and the critic
    judges the image with the fill pasted in.

    Parameters
    ----------
    weights : str
        Name of weights that come with the project, ``context-encoder-cifar10`` or the sharper
        ``context-encoder-cifar10-sharp``, or a file that ``inpaintbench train`` made.
        Images may be as large as those trained on, and no smaller than half of that.
    mirror : bool
        Whether to average the fills of the image and of its mirror image: twice the time and a
        little less error, but the sharpness that the critic asked for is averaged away.
    """

    weights: str = "context-encoder-cifar10"
    mirror: bool = False

    paper = (
        'Pathak, Krähenbühl, Donahue, Darrell, Efros, "Context encoders: feature learning by '
        'inpainting", CVPR 2016'
    )
    network_name = "context-encoder"
    trained_on = ("cifar10/train", "imagenet-sample-images/train")
