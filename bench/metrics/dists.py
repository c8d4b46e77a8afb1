"""Deep image structure and texture similarity, recomputed only where a result differs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from inpaintbench.images.types import Image
from inpaintbench.metrics.base import Axis, Metric, Result, Score
from inpaintbench.metrics.difference import top
from inpaintbench.metrics.network.layers import Float, Layer
from inpaintbench.metrics.network.pixels import network_input
from inpaintbench.metrics.network.reference import Change, ReferenceNetwork
from inpaintbench.metrics.network.trunks import root_mean_square_vgg16
from inpaintbench.metrics.tensors import load_known

_Array = NDArray[np.float64]

_STABILISER = 1e-6

_SIDE = 256
"""What the shorter side is reduced to, in pixels."""


@dataclass(frozen=True)
class DISTS(Metric):
    """Deep image structure and texture similarity (Ding, Ma, Wang and Simoncelli 2020).

    Equals the ``dists-pytorch`` package, version 0.1. The means of a channel in both images are
    compared for its texture, and their covariance with their variances for its structure: of the
    image and of five maps of VGG-16. Grey images are repeated in the three channels. Defined for
    images of every size, but of few pixels it says little: at 16 the last maps hold one position.

    Parameters
    ----------
    resize : bool
        Whether the shorter side is first reduced to 256 pixels where it is longer, bilinearly
        with antialiasing, as the authors advise; their code doesn't unless asked. Images of 8
        bits are rounded to 8 bits again, as there.
    """

    resize: bool = False

    name = "dists"
    higher_is_better = False
    # texture is at most 1 and structure at most 2 apart, weighted by 0.8761 and 0.1239
    bounds = (0.0, 1.1240)
    axis = Axis.perception

    @property
    def id(self) -> str:
        """``dists[vgg,v0.1]`` with the resizing."""
        return f"dists[vgg,v0.1{f',shorter-side{_SIDE}' if self.resize else ''}]"

    @property
    def label(self) -> str:
        """``DISTS`` with the side that images are reduced to."""
        return f"DISTS ({_SIDE})" if self.resize else "DISTS"

    def setup(self) -> None:
        """Load the weights, fetching them where they aren't here yet."""
        _layers()
        _channel_weights()

    def bind(self, reference: Image) -> Score:
        """Send the reference through the network."""
        return _Score(reference, self.resize)


class _Score:
    """DISTS of results on one reference."""

    def __init__(self, reference: Image, resize: bool) -> None:
        self._resize = resize
        self._reference = _reduced(reference) if resize else reference
        height, width, _ = self._reference.shape
        pixels = self._reference.reshape(height * width, -1)
        layers = _layers()
        self._network = ReferenceNetwork(layers, network_input(pixels).reshape(height, width, 3))
        self._image = _unit(pixels).reshape(height, width, 3)
        image_weights, *weights = _channel_weights()
        self._image_stage = _Stage(self._image, image_weights)
        taps = [i for i, layer in enumerate(layers) if layer.head is not None]
        self._stages = {
            i: _Stage(self._network.reference_map(i), stage_weights)
            for i, stage_weights in zip(taps, weights, strict=True)
        }

    def __call__(self, result: Result) -> float:
        return self.group([result])[0]

    def group(self, results: Sequence[Result]) -> list[float]:
        """Score results in one pass through the network's weights."""
        totals, changes = [], []
        for result in results:
            where, pixels = self._changed(result)
            totals.append(self._image_stage.distance(self._image, 0, Change(where, _unit(pixels))))
            changes.append(Change(where, network_input(pixels)))
        distances = self._network.distances(changes, self._compare)
        return [max(0.0, sum(both)) for both in zip(totals, distances, strict=True)]

    def _changed(self, result: Result) -> tuple[NDArray[np.bool_], Image]:
        """Return where what is compared differs from the reference, and the pixels there."""
        if self._resize:
            image = _reduced(result.composite)
            where = (image != self._reference).any(axis=2)
        else:
            image, where = result.output, result.difference.changed
        return where, image.reshape(where.size, -1).take(np.flatnonzero(where), axis=0)

    def _compare(self, i: int, source: Float, border: int, change: Change) -> float:
        return self._stages[i].distance(source, border, change) if i in self._stages else 0.0


@dataclass(frozen=True, eq=False)
class _ChannelWeights:
    """Weights of a map's channels, over the sum of all: for texture and for structure."""

    texture: _Array
    structure: _Array


class _Stage:
    """One of the maps that are compared, with its moments in the reference."""

    def __init__(self, reference: Float, weights: _ChannelWeights) -> None:
        self._weights = weights
        values = reference.reshape(-1, reference.shape[2])
        self._mean: _Array = values.mean(axis=0, dtype=np.float64)
        self._variance: _Array = values.var(axis=0, dtype=np.float64)

    def distance(self, source: Float, border: int, change: Change) -> float:
        """Compare the reference's map, with its border, with the changed one."""
        from inpaintbench.metrics.kernels import pooling as kernels

        sums = kernels.change_sums(source, change.where, border, change.values, self._mean)
        shift, square, product = sums / change.where.size
        variance = self._variance + 2 * product + square - shift**2
        covariance = self._variance + product
        texture = _similarity(
            self._mean * (self._mean + shift), self._mean**2, (self._mean + shift) ** 2
        )
        structure = _similarity(covariance, self._variance, variance)
        weights = self._weights
        return float(weights.texture @ (1 - texture) + weights.structure @ (1 - structure))


def _similarity(product: _Array, first: _Array, second: _Array) -> _Array:
    return (2 * product + _STABILISER) / (first + second + _STABILISER)


@lru_cache
def _layers() -> tuple[Layer, ...]:
    return root_mean_square_vgg16(load_known("lpips-vgg-v0.1"))


@lru_cache
def _channel_weights() -> tuple[_ChannelWeights, ...]:
    """Return those of the image's channels, then of the maps'."""
    tensors = load_known("dists-v0.1")
    both = np.stack([tensors["alpha"], tensors["beta"]]).astype(np.float64)
    counts = [3, *(layer.channels for layer in _layers() if layer.head is not None)]
    parts = np.split(both / both.sum(), np.cumsum(counts)[:-1], axis=1)
    return tuple(_ChannelWeights(*part) for part in parts)


def _unit(pixels: Image) -> Float:
    """Scale ``n×C`` pixels from 0 to 1, grey repeated in three channels."""
    scaled = pixels.astype(np.float32) / np.float32(top(pixels.dtype))
    return np.ascontiguousarray(np.broadcast_to(scaled, (len(scaled), 3)))


def _reduced(image: Image) -> Image:
    """Reduce the shorter side to 256 pixels, if it is longer, as torchvision does."""
    from PIL import Image as pillow

    height, width, channels = image.shape
    shorter = min(height, width)
    if shorter <= _SIDE:
        return image
    size = (_SIDE * width // shorter, _SIDE * height // shorter)
    # Pillow resizes 8 bits in integers, as in the package, and 16 bits in floating point only
    plain = image if image.dtype == np.uint8 else image.astype(np.float32)
    reduced = [
        np.asarray(
            pillow.fromarray(np.ascontiguousarray(plain[..., channel])).resize(
                size, pillow.Resampling.BILINEAR
            )
        )
        for channel in range(channels)
    ]
    rounded: Image = np.rint(np.stack(reduced, axis=2)).astype(image.dtype)
    return rounded
