"""DeepFill v2: gated convolutions, coarse and refinement networks, SN-PatchGAN critic.

Modules are named as in the public PyTorch networks (``nipponjo/deepfillv2-pytorch``), so that
their state dictionaries load.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import (
    avg_pool2d,
    conv2d,
    elu,
    fold,
    interpolate,
    leaky_relu,
    pad,
    relu,
    unfold,
)
from torch.nn.utils.parametrizations import spectral_norm

from inpaintbench.methods.networks.attention import ContextualAttention

Activation = Callable[[Tensor], Tensor]


class GatedConvolution(nn.Module):
    """Convolution whose output is scaled, place by place, by a learned gate in (0, 1).

    Parameters
    ----------
    inputs, outputs : int
        Channels; twice as many outputs are computed, features and gates.
    kernel, stride, dilation : int
        Of the convolution; it is padded to keep (or halve) the size.
    activation : callable
        Of the features.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int = 3,
        stride: int = 1,
        dilation: int = 1,
        activation: Activation = elu,
    ) -> None:
        super().__init__()
        self.activation = activation
        self.tensorflow = False
        padding = dilation * (kernel - 1) // 2
        self.conv = nn.Conv2d(inputs, 2 * outputs, kernel, stride, padding, dilation)

    def forward(self, features: Tensor) -> Tensor:
        """Return gated features."""
        if self.tensorflow and self.conv.stride[0] == 2:
            # TensorFlow pads even sizes at the bottom and right alone.
            weight, bias = self.conv.weight, self.conv.bias
            gated = conv2d(pad(features, (0, 1, 0, 1)), weight, bias, stride=2)
        else:
            gated = self.conv(features)
        values, gates = gated.chunk(2, dim=1)
        return self.activation(values) * torch.sigmoid(gates)


def _stages(**stages: nn.Module) -> nn.Sequential:
    """Run modules one after the other, under their names."""
    return nn.Sequential(OrderedDict(stages))


def _down_block(inputs: int, outputs: int, hidden: int) -> nn.Module:
    """Make a gated convolution of stride 2 and one of stride 1."""
    halve = GatedConvolution(inputs, hidden, stride=2)
    return _stages(conv1_downsample=halve, conv2=GatedConvolution(hidden, outputs))


def _up_block(inputs: int, outputs: int, hidden: int) -> nn.Module:
    """Make an enlargement by two, nearest neighbour, and two gated convolutions."""
    double = _stages(enlarge=nn.Upsample(scale_factor=2), conv=GatedConvolution(inputs, hidden))
    return _stages(conv1_upsample=double, conv2=GatedConvolution(hidden, outputs))


def _to_image(inputs: int) -> nn.Module:
    """Make the last convolution, without a gate, and the hyperbolic tangent."""
    return _stages(conv=nn.Conv2d(inputs, 3, 3, padding=1), limit=nn.Tanh())


DILATIONS = (1, 2, 4, 8, 16)
"""Of the convolutions at a quarter of the size, which see far around them."""


