"""A network that has seen a reference, and compares other inputs with it.

The reference goes through the whole network once and every map is kept. For another input, the
positions that its changed pixels reach are found layer by layer and only those are computed; the
rest of each map is the reference's. That is exact for holes of any shape, because nothing else
can differ.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

import numpy as np

from inpaintbench.images.types import Mask
from inpaintbench.metrics.network.layers import OVERHANG, Float, Layer

T = TypeVar("T")

TOGETHER = 8
"""Inputs that go through the network together."""


@dataclass(frozen=True, eq=False)
class Change:
    """Where a map differs from the reference's, and what it holds there."""

    where: Mask
    values: Float
    """(n, C): one row for each changed position, in row order."""


@dataclass(frozen=True, eq=False)
class MapDistance:
    """How far a map is from the reference's: at each position that differs, and on the average."""

    where: Mask
    values: Float
    """(n,): one for each differing position, in row order."""
    mean: float
    """Over all positions."""


Compare: TypeAlias = Callable[[int, Float, int, Change], T]
"""Takes the number of a layer, the reference's map behind it with a border, the border's width, and
what changed in that map; returns what there is to say of the layer."""


class ReferenceNetwork:
    """A network with every map of a reference, ready to be compared with changed inputs.

    Parameters
    ----------
    layers : sequence of Layer
    image : (H, W, C) array of float32
        The reference as the network takes it; `fits` tells whether its sides are large enough.
    """

    def __init__(self, layers: Sequence[Layer], image: Float) -> None:
        from inpaintbench.metrics.kernels import convolution as kernels

        self._layers = layers
        self._lock = threading.Lock()
        self._sides = [image.shape[:2]]
        self._maps: list[Float] = []
        self._scales: list[Float | None] = []
        values = image.reshape(-1, image.shape[2])
        for layer in layers:
            self._maps.append(_bordered(self._sides[-1], layer.padding, values))
            height, width = self._sides[-1]
            self._sides.append((layer.output_side(height), layer.output_side(width)))
            everywhere = np.ones(self._sides[-1], np.bool_)
            (values,) = layer.compute([layer.take(self._maps[-1], everywhere)])
            self._scales.append(None if layer.head is None else kernels.scales(values))
        self._maps.append(_bordered(self._sides[-1], 0, values))

    def compared(self, changes: Sequence[Change], compare: Compare[T]) -> list[list[T]]:
        """Compare the reference with inputs that differ in some pixels, layer by layer.

        Each is compared apart: the others make it faster, and change nothing.

        Returns
        -------
        list of list
            For each input, what `compare` returned for each layer.
        """
        with self._lock:
            return [
                values
                for start in range(0, len(changes), TOGETHER)
                for values in self._compared(changes[start : start + TOGETHER], compare)
            ]

    def distances(self, changes: Sequence[Change], compare: Compare[float]) -> list[float]:
        """Sum for each input what `compare` returns for the layers, as `compared` does."""
        return [sum(values) for values in self.compared(changes, compare)]

    def directions(self, changes: Sequence[Change]) -> list[list[MapDistance]]:
        """Compare the directions of channel vectors behind the layers with a head.

        Returns
        -------
        list of list of MapDistance
            For each input and layer, the squared differences of the channel vectors brought to
            length 1, weighted and summed over the channels.
        """
        found = self.compared(changes, self._compare_directions)
        return [[layer for layer in layers if layer is not None] for layers in found]

    def reference_map(self, i: int) -> Float:
        """Return the reference's map behind layer i, without its border; a view."""
        height, width = self._sides[i + 1]
        border = self._border(i + 1)
        return self._maps[i + 1][border : border + height, border : border + width]

    def _compare_directions(
        self, i: int, source: Float, border: int, change: Change
    ) -> MapDistance | None:
        from inpaintbench.metrics.kernels import convolution as kernels

        head, scales = self._layers[i].head, self._scales[i]
        if head is None or scales is None:
            return None
        parts = np.empty(len(change.values), np.float32)
        total: float = kernels.distance(
            source, scales, change.where, border, change.values, head, parts
        )
        return MapDistance(change.where, parts, total / change.where.size)

    def _compared(self, changes: Sequence[Change], compare: Compare[T]) -> list[list[T]]:
        found: list[list[T]] = [[] for _ in changes]
        states = list(changes)
        for i, layer in enumerate(self._layers):
            height, width = self._sides[i + 1]
            wanted, computations = [], []
            for change in states:
                reached = layer.reach(change.where, height, width)
                with self._changed(i, change) as source:
                    computations.append(layer.take(source, reached))
                wanted.append(reached)
            states = [
                Change(where, values)
                for where, values in zip(wanted, layer.compute(computations), strict=True)
            ]
            for values, change in zip(found, states, strict=True):
                values.append(compare(i, self._maps[i + 1], self._border(i + 1), change))
        return found

    @contextmanager
    def _changed(self, i: int, change: Change) -> Iterator[Float]:
        """Put changed values into map i and take them out again; the rest is left alone."""
        from inpaintbench.metrics.kernels import convolution as kernels

        exchanged = self._maps[i], change.where, self._border(i), change.values
        kernels.exchange(*exchanged)
        try:
            yield self._maps[i]
        finally:
            kernels.exchange(*exchanged)

    def _border(self, i: int) -> int:
        """Return the width of the border of map i, which is what the next layer needs."""
        return self._layers[i].padding if i < len(self._layers) else 0


def fits(layers: Sequence[Layer], shape: tuple[int, int]) -> bool:
    """Tell whether an image is large enough to leave a position in every map."""
    sides = list(shape)
    for layer in layers:
        sides = [layer.output_side(side) for side in sides]
        if min(sides) < 1:
            return False
    return True


def _bordered(sides: tuple[int, int], border: int, values: Float) -> Float:
    """Lay values out as a map with a zero border, wider at the bottom and right."""
    height, width = sides
    channels = values.shape[1]
    around = 2 * border + OVERHANG
    target = np.zeros((height + around, width + around, channels), np.float32)
    inside = target[border : border + height, border : border + width]
    inside[:] = values.reshape(height, width, channels)
    return target
