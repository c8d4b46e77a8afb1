"""A picture of many masks at a glance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inpaintbench.images.types import Image, Mask
from inpaintbench.masks.statistics import MaskStatistics

_SIDE = 224
_GAP = 14
_LABEL = 46
_TITLE = 60
_DOTS_PER_INCH = 100

_HOLE = (224, 84, 0)
"""A vermilion that the colour-blind, too, tell from every grey."""

_INK = "#222222"
_FAINT = "#666666"


@dataclass(frozen=True, eq=False)
class Tile:
    """One mask on its image.

    Parameters
    ----------
    image : (H, W, C) array of uint8 or uint16
    mask : (H, W) array of bool
    caption : str
        The first line below the picture, such as the kind.
    statistics : MaskStatistics
        Written in the second line.
    """

    image: Image
    mask: Mask
    caption: str
    statistics: MaskStatistics


def write_contact_sheet(path: Path, title: str, tiles: Sequence[Tile], columns: int = 6) -> None:
    """Write a PNG with the masks laid over their images, in rows, each labelled.

    Parameters
    ----------
    path : Path
        PNG to write.
    title : str
        Heading.
    tiles : sequence of Tile
        In order; large images are shrunk, small ones enlarged pixel by pixel.
    columns : int
        Tiles in a row.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = min(columns, len(tiles))
    rows = -(-len(tiles) // columns)
    width = columns * (_SIDE + _GAP) + _GAP
    height = rows * (_SIDE + _LABEL + _GAP) + _TITLE
    sheet = np.full((height, width, 3), 255, np.uint8)
    figure = Figure(figsize=(width / _DOTS_PER_INCH, height / _DOTS_PER_INCH), dpi=_DOTS_PER_INCH)
    FigureCanvasAgg(figure)

    def write(x: int, y: int, text: str, size: float, color: str) -> None:
        figure.text(x / width, 1 - y / height, text, va="top", size=size, color=color)

    write(_GAP, 18, title, size=15, color=_INK)
    for number, tile in enumerate(tiles):
        row, column = divmod(number, columns)
        x, y = _GAP + column * (_SIDE + _GAP), _TITLE + row * (_SIDE + _LABEL + _GAP)
        picture = _picture(tile.image, tile.mask)
        below = y + picture.shape[0]
        sheet[y:below, x : x + picture.shape[1]] = picture
        write(x, below + 5, tile.caption, size=9.5, color=_INK)
        write(x, below + 23, _measures(tile.statistics), size=8.5, color=_FAINT)
    figure.figimage(sheet, origin="upper", zorder=-1)
    figure.savefig(path, dpi=_DOTS_PER_INCH, metadata={"Software": None})


def _measures(statistics: MaskStatistics) -> str:
    border = ", at the border" if statistics.border_contact else ""
    return f"{100 * statistics.coverage:.1f} %, {statistics.thickness:.1f} px thick{border}"


def _picture(image: Image, mask: Mask) -> NDArray[np.uint8]:
    """Turn the image grey and pale and paint the hole, at most `_SIDE` pixels a side."""
    import cv2

    grey = image.mean(axis=2, keepdims=True, dtype=np.float32) * (255 / np.iinfo(image.dtype).max)
    painted = np.where(mask[..., None], np.array(_HOLE, np.float32), grey * 0.7 + 60)
    scale = _SIDE / max(mask.shape)
    size = tuple(max(round(side * scale), 1) for side in reversed(mask.shape))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST
    resized = cv2.resize(np.ascontiguousarray(painted), size, interpolation=way)
    return np.asarray(np.rint(resized), dtype=np.uint8)
