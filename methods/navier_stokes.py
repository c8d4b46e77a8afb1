"""OpenCV's "Navier-Stokes" inpainting."""

from __future__ import annotations

from dataclasses import dataclass

from inpaintbench.methods.kernels.fast_marching import FastMarching


@dataclass(frozen=True)
class NavierStokes(FastMarching):
    """Isophote-weighted fast marching, as OpenCV implements Bertalmio 2001.

    OpenCV's ``INPAINT_NS`` solves no differential equation: like Telea's method it marches inwards
    and gives each pixel a weighted average of the known pixels within `radius`, with weights that
    favour those lying along the isophote. ``navier-stokes-pde`` is the method of the paper. OpenCV
    handles colour in 8 bits only, and reads the hole's own pixels where a hole touches the image
    border, so they are made black first.

    Parameters
    ----------
    radius : float
        Neighbourhood in pixels; OpenCV clamps it to 1–100.
    """

    paper = (
        'M. Bertalmio, A. L. Bertozzi, G. Sapiro, "Navier-Stokes, fluid dynamics, and image and '
        'video inpainting", CVPR 2001'
    )
    flag = "INPAINT_NS"
