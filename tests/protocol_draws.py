"""Draws of a protocol's masks on a flat image, and what they cover."""

from __future__ import annotations

from functools import cache
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from inpaintbench.datasets.base import Sample
from inpaintbench.images.types import Mask
from inpaintbench.masks.base import MaskSuite
from inpaintbench.masks.random import RandomStream
from inpaintbench.plugins import registry


def draw(specification: str, height: int, width: int, number: int, kind: str | None = None) -> Mask:
    suite, sample = _suite(specification), _flat(height, width)
    kind = kind or suite.kinds[number % len(suite.kinds)]
    return suite.draw(sample, kind, RandomStream("protocols", specification, height, number))


@cache
def _suite(specification: str) -> MaskSuite:
    return registry.masks().make(specification)


@cache
def _flat(height: int, width: int) -> Sample:
    return Sample("flat", np.zeros((height, width, 1), np.uint8))


@cache
def coverages(specification: str, side: int, draws: int) -> NDArray[np.float64]:
    masks = (draw(specification, side, side, number) for number in range(draws))
    return np.array([np.count_nonzero(mask) / mask.size for mask in masks])


def standard_error(values: NDArray[np.float64]) -> float:
    return float(values.std(ddof=1)) / sqrt(values.size)
