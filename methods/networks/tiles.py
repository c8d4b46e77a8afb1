"""Cut an image too large for a network's memory into overlapping tiles over its hole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

Window = tuple[slice, slice]


def windows(mask: Tensor, tile: int, overlap: int) -> Iterator[Window]:
    """Yield windows of at most ``tile²`` that together cover every hole pixel of a mask.

    Parameters
    ----------
    mask : (H, W) tensor
        Nonzero = hole.
    tile, overlap : int
        Side of a window, and least overlap of neighbours, in pixels.
    """
    height, width = mask.shape
    for rows in _spans(height, tile, overlap):
        for columns in _spans(width, tile, overlap):
            if mask[rows, columns].any():
                yield rows, columns


def _spans(length: int, tile: int, overlap: int) -> list[slice]:
    """Cut a length into the fewest equally spaced spans of `tile`."""
    if length <= tile:
        return [slice(0, length)]
    count = -(-(length - overlap) // (tile - overlap))
    starts = [round(i * (length - tile) / (count - 1)) for i in range(count)]
    return [slice(start, start + tile) for start in starts]


def tent(height: int, width: int) -> Tensor:
    """Return blending weights ``(H, W)`` that fall off linearly towards a window's border."""
    import torch

    def ramp(length: int) -> Tensor:
        steps = torch.arange(1, length + 1, dtype=torch.float32)
        return torch.minimum(steps, steps.flip(0))

    return torch.minimum(ramp(height)[:, None], ramp(width)[None])
