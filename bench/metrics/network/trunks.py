"""The convolutional trunks of perceptual metrics, built from tensors named as in torchvision.

Only what leads to a layer that takes part in the distance is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from numpy.typing import NDArray

from inpaintbench.metrics.network.layers import (
    BlurPooling,
    Layer,
    Pooling,
    RootMeanSquarePooling,
    convolution,
)

Tensors = Mapping[str, NDArray[Any]]


def alexnet(tensors: Tensors) -> tuple[Layer, ...]:
    """Build AlexNet (Krizhevsky 2014), compared after each of its five convolutions."""
    return (
        _alexnet_layer(tensors, 0, 0, 4, 2),
        Pooling(3, 2, 0, 64),
        _alexnet_layer(tensors, 3, 1, 1, 2),
        Pooling(3, 2, 0, 192),
        *_alexnet_end(tensors),
    )


def shift_tolerant_alexnet(tensors: Tensors) -> tuple[Layer, ...]:
    """Build AlexNet as Ghildyal and Liu (2022) changed it: no step without a blur before it."""
    return (
        convolution(
            tensors["features.0.weight"],
            tensors["features.0.bias"],
            stride=1,
            padding=2,
            rectified=False,
        ),
        BlurPooling(3, 2, 2, 64, head=tensors["head.0.weight"]),
        Pooling(3, 1, 0, 64),
        BlurPooling(3, 2, 2, 64),
        _alexnet_layer(tensors, 3, 1, 1, 2),
        Pooling(3, 1, 0, 192),
        BlurPooling(3, 2, 2, 192),
        *_alexnet_end(tensors),
    )


def _alexnet_end(tensors: Tensors) -> list[Layer]:
    return [_alexnet_layer(tensors, i, head, 1, 1) for i, head in ((6, 2), (8, 3), (10, 4))]


def _alexnet_layer(tensors: Tensors, i: int, head: int, stride: int, padding: int) -> Layer:
    return convolution(
        tensors[f"features.{i}.weight"],
        tensors[f"features.{i}.bias"],
        stride=stride,
        padding=padding,
        head=tensors[f"head.{head}.weight"],
    )


def _max_pooling(channels: int) -> list[Layer]:
    return [Pooling(2, 2, 0, channels)]


def _root_mean_square_pooling(channels: int) -> list[Layer]:
    return [RootMeanSquarePooling(3, 2, 1, channels)]


def _blurred_max_pooling(channels: int) -> list[Layer]:
    return [Pooling(2, 1, 0, channels), BlurPooling(3, 2, 2, channels)]


def vgg16(
    tensors: Tensors, pooling: Callable[[int], list[Layer]] = _max_pooling
) -> tuple[Layer, ...]:
    """Build VGG-16 (Simonyan and Zisserman 2015), compared after each of its five blocks."""
    layers: list[Layer] = []
    blocks = ((0, 2), (5, 7), (10, 12, 14), (17, 19, 21), (24, 26, 28))
    for block, places in enumerate(blocks):
        if layers:
            layers += pooling(layers[-1].channels)
        for i in places:
            head = tensors[f"head.{block}.weight"] if i == places[-1] else None
            weight, bias = tensors[f"features.{i}.weight"], tensors[f"features.{i}.bias"]
            layers.append(convolution(weight, bias, stride=1, padding=1, head=head))
    return tuple(layers)


def root_mean_square_vgg16(tensors: Tensors) -> tuple[Layer, ...]:
    """Build VGG-16 as Ding et al. (2020) changed it: blocks parted by root mean squares."""
    return vgg16(tensors, _root_mean_square_pooling)


def shift_tolerant_vgg16(tensors: Tensors) -> tuple[Layer, ...]:
    """Build VGG-16 as Ghildyal and Liu (2022) changed it: no step without a blur before it."""
    return vgg16(tensors, _blurred_max_pooling)


TRUNKS: Mapping[str, Callable[[Tensors], tuple[Layer, ...]]] = {"alex": alexnet, "vgg": vgg16}
"""Builder of each network's trunk."""

SHIFT_TOLERANT_TRUNKS: Mapping[str, Callable[[Tensors], tuple[Layer, ...]]] = {
    "alex": shift_tolerant_alexnet,
    "vgg": shift_tolerant_vgg16,
}
"""Builder of each network's trunk in ST-LPIPS."""