def _coarse_network(width: int) -> nn.Module:
    """Make the first stage: ``(N, 5, H, W)`` in, a blurred guess ``(N, 3, H, W)`` in (-1, 1) out.

    `width` is the number of channels at half the size; half as many at full size, twice as many at
    a quarter.
    """
    wide = 2 * width
    return _stages(
        conv1=GatedConvolution(5, width // 2, kernel=5),
        down_block1=_down_block(width // 2, width, width),
        down_block2=_down_block(width, wide, wide),
        **{
            f"conv_bn{number}": GatedConvolution(wide, wide, dilation=dilation)
            for number, dilation in enumerate((*DILATIONS, 1, 1), 1)
        },
        up_block1=_up_block(wide, width, width),
        up_block2=_up_block(width, width // 4, width // 2),
        conv_to_rgb=_to_image(width // 4),
    )


class RefinementNetwork(nn.Module):
    """Second stage: sharpens the guess, in a convolutional and an attention branch.

    `width` is as in the coarse network.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        wide = 2 * width
        self.b1_conv1 = GatedConvolution(3, width // 2, kernel=5)
        self.b1_down_block1 = _down_block(width // 2, width, width // 2)
        self.b1_down_block2 = _down_block(width, wide, width)
        for number, dilation in enumerate(DILATIONS, 1):
            setattr(self, f"b1_conv_bn{number}", GatedConvolution(wide, wide, dilation=dilation))
        self.b2_conv1 = GatedConvolution(3, width // 2, kernel=5)
        self.b2_down_block1 = _down_block(width // 2, width, width // 2)
        self.b2_down_block2 = _down_block(width, wide, wide)
        self.b2_conv_bn1 = GatedConvolution(wide, wide, activation=relu)
        self.contextual_attention = ContextualAttention()
        self.b2_conv_bn4 = GatedConvolution(wide, wide)
        self.b2_conv_bn5 = GatedConvolution(wide, wide)
        self.conv_bn6 = GatedConvolution(2 * wide, wide)
        self.conv_bn7 = GatedConvolution(wide, wide)
        self.up_block1 = _up_block(wide, width, width)
        self.up_block2 = _up_block(width, width // 4, width // 2)
        self.conv_to_rgb = _to_image(width // 4)

    def forward(self, images: Tensor, mask: Tensor) -> Tensor:
        """Turn images with the guess pasted in into refined images in (-1, 1)."""
        imagined = self._run(images, "b1_")
        attended = self.contextual_attention(self._before_attention(images), mask)
        attended = self._run(attended, "b2_conv_bn4", "b2_conv_bn5")
        return self._run(torch.cat([imagined, attended], 1), "conv_", "up_")

    def similar(self, images: Tensor, mask: Tensor) -> Tensor:
        """Choose the known patch that looks most like each place, as the attention sees it."""
        chosen: Tensor = self.contextual_attention.choose(self._before_attention(images), mask)
        return chosen

    def _before_attention(self, images: Tensor) -> Tensor:
        return self._run(images, "b2_conv1", "b2_down", "b2_conv_bn1")

    def _run(self, features: Tensor, *names: str) -> Tensor:
        """Run the modules whose names begin so, one after the other."""
        for name, stage in self.named_children():
            if name.startswith(names):
                features = stage(features)
        return features


class DeepFillNetwork(nn.Module):
    """Generator of DeepFill v2 (Yu et al. 2019).

    Parameters
    ----------
    width : int
        Channels at half the size: 48 in the paper, 4,052,478 parameters.
    tensorflow : int
        1 for weights of the authors' TensorFlow network: its padding, and no fusing.
    shrink : int
        1 in the paper. With more, the first stage sees images shrunk by this factor and filled by
        diffusion, and adds what it knows better: a blurred guess needs no more, and a young network
        starts from one.
    coarse_width : int
        Width of the first stage; 0 for that of the second, as in the paper.
    residuals : int
        0 in the paper. With 1, the detail that the guess lacks is first copied from the known
        patches that the attention finds most similar (contextual residual aggregation, Yi et al.
        2020, with one patch for each place), and the second stage adds to that.
    """

    def __init__(
        self,
        width: int = 48,
        tensorflow: int = 0,
        shrink: int = 1,
        coarse_width: int = 0,
        residuals: int = 0,
    ) -> None:
        super().__init__()
        self.stage1 = _coarse_network(coarse_width or width)
        self.stage2 = RefinementNetwork(width)
        self.stage2.contextual_attention.fuse = not tensorflow
        self.shrink = shrink
        self.residuals = residuals
        self.multiple = max(8, 4 * shrink)
        for module in self.modules():
            if isinstance(module, GatedConvolution):
                module.tensorflow = bool(tensorflow)
        _initialise(self)
        if shrink > 1:
            nn.init.zeros_(self.stage1.get_parameter("conv_to_rgb.conv.weight"))
        if residuals:
            nn.init.zeros_(self.stage2.get_parameter("conv_to_rgb.conv.weight"))

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Fill damaged images and masks.

        Parameters
        ----------
        inputs : (N, 4, H, W) tensor
            Images in [-1, 1] with 0 in the hole, and masks, 1 = hole; `H` and `W` multiples of
            `multiple`.

        Returns
        -------
        coarse, fine : (N, 3, H, W) tensors in (-1, 1)
        """
        images, mask = inputs[:, :3], inputs[:, 3:]
        if self.shrink == 1:
            coarse = _coarse(self.stage1, images, mask)
        else:
            small = _shrunk(inputs, self.shrink)
            diffused = _diffused(small)
            guess = diffused + small[:, 3:] * _coarse(self.stage1, diffused, small[:, 3:])
            coarse = interpolate(
                guess, scale_factor=self.shrink, mode="bilinear", align_corners=False
            )
        filled = coarse * mask + images * (1 - mask)
        if not self.residuals:
            return coarse, self.stage2(filled, mask)
        detailed = coarse + _copied(_detail(filled), self.stage2.similar(filled, mask))
        return coarse, detailed + self.stage2(detailed * mask + images * (1 - mask), mask)


DETAIL = 8
"""Detail is all that an image loses when it is shrunk by this factor; it is copied in patches of
twice that side, which lie as the attention's do."""


def _detail(images: Tensor) -> Tensor:
    """Return what images lose when they are shrunk."""
    shrunk = avg_pool2d(images, DETAIL)
    return images - interpolate(shrunk, images.shape[2:], mode="bilinear", align_corners=False)


def _copied(detail: Tensor, chosen: Tensor) -> Tensor:
    """Build images ``(N, 3, H, W)`` of overlapping patches, chosen ``(N, H·W / 64)`` by number."""
    sizes = {"kernel_size": 2 * DETAIL, "stride": DETAIL, "padding": DETAIL // 2}
    patches = unfold(detail, **sizes)
    patches = patches.gather(2, chosen.unsqueeze(1).expand(-1, patches.shape[1], -1))
    covered = fold(unfold(torch.ones_like(detail), **sizes), detail.shape[2:], **sizes)
    return fold(patches, detail.shape[2:], **sizes) / covered


def _coarse(network: nn.Module, images: Tensor, mask: Tensor) -> Tensor:
    """Run the first stage, which also sees a channel of ones, so that padding shows."""
    filled: Tensor = network(torch.cat([images, torch.ones_like(mask), mask], 1))
    return filled


def _diffused(inputs: Tensor) -> Tensor:
    """Pull and push (Gortler et al. 1996): fill each block without known pixels from its parent."""
    images, mask = inputs[:, :3], inputs[:, 3:]
    if min(images.shape[2:]) == 1 or not mask.any():
        return images
    height, width = images.shape[2:]
    even = pad(inputs, (0, width % 2, 0, height % 2), mode="replicate")
    parents = _diffused(_shrunk(even, 2))
    grown = interpolate(parents, scale_factor=2, mode="bilinear", align_corners=False)
    return images * (1 - mask) + grown[:, :, :height, :width] * mask


def _shrunk(inputs: Tensor, factor: int) -> Tensor:
    """Average the known pixels of each block; a block is hole where there are none."""
    images = avg_pool2d(inputs[:, :3], factor)
    known = avg_pool2d(1 - inputs[:, 3:], factor)
    return torch.cat([images / known.clamp(min=1 / factor**2), (known == 0).to(images.dtype)], 1)


VALUE_GAIN = 2.8
"""Of the weights of values, so that gates, half open at first, leave the signal's strength."""


def _initialise(network: nn.Module) -> None:
    """Draw the weights of all convolutions anew, so that no layer weakens what passes.

    Gates and exponential units let a third of the signal through; with the usual variances the
    last of seventeen layers would see nothing of the first one's inputs.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="linear")
            nn.init.zeros_(module.bias)  # type: ignore[arg-type]
    for module in network.modules():
        if isinstance(module, GatedConvolution):
            with torch.no_grad():
                module.conv.weight[: len(module.conv.weight) // 2] *= VALUE_GAIN


class PatchCritic(nn.Module):
    """SN-PatchGAN: six spectrally normalised 5×5 convolutions, one verdict a place.

    Parameters
    ----------
    width : int
        Channels after the first convolution: 64 in the paper.
    halvings : int
        Convolutions of stride 2, the others having stride 1: all six in the paper, for images of
        256², which leaves 4×4 places.
    """

    def __init__(self, width: int = 64, halvings: int = 6) -> None:
        super().__init__()
        widths = [width * factor for factor in (1, 2, 4, 4, 4, 4)]
        ends = zip([4, *widths], widths, strict=False)
        self.stages = nn.ModuleList(
            spectral_norm(nn.Conv2d(i, o, 5, stride=2 if n < halvings else 1, padding=2))
            for n, (i, o) in enumerate(ends)
        )

    def forward(self, inputs: Tensor) -> Tensor:
        """Judge images and masks ``(N, 4, H, W)``: ``(N, …)``, positive for real."""
        *first, last = self.stages
        for stage in first:
            inputs = leaky_relu(stage(inputs), 0.2)
        # Without the authors' last leaky ReLU, which makes doubt of a fill five times slower.
        verdicts: Tensor = last(inputs)
        return verdicts
