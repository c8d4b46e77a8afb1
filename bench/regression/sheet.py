"""Draw the cases that moved most: reference, BASE, NEW and their difference, side by side."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from inpaintbench.regression.verdicts import Comparison, MethodComparison, Movement
from inpaintbench.report.pictures import CheckedPictures, composite
from inpaintbench.storage.rows import RunRows
from inpaintbench.storage.runs import RunPictures
from inpaintbench.storage.store import Store

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_ROWS = 24
"""Rows drawn at most, so that the picture can still be opened."""

_HEADS = ("reference", "BASE", "NEW", "4 × |NEW - BASE|")
_MARGIN = 12
# A difference of this share of the range is drawn in full, so that small ones are seen.
_FULL = 0.25


def draw_sheet(comparison: Comparison, base: RunRows, new: RunRows, path: Path) -> bool:
    """Draw a row for each case that moved, cut to the surroundings of its hole.

    Parameters
    ----------
    comparison : Comparison
        What names the cases.
    base, new : RunRows
        Runs that keep their outputs.
    path : Path
        PNG to write.

    Returns
    -------
    bool
        Whether there was anything to draw.

    Raises
    ------
    PictureMissing
        When a picture isn't there any more.
    """
    rows = [(m, moved) for m in comparison.methods for moved in m.moved if not moved.message]
    if not rows:
        return False
    from matplotlib.figure import Figure

    from inpaintbench.report.figures.style import STYLES, applied, save
    from inpaintbench.report.kinds import StyleName

    rows = rows[:MOST_ROWS]
    style = STYLES[StyleName.web]
    with ExitStack() as stack:
        stack.enter_context(applied(style))
        pictures = [
            CheckedPictures(RunPictures(stack.enter_context(Store.read(run.directory))), run.cases)
            for run in (base, new)
        ]
        side = style.width / len(_HEADS)
        figure = Figure(
            figsize=(style.width, len(rows) * (side + 3 * style.em)), layout="constrained"
        )
        grid = figure.subplots(len(rows), len(_HEADS), squeeze=False)
        for panels, (method, moved) in zip(grid, rows, strict=True):
            _draw_row(list(panels), method, moved, pictures)
        for panel, head in zip(grid[0], _HEADS, strict=True):
            panel.annotate(
                head, (0.5, 1), (0, 2.6 * style.font_size), "axes fraction", "offset points",
                ha="center",
            )  # fmt: skip
        save(figure, path)
    return True


def _draw_row(
    panels: list[Axes], method: MethodComparison, moved: Movement, pictures: list[CheckedPictures]
) -> None:
    import cv2

    reference, mask = pictures[1].reference(moved.new_case), pictures[1].mask(moved.new_case)
    outputs = (
        pictures[0].output(moved.base_case, method.base),
        pictures[1].output(moved.new_case, method.new),
    )
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    window = (
        slice(max(0, top - _MARGIN), top + height + _MARGIN),
        slice(max(0, left - _MARGIN), left + width + _MARGIN),
    )
    scale = float(np.iinfo(reference.dtype).max)
    before, after = (composite(output, reference, mask) / scale for output in outputs)
    difference = np.abs(after - before).max(axis=2, keepdims=True) / _FULL
    for panel, picture in zip(panels, (reference / scale, before, after, difference), strict=True):
        shown = np.clip(picture[window], 0, 1)
        grey = shown.shape[2] == 1
        panel.imshow(shown[..., 0] if grey else shown, cmap="gray", vmin=0, vmax=1)
        panel.set_axis_off()
    scores = [f"{label} {old:.4g} → {now:.4g}" for label, (old, now) in moved.scores.items()]
    title = f"{method.name}: {moved.place}, {moved.suite}\n{', '.join(scores)}"
    panels[0].set_title(title, loc="left", fontsize="small")
