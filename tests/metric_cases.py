"""Random references, outputs and masks for the tests of metrics, and plain ways to score them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from inpaintbench.images.types import Image, Mask
from inpaintbench.metrics.base import Metric, MetricUnavailable, Result

M = TypeVar("M", bound=Metric)


def ready(metric: M) -> M:
    """Return a metric that is set up, or skip the test; what can't be had is asked for once."""
    if reason := _unavailable(metric):
        pytest.skip(reason)
    return metric


@cache
def _unavailable(metric: Metric) -> str:
    try:
        metric.setup()
    except MetricUnavailable as error:
        return str(error)
    return ""


def hole(side: int) -> Mask:
    """Return a hole that touches a border and holds a corner."""
    mask = np.zeros((side, side), bool)
    mask[side // 4 : side // 2, side // 4 :] = True
    mask[-1, -1] = True
    return mask


@dataclass(frozen=True, eq=False)
class Pair:
    """A reference, an output and a mask."""

    reference: Image
    output: Image
    mask: Mask

    @property
    def result(self) -> Result:
        return Result(self.output, self.mask, self.reference)

    @property
    def composite(self) -> Image:
        return np.where(self.mask[..., None], self.output, self.reference)

    @property
    def top(self) -> int:
        return int(np.iinfo(self.reference.dtype).max)


def photograph(name: str, side: int, channels: int = 3) -> tuple[Image, Image]:
    """Return a crop of one of scikit-image's photographs and the same crop blurred by a box."""
    from skimage import data

    image = getattr(data, name)()[:side, :side]
    image = image[..., None] if image.ndim == 2 else image
    total = np.zeros(image.shape, np.int64)
    for dy in range(-2, 3):
        for dx in range(-2, 3):
            total += np.roll(image, (dy, dx), axis=(0, 1))
    return image, ((2 * total + 25) // 50).astype(np.uint8)


@st.composite
def pairs(draw: DrawFn, least: int = 12, most: int = 80) -> Pair:
    """Draw images of every kind with holes of every kind, the borders and corners among them."""
    height, width = (draw(st.integers(least, most)) for _ in range(2))
    channels = draw(st.sampled_from([1, 3]))
    dtype = draw(st.sampled_from([np.uint8, np.uint16]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = (height, width, channels)
    reference = _image(draw(st.sampled_from(["noise", "smooth", "flat", "edges"])), shape, rng)
    output = _image(draw(st.sampled_from(["noise", "smooth", "flat", "edges"])), shape, rng)
    kind = draw(st.sampled_from(["box", "border", "corner", "specks", "frame", "full", "empty"]))
    top = np.iinfo(dtype).max
    return Pair(
        (reference * top).round().astype(dtype),
        (output * top).round().astype(dtype),
        _mask(kind, (height, width), rng),
    )


def _image(kind: str, shape: tuple[int, int, int], rng: np.random.Generator) -> Any:
    height, width, channels = shape
    if kind == "noise":
        return rng.random(shape)
    if kind == "flat":
        return np.broadcast_to(rng.random(channels), shape).copy()
    y, x = np.mgrid[:height, :width][..., None] / max(height, width)
    wave = 0.5 + 0.5 * np.sin(2 * np.pi * (rng.random(channels) * 3 * x + rng.random(channels) * y))
    return wave if kind == "smooth" else (wave > 0.5).astype(float)


def _mask(kind: str, shape: tuple[int, int], rng: np.random.Generator) -> Mask:
    height, width = shape
    mask = np.zeros(shape, bool)
    y, x = int(rng.integers(height)), int(rng.integers(width))
    tall, wide = int(rng.integers(1, height + 1)), int(rng.integers(1, width + 1))
    if kind == "box":
        mask[y : y + tall, x : x + wide] = True
    elif kind == "border":
        mask[-tall // 3 :, x : x + wide] = True
    elif kind == "corner":
        mask[:tall, :wide] = True
    elif kind == "specks":
        mask[rng.random(shape) < 0.02] = True
        mask[-1, -1] = True
    elif kind == "frame":
        mask[:] = True
        mask[tall // 4 : height - tall // 4, wide // 4 : width - wide // 4] = False
    elif kind == "full":
        mask[:] = True
    return mask
