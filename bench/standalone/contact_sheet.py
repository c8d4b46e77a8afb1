"""A picture of many masks at a glance."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inpaintbench.images.types import Image, Mask
from inpaintbench.standalone.mask_export import DrawnMask

_HOLE = (224, 84, 0)
"""A vermilion that the colour-blind, too, tell from every grey."""

_DOTS_PER_INCH = 100
_WIDTH, _HEIGHT, _TITLE = 2.4, 2.8, 0.6
"""Inches of a tile with its two lines, and of the heading."""


def write_contact_sheet(path: Path, title: str, masks: Sequence[DrawnMask]) -> None:
    """Write a PNG with the masks laid over their images, in rows under a title, each labelled."""
    from matplotlib.figure import Figure

    columns = min(6, max(len(masks), 3))  # room for the heading
    rows = -(-len(masks) // columns)
    height = rows * _HEIGHT + _TITLE
    figure = Figure(figsize=(columns * _WIDTH, height), dpi=_DOTS_PER_INCH)
    figure.text(0.01, 1 - 0.2 / height, title, va="top", size=14)
    figure.subplots_adjust(0.01, 0.02 / rows, 0.99, 1 - (_TITLE + 0.4) / height, 0.05, 0.25)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel in panels:
        panel.set_axis_off()
    for panel, drawn in zip(panels, masks, strict=False):
        kind = "" if drawn.kind == "default" else f"{drawn.kind} · "
        measured = drawn.statistics
        border = ", at the border" if measured.border_contact else ""
        panel.imshow(_painted(drawn.sample.image, drawn.mask))
        panel.set_title(
            f"{kind}{drawn.sample.id}\n"
            f"{100 * measured.coverage:.1f} %, {measured.thickness:.1f} px thick{border}",
            loc="left",
            size=8,
        )
    figure.savefig(path, metadata={"Software": None})


def _painted(image: Image, mask: Mask) -> NDArray[np.uint8]:
    """Turn the image grey and pale, and paint the hole."""
    grey = image.mean(axis=2, keepdims=True) * (255 / np.iinfo(image.dtype).max)
    return np.where(mask[..., None], _HOLE, grey * 0.7 + 60).astype(np.uint8)
