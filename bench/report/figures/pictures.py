"""Picture grid: original, masked and results side by side, with error maps and zoomed insets."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from inpaintbench.report.figures.drawing import Drawing, NothingToShow, Request
from inpaintbench.report.figures.shown_case import ShownCase, load, typical_cases
from inpaintbench.report.figures.style import GREY, INK, shortened
from inpaintbench.report.numbers import fixed, percent
from inpaintbench.report.pictures import PictureMissing, missing_words
from inpaintbench.statistics.bootstrap import Floats
from inpaintbench.statistics.scores import has_reference

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HOLE = (0.9, 0.0, 0.6)
"""Colour of the hole in the masked picture: one that photographs seldom have in one flat piece."""

_TALLEST = 9.6
"""Inches: what fits on a page with a caption."""

_INSET = 0.42
"""Side of an inset, as a part of the picture's."""


def draw(request: Request) -> Drawing:
    """Draw one case of each mask suite, or those asked for, as far as the page holds them."""
    from matplotlib.figure import Figure

    summary = request.summary
    if request.pictures is None:
        raise NothingToShow("the pictures of this run are not at hand")
    methods = [entry.variant for entry in summary.overall.entries]
    wanted = request.cases or typical_cases(summary)
    known = summary.scores.cases["dataset"].map(has_reference)
    errors = request.errors and any(known.get(case, True) for case in wanted)
    inputs = bool(summary.scores.cases["input_sha256"].reindex(list(wanted)).fillna("").any())
    plan = _Plan.of(request, len(methods) + 2 + inputs, errors)
    most = max(1, int(_TALLEST / plan.block))
    shown: list[ShownCase] = []
    missing: list[str] = []
    for case in wanted[:most]:
        try:
            shown.append(load(summary, request.pictures, case, methods))
        except PictureMissing as error:
            missing.append(str(error))
    if missing and not shown:
        raise NothingToShow(missing_words(missing).rstrip("."))
    figure = Figure(figsize=(request.width, plan.block * len(shown)))
    for number, one in enumerate(shown):
        _Block(figure, plan, number * plan.block, one, request).draw(methods)
    skipped = len(wanted) - len(shown) - len(missing)
    metric = summary.first_quality
    below = f", with {metric.label} below each" if metric else ""
    first = "Original" if known.any() else "Picture"
    made = "known pixels pasted back"
    made += "; where there is an input, as the methods returned them" if inputs else ""
    return Drawing(
        figure,
        f"{first}{', input' * inputs}, masked and results ({made}){below}.",
        "Error maps: mean absolute difference over channels, on one scale for each case."
        if errors
        else "",
        "Insets: the part of the hole where the methods differ most." if request.insets else "",
        ""
        if request.cases or metric is None
        else "Cases: of each mask suite the one whose mean score over methods is the median.",
        f"Cases that didn't fit on the page: {skipped}." if skipped else "",
        missing_words(missing),
    )


@dataclass(frozen=True)
class _Plan:
    """Sizes, in inches, of the block of tiles that shows a case."""

    columns: int
    tile: float  # its side
    gap: float  # between two tiles
    margin: float  # on the left of the first
    title: float  # height of the line that names the case
    line: float  # height of a line above or below a tile
    row: float
    block: float
    em: float  # height of the font
    errors: bool  # whether there are error maps

    @classmethod
    def of(cls, request: Request, tiles: int, errors: bool) -> _Plan:
        """Share the width among the tiles, and leave room for error maps if there are any."""
        em = request.style.em
        # room for the numbers of the error scale
        side = 3.2 * em if errors else 0.0
        gap, title, line = 0.35 * em, 1.9 * em, 1.3 * em
        most = max(3, int((request.width - side) / (8.2 * em)))
        rows = math.ceil(tiles / most)
        columns = math.ceil(tiles / rows)
        # few tiles stay as small as if there were five, in the middle of the page
        tile = (request.width - side - 2 * gap) / max(columns, 5 if most >= 5 else 3) - gap
        margin = (request.width - side - columns * (tile + gap)) / 2
        row = tile + (gap + tile if errors else 0) + 2 * line + 0.3 * em
        block = title + rows * row
        return cls(columns, tile, gap, margin, title, line, row, block, em, errors)


