"""Telea's fast-marching inpainting, from OpenCV."""

from __future__ import annotations

from dataclasses import dataclass

from inpaintbench.methods.kernels.fast_marching import FastMarching


@dataclass(frozen=True)
class Telea(FastMarching):
    """Fast-marching inpainting (Telea 2004), as implemented in OpenCV.

    Each pixel of the front is a weighted average of the known pixels within `radius`, the front
    marching inwards by the eikonal equation. OpenCV handles colour in 8 bits only, and reads the
    hole's own pixels where a hole touches the image border, so they are made black first.

    Parameters
    ----------
    radius : float
        Neighbourhood in pixels; OpenCV clamps it to 1–100.
    """

    paper = (
        'A. Telea, "An image inpainting technique based on the fast marching method", '
        "J. Graphics Tools 2004"
    )
    flag = "INPAINT_TELEA"
