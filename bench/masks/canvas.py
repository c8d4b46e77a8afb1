"""How a protocol published for one or two image sizes is carried over to others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import floor, sqrt

import numpy as np

from inpaintbench.images.types import Mask
from inpaintbench.masks.drawing import Point, draw_lines, fill_box


class Canvas:
    """A mask seen in the pixels of the size for which its protocol is published.

    Of the published sizes, each the side of a square, the one nearest in ratio is taken, and all
    lengths are in proportion to the square root of the image's area. So a protocol's coverage and
    its shapes stay as published at every size and aspect ratio. At a published size nothing is
    scaled, and pixels are the source's own.

    Parameters
    ----------
    mask : (H, W) array of bool
        Drawn into.
    published : iterable of int
        Sides of the published sizes in pixels.

    Attributes
    ----------
    size : int
        The published size taken.
    height, width : int
        The mask's, in published pixels.
    """

    def __init__(self, mask: Mask, published: Iterable[int]) -> None:
        self._mask = mask
        side = sqrt(mask.shape[0] * mask.shape[1])
        self.size = min(published, key=lambda size: max(side / size, size / side))
        self._scale = side / self.size
        self.height = max(round(mask.shape[0] / self._scale), 1)
        self.width = max(round(mask.shape[1] / self._scale), 1)
        self._scale_y = mask.shape[0] / self.height
        self._scale_x = mask.shape[1] / self.width

    def draw_polylines(self, lines: Sequence[tuple[Sequence[Point], Sequence[float]]]) -> None:
        """Draw lines with round joints and caps, at least a pixel wide.

        Parameters
        ----------
        lines : sequence of (points, widths)
            Points ``(y, x)`` of each line and the width of each of its segments, in published
            pixels.
        """
        segments = [
            (*start, *end, width)
            for points, widths in lines
            for (start, end), width in zip(pairwise(points), widths, strict=True)
        ]
        if not segments:
            return
        published = np.array(segments, dtype=np.float64)
        scales = (self._scale_y, self._scale_x) * 2
        # Centres of pixels lie half a pixel from their edges at any size.
        ends = (published[:, :4] + 0.5) * scales - 0.5
        draw_lines(self._mask, ends, np.maximum(published[:, 4] * self._scale, 1.0))

    def fill_box(self, top: int, left: int, height: int, width: int) -> None:
        """Fill a box given in published pixels, its edges rounded to pixels."""
        y0, y1 = (floor(y * self._scale_y + 0.5) for y in (top, top + height))
        x0, x1 = (floor(x * self._scale_x + 0.5) for x in (left, left + width))
        fill_box(self._mask, y0, x0, y1 - y0, x1 - x0)
