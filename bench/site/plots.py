"""The page of plots: the report's figures, drawn for light and dark pages."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inpaintbench.folder import Folder
from inpaintbench.report.figures import NothingToShow, Request, applied, draw
from inpaintbench.report.figures.style import BAND, FAINT, INK, STYLES
from inpaintbench.report.kinds import FigureKind, StyleName
from inpaintbench.site.site import Site

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_TITLES = {
    FigureKind.plane: "Perception and fidelity",
    FigureKind.runtime: "Quality and runtime",
    FigureKind.critical_difference: "Critical differences",
    FigureKind.suites: "Mask suites",
    FigureKind.holes: "Size of the hole",
    FigureKind.distribution: "Distributions",
    FigureKind.ranks: "Ranks by dataset and suite",
}
"""The figures on the page in their order; pictures have pages of their own."""

_DARK = {
    INK: "#d9dde3",
    FAINT: "#2c323b",
    BAND: "#1b2027",
    "#404040": "#aab1bb",
    "#0072b2": "#4a9fd8",
    "#ffffff": "#12161c",
    "#000000": "#d9dde3",
}
"""Colours of a light page → those of a dark one; the palette's others can be seen on both."""


@dataclass(frozen=True)
class Plot:
    """A figure of the page, and its size in CSS pixels."""

    kind: str
    title: str
    caption: str
    width: int
    height: int


def write_plots(site: Site) -> None:
    """Write ``plots.html``."""
    plots, absent = [], []
    style = STYLES[StyleName.web]
    request = Request(site.summary, style=style, width=style.width)
    for kind, title in _TITLES.items():
        with applied(style):
            try:
                drawing = draw(kind, request)
            except NothingToShow as reason:
                absent.append((title, str(reason)))
                continue
            plots.append(write_plot(site.folder, kind, title, drawing.caption, drawing.figure))
    site.page("plots.html", "plots.html", section="plots", plots=plots, absent=absent)


def write_plot(folder: Folder, kind: str, title: str, caption: str, figure: Figure) -> Plot:
    """Write a figure as SVG, for light pages and for dark ones."""
    import matplotlib as mpl

    data = io.BytesIO()
    # outlines, since the reader's machine may lack the font that the layout was made for
    with mpl.rc_context({"svg.fonttype": "path"}):
        figure.savefig(
            data, format="svg", transparent=True, metadata={"Creator": None, "Date": None}
        )
    light = _bare(data.getvalue().decode("utf-8"))
    folder.text(f"figures/{kind}.svg", light)
    folder.text(f"figures/{kind}-dark.svg", _dark(light))
    width, height = figure.get_size_inches() * 96
    return Plot(kind, title, caption, round(width), round(height))


def _bare(svg: str) -> str:
    """Remove the metadata, which names files on other hosts."""
    return re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)


def _dark(svg: str) -> str:
    colours = {light.lower(): dark for light, dark in _DARK.items()}
    # matplotlib leaves black out, since it is what SVG fills with
    svg = svg.replace("<svg ", '<svg fill="#d9dde3" ', 1)
    return re.sub(r"#[0-9a-fA-F]{6}\b", lambda found: colours.get(found[0].lower(), found[0]), svg)