@dataclass(frozen=True, eq=False)
class _Block:
    """Draws one case, `top` inches below the upper edge of the figure."""

    figure: Figure
    plan: _Plan
    top: float
    case: ShownCase
    request: Request

    def draw(self, methods: list[str]) -> None:
        """Draw the tiles row by row, in the order of the methods."""
        plan, case = self.plan, self.case
        width, height = self.figure.get_size_inches()
        self.figure.text(
            plan.margin / width,
            1 - (self.top + plan.title * 0.62) / height,
            case.title,
            va="center",
        )
        names = shortened(methods, max(6, int(plan.tile / (0.55 * plan.em))))
        known = case.reference if case.given is None else case.given
        masked = np.where(case.mask[..., None], np.array(HOLE), known)
        hole = f"{percent(case.mask.mean())} hole"
        tiles = {"original" if case.has_reference else "picture": case.reference}
        tiles |= {} if case.given is None else {"input": case.given}
        for place, (name, picture) in enumerate(tiles.items()):
            self._picture(place, name, picture)
        self._picture(len(tiles), "masked", masked).set_xlabel(hole, **self._small)
        for place, method in enumerate(methods, start=len(tiles) + 1):
            if method in case.results:
                panel = self._picture(place, names[method], case.results[method])
                if plan.errors and case.has_reference:
                    panel = self._error_map(place, case.errors[method])
                panel.set_xlabel(case.values.get(method, ""), **self._small)
            else:
                self._gap(place, names[method], case.reasons.get(method, "not reached"))
        if plan.errors and case.has_reference and case.results:
            self._scale(min(plan.columns, len(methods) + len(tiles) + 1))

    @property
    def _small(self) -> dict[str, Any]:
        return {"fontsize": "small", "labelpad": 0.2 * self.request.style.font_size}

    def _axes(self, place: int, name: str = "", below: float = 0.0) -> Axes:
        """Make a tile's axes, `below` inches under its upper edge."""
        plan = self.plan
        row, column = divmod(place, plan.columns)
        left = plan.margin + column * (plan.tile + plan.gap)
        upper = self.top + plan.title + row * plan.row + plan.line + below
        axes = self.figure.add_axes(self._box(left, upper, plan.tile))
        axes.set_xticks([])
        axes.set_yticks([])
        axes.spines[:].set(visible=False, color=GREY)
        axes.set_title(name, pad=0.25 * self.request.style.font_size, fontsize="small")
        return axes

    def _box(self, left: float, upper: float, breadth: float) -> tuple[float, float, float, float]:
        """Turn inches from the left and the top into parts of the figure, a tile high."""
        width, height = self.figure.get_size_inches()
        tall = self.plan.tile
        return left / width, 1 - (upper + tall) / height, breadth / width, tall / height

    def _picture(self, place: int, name: str, picture: Floats) -> Axes:
        """Draw a picture, with a part of it enlarged."""
        panel = self._axes(place, name)
        panel.imshow(np.clip(picture, 0, 1), interpolation=self._interpolation)
        if self.request.insets and self.case.window:
            self._inset(panel, picture)
        return panel

    @property
    def _interpolation(self) -> str:
        """An enlarged picture keeps its pixels; a reduced one is averaged."""
        reduced = max(self.case.mask.shape) > self.plan.tile * self.request.style.dpi
        return "antialiased" if reduced else "none"

    def _inset(self, panel: Axes, picture: Floats) -> None:
        """Frame the window, and enlarge it in a corner."""
        from matplotlib.patches import Rectangle
        from matplotlib.patheffects import withStroke

        assert self.case.window is not None
        rows, columns = self.case.window
        line = self.request.style.line_width
        # white with a dark rim can be seen on any picture
        frame: dict[str, Any] = {
            "edgecolor": "white",
            "linewidth": line,
            "path_effects": [withStroke(linewidth=1.8 * line, foreground=INK)],
        }
        start = (columns.start - 0.5, rows.start - 0.5)
        size = (columns.stop - columns.start, rows.stop - rows.start)
        panel.add_patch(Rectangle(start, *size, fill=False, **frame))
        inset = panel.inset_axes((*self.case.corner(self.case.window, _INSET), _INSET, _INSET))
        inset.imshow(np.clip(picture[self.case.window], 0, 1), interpolation="none")
        inset.set_xticks([])
        inset.set_yticks([])
        inset.spines[:].set(visible=True, **frame)

    def _error_map(self, place: int, error: NDArray[np.float32]) -> Axes:
        panel = self._axes(place, below=self.plan.tile + self.plan.gap)
        panel.imshow(
            error,
            cmap="inferno",
            vmin=0,
            vmax=self.case.largest_error,
            interpolation=self._interpolation,
        )
        return panel

    def _gap(self, place: int, name: str, reason: str) -> None:
        """Draw an empty frame that says why there is no result."""
        panel = self._axes(place, name)
        panel.spines[:].set_visible(True)
        panel.text(
            0.5,
            0.5,
            reason,
            ha="center",
            va="center",
            color=GREY,
            fontsize="small",
            transform=panel.transAxes,
        )

    def _scale(self, columns: int) -> None:
        """Draw the scale of the error maps beside the first row of them."""
        from matplotlib.cm import ScalarMappable
        from matplotlib.colors import Normalize

        plan = self.plan
        left = plan.margin + columns * (plan.tile + plan.gap) + 0.3 * plan.em
        upper = self.top + plan.title + plan.line + plan.tile + plan.gap
        bar = self.figure.add_axes(self._box(left, upper, 0.5 * plan.em))
        most = self.case.largest_error * self.case.levels
        colours = self.figure.colorbar(ScalarMappable(Normalize(0, most), "inferno"), cax=bar)
        colours.outline.set_visible(False)
        colours.set_ticks([0, most], labels=["0", fixed(most, 0)])
        bar.tick_params(length=0, pad=0.2 * self.request.style.font_size, labelsize="small")
