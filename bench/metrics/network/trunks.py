"""The convolutional trunks of LPIPS, built from tensors named as in torchvision.

Only what leads to a layer that takes part in the distance is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from numpy.typing import NDArray

from inpaintbench.metrics.network.layers import Layer, Pooling, convolution

Tensors = Mapping[str, NDArray[Any]]


def alexnet(tensors: Tensors) -> tuple[Layer, ...]:
    """Build AlexNet (Krizhevsky 2014), compared after each of its five convolutions."""

    def layer(i: int, head: int, stride: int, padding: int) -> Layer:
        return convolution(
            tensors[f"features.{i}.weight"],
            tensors[f"features.{i}.bias"],
            stride=stride,
            padding=padding,
            head=tensors[f"head.{head}.weight"],
        )

    return (
        layer(0, 0, 4, 2),
        Pooling(3, 2, 0, 64),
        layer(3, 1, 1, 2),
        Pooling(3, 2, 0, 192),
        layer(6, 2, 1, 1),
        layer(8, 3, 1, 1),
        layer(10, 4, 1, 1),
    )


def vgg16(tensors: Tensors) -> tuple[Layer, ...]:
    """Build VGG-16 (Simonyan and Zisserman 2015), compared after each of its five blocks."""
    layers: list[Layer] = []
    blocks = ((0, 2), (5, 7), (10, 12, 14), (17, 19, 21), (24, 26, 28))
    for block, places in enumerate(blocks):
        if layers:
            layers.append(Pooling(2, 2, 0, layers[-1].channels))
        for i in places:
            head = tensors[f"head.{block}.weight"] if i == places[-1] else None
            weight, bias = tensors[f"features.{i}.weight"], tensors[f"features.{i}.bias"]
            layers.append(convolution(weight, bias, stride=1, padding=1, head=head))
    return tuple(layers)


TRUNKS: Mapping[str, Callable[[Tensors], tuple[Layer, ...]]] = {"alex": alexnet, "vgg": vgg16}
"""Builder of each network's trunk."""
