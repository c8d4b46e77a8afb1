"""A network that has seen a reference, and compares other inputs with it.

The reference goes through the whole network once and every map is kept. For another input, the
positions that its changed pixels reach are found layer by layer and only those are computed; the
rest of each map is the reference's. That is exact for holes of any shape, because nothing else
can differ.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np

from inpaintbench.datasets.base import Mask
from inpaintbench.metrics.network.layers import Float, Layer


class ReferenceNetwork:
    """A network with every map of a reference, ready to be compared with changed inputs.

    Parameters
    ----------
    layers : sequence of Layer
    image : (H, W, C) array of float32
        The reference as the network takes it; `fits` tells whether its sides are large enough.
    """

    def __init__(self, layers: Sequence[Layer], image: Float) -> None:
        self._layers = layers
        self._lock = threading.Lock()
        self._sides = [image.shape[:2]]
        self._maps: list[Float] = []
        values = image.reshape(-1, image.shape[2])
        for layer in layers:
            self._maps.append(_bordered(self._sides[-1], layer.padding, values))
            height, width = self._sides[-1]
            self._sides.append((layer.output_side(height), layer.output_side(width)))
            values = layer.evaluate(self._maps[-1], np.ones(self._sides[-1], np.bool_))
        self._maps.append(_bordered(self._sides[-1], 0, values))

    def distance(self, changed: Mask, pixels: Float) -> float:
        """Compare the reference with an input that differs in some pixels.

        Parameters
        ----------
        changed : (H, W) array of bool
            Where the input differs.
        pixels : (n, C) array of float32
            The input at those pixels, in row order.

        Returns
        -------
        float
            Sum, over the layers with a head, of the mean over positions of the weighted squared
            difference of the unit-normalised channel vectors.
        """
        from inpaintbench.metrics.kernels import convolution as kernels

        total = 0.0
        values = pixels.copy()
        replaced: list[tuple[Float, Mask, int, Float]] = []
        # The maps are changed in place and put back, so nothing is spent on what is unchanged.
        with self._lock:
            try:
                for i, layer in enumerate(self._layers):
                    replaced.append((self._maps[i], changed, layer.padding, values))
                    kernels.exchange(*replaced[-1])
                    changed = kernels.reach(
                        changed, layer.kernel, layer.stride, layer.padding, *self._sides[i + 1]
                    )
                    values = layer.evaluate(self._maps[i], changed)
                    if layer.head is not None:
                        positions = self._sides[i + 1][0] * self._sides[i + 1][1]
                        total += (
                            kernels.distance(
                                self._maps[i + 1], changed, self._border(i + 1), values, layer.head
                            )
                            / positions
                        )
            finally:
                for place in replaced:
                    kernels.exchange(*place)
        return total

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
    """Lay values out as a map with a zero border, one pixel wider at the bottom and right."""
    height, width = sides
    channels = values.shape[1]
    target = np.zeros((height + 2 * border + 1, width + 2 * border + 1, channels), np.float32)
    inside = target[border : border + height, border : border + width]
    inside[:] = values.reshape(height, width, channels)
    return target
