"""The central hole and the random pattern of Context Encoders."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from inpaintbench.masks.base import Mask, MaskSuite, RandomStream, Sample
from inpaintbench.masks.drawing import fill_box
from inpaintbench.masks.filling import empty_mask, tries, undrawable

_SOURCE = "Context Encoders (Pathak et al., CVPR 2016), github.com/pathak22/context-encoder"


@dataclass(frozen=True)
class ContextEncoderCenter(MaskSuite):
    """Context Encoder's central hole: 64² of 128², half of the image along each axis.

    At other sizes each side of the hole is half of the image's, rounded down, and the margin on
    the top and left is a quarter, rounded down.

    Parameters
    ----------
    overlap : int
        Pixels of the published 128² by which the hole is smaller on every side, in proportion at
        other sizes and rounded. The published code predicts 64² and shows its network a band of 4
        of it (the paper says 7): `context-encoder-center[overlap=4]` is the hole that its network
        sees, 56².
    """

    overlap: int = 0

    source: ClassVar[str] = f"{_SOURCE}, train.lua"
    by_chance = False

    def __post_init__(self) -> None:
        if not 0 <= self.overlap < 32:
            raise ValueError(f"overlap must be 0 to 31, not {self.overlap}")

    def draw(self, sample: Sample, kind: str, random: RandomStream) -> Mask:
        """Fill the centre."""
        mask = empty_mask(sample)
        height, width = mask.shape
        band_y, band_x = ((2 * self.overlap * size + 128) // 256 for size in (height, width))
        fill_box(
            mask,
            height // 4 + band_y,
            width // 4 + band_x,
            max(height // 2 - 2 * band_y, 1),
            max(width // 2 - 2 * band_x, 1),
        )
        return mask


_SIZE = 128
_CELLS_A_PIXEL = 599 / 9999
_DENSITY = 0.25


@dataclass(frozen=True)
class ContextEncoderRandom(MaskSuite):
    """Context Encoder's random pattern: smooth blobs over 20–30 % of the image.

    The source draws a grid of 600² uniform numbers, enlarges it to 10000² by cubic (Catmull–Rom)
    interpolation, marks what lies below .25, and cuts windows of 128² at random until one is
    marked over more than 20 % and less than 30 %. We draw the cells that a window covers, with a
    random phase: the same distribution without the pattern. A cell is 16.7 px wide at 128² and in
    proportion to the square root of the image's area at other sizes.
    """

    source: ClassVar[str] = f"{_SOURCE}, train_random.lua"

    def draw(self, sample: Sample, kind: str, random: RandomStream) -> Mask:
        """Draw windows of the pattern until one has the right coverage."""
        height, width = sample.image.shape[:2]
        step = _CELLS_A_PIXEL * _SIZE / sqrt(height * width)
        for _ in tries(sample):
            rows, columns = _Cubic(height, step, random), _Cubic(width, step, random)
            cells = _uniform(random, (rows.cells, columns.cells))
            wide = np.ascontiguousarray(columns.interpolate(cells.T).T)
            mask = rows.interpolate(wide) < np.float32(_DENSITY)
            if 0.2 * mask.size < np.count_nonzero(mask) < 0.3 * mask.size:
                return mask
        raise undrawable(self, sample)


class _Cubic:
    """Cubic (Catmull–Rom) interpolation at `step` cells a pixel, with a random phase."""

    def __init__(self, size: int, step: float, random: RandomStream) -> None:
        position = random.uniform() + step * np.arange(size)
        self._first = np.floor(position).astype(np.intp)
        x = position - self._first
        weights = (
            ((2.0 - x) * x - 1.0) * x / 2,
            ((3.0 * x - 5.0) * x * x + 2.0) / 2,
            ((4.0 - 3.0 * x) * x + 1.0) * x / 2,
            (x - 1.0) * x * x / 2,
        )
        self._weights = [weight.astype(np.float32)[:, None] for weight in weights]
        self.cells = int(self._first[-1]) + 4

    def interpolate(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Interpolate along the first axis, from ``cells`` to ``size``."""
        result: NDArray[np.float32] = values[self._first]
        result *= self._weights[0]
        term = np.empty_like(result)
        for k in range(1, 4):
            np.take(values, self._first + k, axis=0, out=term, mode="clip")
            term *= self._weights[k]
            result += term
        return result


def _uniform(random: RandomStream, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Draw an array uniform over [0, 1), from 24 random bits each: exact in 32 bits."""
    words = random.words(shape[0] * shape[1]) >> np.uint64(40)
    return (words.astype(np.float32) / np.float32(1 << 24)).reshape(shape)
