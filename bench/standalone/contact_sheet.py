"""A picture of many masks at a glance."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from inpaintbench.images.types import Image, Mask
from inpaintbench.standalone.mask_export import DrawnMask

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_HOLE = (224, 84, 0)
"""A vermilion that the colour-blind, too, tell from every grey."""

_EFFECT = (0, 114, 178)

_DOTS_PER_INCH = 100
_WIDTH, _HEIGHT, _TITLE = 2.4, 2.8, 0.6
"""Inches of a tile with its two lines, and of the heading."""


def write_contact_sheet(path: Path, title: str, masks: Sequence[DrawnMask]) -> None:
    """Write a PNG with the masks laid over their images, in rows under a title, each labelled.

    What methods are given instead of the image is shown as it is, with the outlines of the hole and
    of the object's effects.
    """
    from matplotlib.figure import Figure

    if any(drawn.sample.input is not None for drawn in masks):
        title += " · orange: hole, blue: effect"

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
        if drawn.sample.input is None:
            panel.imshow(_painted(drawn.sample.image, drawn.mask))
        else:
            _draw_scene(panel, drawn.sample.input, drawn.mask, drawn.sample.effect)
        panel.set_title(
            f"{kind}{drawn.sample.id}\n"
            f"{100 * measured.coverage:.1f} %, {measured.thickness:.1f} px thick{border}",
            loc="left",
            size=8,
        )
    figure.savefig(path, metadata={"Software": None})


def _draw_scene(panel: Axes, given: Image, mask: Mask, effect: Mask | None) -> None:
    """Draw what methods are given, and outline hole and effect."""
    scaled = given * (1 / np.iinfo(given.dtype).max)
    panel.imshow(np.broadcast_to(scaled, (*mask.shape, 3)))
    for region, colour in ((effect, _EFFECT), (mask, _HOLE)):
        if region is not None and region.any() and not region.all():
            panel.contour(region, [0.5], colors=[np.divide(colour, 255)], linewidths=1)


def _painted(image: Image, mask: Mask) -> NDArray[np.uint8]:
    """Turn the image grey and pale, and paint the hole."""
    grey = image.mean(axis=2, keepdims=True) * (255 / np.iinfo(image.dtype).max)
    return np.where(mask[..., None], _HOLE, grey * 0.7 + 60).astype(np.uint8)
