"""The figures of a run."""

from __future__ import annotations

import importlib

from inpaintbench.report.figures.drawing import Drawing, NothingToShow, Request
from inpaintbench.report.figures.style import applied, save
from inpaintbench.report.kinds import FigureKind

__all__ = ["Drawing", "NothingToShow", "Request", "applied", "draw", "save"]


def draw(kind: FigureKind, request: Request) -> Drawing:
    """Draw a figure; call it, and save what it returns, within `applied` of the style.

    Raises
    ------
    NothingToShow
        When the run can't fill this kind of figure.
    """
    module = importlib.import_module(f"{__name__}.{kind.name}")
    drawing: Drawing = module.draw(request)
    return drawing
