"""What a file's decoder gives, before it is an image or a mask."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inpaintbench.images.errors import DataError
from inpaintbench.images.types import Image, contiguous

MOST_READ = 2**27
"""Pixels of the largest image that is read: 134 million."""

_AT_ONCE = 2**16
"""Pixels that are blended at once: each takes many times its memory."""

UPRIGHT: dict[int, Callable[[NDArray[Any]], NDArray[Any]]] = {
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: a.swapaxes(0, 1)[:, ::-1],
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: a.swapaxes(0, 1)[::-1],
}
"""How to put an image upright, for each orientation of EXIF and TIFF."""


@dataclass(frozen=True, eq=False)
class Pixels:
    """Colours and transparency of a file: (H, W, 1 or 3), and (H, W) of the same dtype or None."""

    colour: NDArray[Any]
    alpha: NDArray[Any] | None = None

    @classmethod
    def of(cls, values: NDArray[Any]) -> Pixels:
        """Take grey or RGB, with alpha as a last channel or without: (H, W) or (H, W, 1 to 4)."""
        values = values[..., None] if values.ndim == 2 else values
        if values.shape[2] % 2:
            return cls(values)
        return cls(values[..., :-1], values[..., -1])

    def upright(self, orientation: object) -> Pixels:
        """Apply an orientation; one that doesn't exist is none."""
        turn = UPRIGHT.get(orientation) if isinstance(orientation, int) else None
        if turn is None:
            return self
        return Pixels(turn(self.colour), None if self.alpha is None else turn(self.alpha))

    def over_white(self) -> Image:
        """Blend the colours over white, rounded to nearest."""
        if self.alpha is None:
            return contiguous(self.colour)
        top = int(np.iinfo(self.colour.dtype).max)
        blended = np.empty(self.colour.shape, self.colour.dtype)
        rows = max(1, _AT_ONCE // max(1, blended.shape[1]))
        for first in range(0, len(blended), rows):
            part = slice(first, first + rows)
            alpha = self.alpha[part, :, None].astype(np.int64)
            sums = self.colour[part] * alpha + top * (top - alpha)
            blended[part] = (2 * sums + top) // (2 * top)
        return contiguous(blended)


def grey_where_equal(colour: NDArray[Any]) -> NDArray[Any]:
    """Keep one channel of three that are equal everywhere, as those of a grey palette."""
    return colour[..., :1] if (colour == colour[..., :1]).all() else colour


def refuse_size(path: Path, width: int, height: int) -> None:
    """Refuse a size by the header, so that a small file can't fill all memory."""
    if width * height < 1:
        raise DataError(f"{path}: has no pixels")
    if width * height > MOST_READ:
        raise DataError(too_large(path))


def too_large(path: Path) -> str:
    """Say that a file's header states too many pixels."""
    return f"{path}: says it has more pixels than the {MOST_READ:,} that are read"
