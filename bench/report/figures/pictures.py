"""Picture grid: original, masked and results side by side, with error maps and zoomed insets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from inpaintbench.datasets.base import Image, Mask
from inpaintbench.errors import BenchError
from inpaintbench.report.figures.drawing import Drawing, NothingToShow, Request, sentences
from inpaintbench.report.figures.style import GREY, INK, shortened
from inpaintbench.report.numbers import fixed
from inpaintbench.report.pictures import Pictures
from inpaintbench.report.summary import Summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HOLE = (0.84, 0.37, 0.0)
"""Colour of the hole in the masked picture: one that photographs seldom have in one flat piece."""

_TALLEST = 9.6
"""Inches: what fits on a page with a caption."""

_INSET = 0.42
"""Side of an inset, as a part of the picture's."""


@dataclass(frozen=True)
class _Shown:
    """The pictures of a case, as RGB in 0–1; a result is None where the cell isn't done."""

    title: str
    reference: NDArray[np.float64]
    mask: Mask
    results: dict[str, NDArray[np.float64] | None]
    values: dict[str, str]
    reasons: dict[str, str]
    levels: int


def draw(request: Request) -> Drawing:
    """Draw one case of each mask suite, or those asked for, as far as the page holds them."""
    from matplotlib.figure import Figure

    if request.pictures is None:
        raise NothingToShow("the pictures of this run are not at hand")
    methods = [entry.variant for entry in request.summary.overall.entries]
    plan = _Plan.of(request, len(methods) + 2)
    wanted = request.cases or typical_cases(request.summary)
    cases = wanted[: max(1, plan.blocks_on_a_page)]
    shown = [_load(request.summary, request.pictures, case, methods) for case in cases]
    figure = Figure(figsize=(request.width, plan.block_height * len(shown)))
    for number, case in enumerate(shown):
        _block(figure, plan, number, len(shown), case, methods, request)
    skipped = len(wanted) - len(cases)
    metrics = request.summary.shown
    return Drawing(
        figure,
        sentences(
            [
                "Original, masked and results (known pixels pasted back)"
                + (f", with {metrics[0].label} below each." if metrics else "."),
                "Error maps: mean absolute difference over channels, on one scale for each case."
                if request.errors
                else "",
                "Insets: the part of the hole where the methods differ most."
                if request.insets
                else "",
                "Cases: of each mask suite the one whose mean score over methods is the median."
                if not request.cases
                else "",
                f"Cases that didn't fit on the page: {skipped}." if skipped else "",
            ]
        ),
    )


def typical_cases(summary: Summary) -> tuple[str, ...]:
    """Choose of each mask suite the case with the median score of the first main metric.

    Among the cases that all ranked methods finished, where there are any.
    """
    chosen = []
    for here in summary.suites:
        for metric in here.main:
            if metric.id in here.comparisons:
                comparison = here.comparisons[metric.id]
                order = np.argsort(comparison.values.mean(axis=1), kind="stable")
                chosen.append(str(comparison.cases[int(order[(len(order) - 1) // 2])]))
                break
        else:
            cases = summary.scores.cases
            chosen += [str(case) for case in cases.index[cases["suite"] == here.suite][:1]]
    return tuple(chosen)


@dataclass(frozen=True)
class _Plan:
    """Sizes in inches of a block of tiles: one case."""

    columns: int
    rows: int
    tile: float
    gap: float
    title: float
    name: float
    value: float
    errors: bool
    em: float
    margin: float

    @classmethod
    def of(cls, request: Request, tiles: int) -> _Plan:
        em = request.style.em
        gap, side = 0.35 * em, 3.2 * em if request.errors else 0.0
        most = max(3, int((request.width - side) / (8.2 * em)))
        rows = math.ceil(tiles / most)
        columns = math.ceil(tiles / rows) if rows > 1 else tiles
        # few tiles stay as small as if there were five, in the middle of the page
        tile = (request.width - side - 2 * gap) / max(columns, 5 if most >= 5 else 3) - gap
        margin = (request.width - side - columns * (tile + gap)) / 2
        return cls(
            columns,
            rows,
            tile,
            gap,
            title=1.9 * em,
            name=1.3 * em,
            value=1.3 * em,
            errors=request.errors,
            em=em,
            margin=margin,
        )

    @property
    def row_height(self) -> float:
        pictures = self.tile + (self.gap + self.tile if self.errors else 0)
        return self.name + pictures + self.value + 0.3 * self.em

    @property
    def block_height(self) -> float:
        return self.title + self.rows * self.row_height

    @property
    def blocks_on_a_page(self) -> int:
        return int(_TALLEST / self.block_height)


def _load(summary: Summary, pictures: Pictures, case: str, methods: Sequence[str]) -> _Shown:
    cases = summary.scores.cases
    if case not in cases.index:
        raise BenchError(f"the run has no case {case!r}")
    row = cases.loc[case]
    reference, mask = pictures.reference(case), pictures.mask(case)
    results: dict[str, NDArray[np.float64] | None] = {}
    for method in methods:
        try:
            output = pictures.output(case, method)
        except KeyError:
            results[method] = None
        else:
            results[method] = _rgb(np.where(mask[..., None], output, reference))
    metric = summary.shown[0] if summary.shown else None
    values = {}
    if metric:
        digits = 1 if metric.unit == "dB" else 3
        scores = summary.scores.values[metric.id].loc[case]
        for method, value in zip(scores.index, scores.to_numpy(np.float64), strict=True):
            if math.isfinite(value):
                values[str(method)] = f"{fixed(value, digits)} {metric.unit}".strip()
    cells = summary.rows.cells[summary.rows.cells["case"] == case].set_index("variant")
    reasons = {
        str(method): str(cell["failure"] or cell["status"]) for method, cell in cells.iterrows()
    }
    return _Shown(
        title=f"{row['dataset']} / {row['sample']}, {row['suite']}",
        reference=_rgb(reference),
        mask=mask,
        results=results,
        values=values,
        reasons=reasons,
        levels=int(np.iinfo(reference.dtype).max),
    )


def _rgb(image: Image) -> NDArray[np.float64]:
    scaled = image.astype(np.float64) / np.iinfo(image.dtype).max
    return np.repeat(scaled, 3, axis=2) if image.shape[2] == 1 else scaled


def _block(
    figure: Figure,
    plan: _Plan,
    number: int,
    count: int,
    case: _Shown,
    methods: Sequence[str],
    request: Request,
) -> None:
    """Draw the tiles of a case, row by row from the top."""
    top = number * plan.block_height
    height = plan.block_height * count
    longest = max(6, int(plan.tile / (0.55 * plan.em)))
    names = shortened(methods, longest)
    figure.text(
        plan.margin / request.width, 1 - (top + plan.title * 0.62) / height, case.title,
        ha="left", va="center", fontsize="medium",
    )  # fmt: skip
    errors = {
        m: np.abs(r - case.reference).mean(axis=2) for m, r in case.results.items() if r is not None
    }
    scale = _error_scale(errors, case)
    window = _window(case) if request.insets else None
    corner = _corner(case, window) if window else (0.0, 0.0)
    masked = np.where(case.mask[..., None], np.array(HOLE), case.reference)
    tiles: list[tuple[str, str, NDArray[np.float64] | None, NDArray[np.float64] | None]] = [
        ("original", "", case.reference, None),
        ("masked", f"{case.mask.mean():.0%} hole".replace("%", " %"), masked, None),
    ]
    tiles += [(names[m], case.values.get(m, ""), case.results[m], errors.get(m)) for m in methods]

    def axes(left: float, upper: float) -> Axes:
        width = request.width
        return figure.add_axes(
            (left / width, 1 - (upper + plan.tile) / height, plan.tile / width, plan.tile / height)
        )

    for place, (name, value, picture, error) in enumerate(tiles):
        row, column = divmod(place, plan.columns)
        left = plan.margin + column * (plan.tile + plan.gap)
        upper = top + plan.title + row * plan.row_height + plan.name
        panel = axes(left, upper)
        panel.set_title(name, pad=0.25 * plan.em * 72, fontsize="small")
        if picture is None:
            reason = case.reasons.get(methods[place - 2], "not reached")
            panel.text(
                0.5,
                0.5,
                reason,
                ha="center",
                va="center",
                color=GREY,
                wrap=True,
                transform=panel.transAxes,
                fontsize="small",
            )
            _bare(panel, frame=True)
        else:
            _picture(panel, picture, plan, request)
            if window:
                _inset(panel, picture, window, corner, request)
        below = panel
        if plan.errors:
            below = axes(left, upper + plan.tile + plan.gap)
            _bare(below, frame=False)
            if error is not None:
                _error_map(below, error, scale, plan, request)
            elif picture is not None:
                below.set_axis_off()
                below = panel
        below.set_xlabel(value, fontsize="small", labelpad=0.2 * plan.em * 72)
    if plan.errors and errors:
        upper = top + plan.title + plan.name + plan.tile + plan.gap
        _scale_bar(figure, plan, upper, height, scale, case, request)


def _picture(panel: Axes, picture: NDArray[np.float64], plan: _Plan, request: Request) -> None:
    # an enlarged picture keeps its pixels; a reduced one is averaged
    pixels = plan.tile * request.style.dpi
    smooth = max(picture.shape[:2]) > pixels
    panel.imshow(
        np.clip(picture, 0, 1), interpolation="antialiased" if smooth else "none", vmin=0, vmax=1
    )
    _bare(panel, frame=False)


def _bare(panel: Axes, *, frame: bool) -> None:
    panel.set_xticks([])
    panel.set_yticks([])
    for spine in panel.spines.values():
        spine.set_visible(frame)
        spine.set_color(GREY)


def _error_map(
    panel: Axes, error: NDArray[np.float64], scale: float, plan: _Plan, request: Request
) -> None:
    smooth = max(error.shape) > plan.tile * request.style.dpi
    panel.imshow(
        error,
        cmap="inferno",
        vmin=0,
        vmax=scale,
        interpolation="antialiased" if smooth else "none",
    )


def _error_scale(errors: dict[str, NDArray[np.float64]], case: _Shown) -> float:
    """Choose the error that is brightest: nearly the largest in the hole of all methods."""
    if not errors:
        return 1.0
    inside = np.concatenate([error[case.mask] for error in errors.values()])
    return max(float(np.quantile(inside, 0.995)), 1 / case.levels)


def _scale_bar(
    figure: Figure,
    plan: _Plan,
    upper: float,
    height: float,
    scale: float,
    case: _Shown,
    request: Request,
) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    width = request.width
    shown = min(plan.columns, len(case.results) + 2)
    left = plan.margin + shown * (plan.tile + plan.gap) + 0.3 * plan.em
    bar = figure.add_axes(
        (left / width, 1 - (upper + plan.tile) / height, 0.5 * plan.em / width, plan.tile / height)
    )
    mappable = ScalarMappable(Normalize(0, scale * case.levels), "inferno")
    colours = figure.colorbar(mappable, cax=bar)
    colours.outline.set_visible(False)
    top = scale * case.levels
    colours.set_ticks([0, top], labels=["0", fixed(top, 0)])
    bar.tick_params(length=0, pad=0.2 * plan.em * 72, labelsize="small", colors=INK)


def _window(case: _Shown) -> tuple[slice, slice] | None:
    """Find the square, a quarter of the picture wide, where results in the hole differ most."""
    results = [result for result in case.results.values() if result is not None]
    if not results:
        return None
    differ = np.std([case.reference, *results], axis=0).mean(axis=2) * case.mask
    height, width = differ.shape
    side = max(8, min(height, width) // 4)
    if side >= min(height, width):
        return None
    total = np.pad(differ.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    sums = total[side:, side:] - total[:-side, side:] - total[side:, :-side] + total[:-side, :-side]
    row, column = np.unravel_index(int(np.argmax(sums)), sums.shape)
    return slice(int(row), int(row) + side), slice(int(column), int(column) + side)


def _corner(case: _Shown, window: tuple[slice, slice]) -> tuple[float, float]:
    """Choose the corner for the inset: clear of the window, and of the hole as far as can be."""
    height, width = case.mask.shape
    rows, columns = window
    best, least = (0.0, 0.0), math.inf
    # a little away from the border, which would cut the frame
    near, far = 0.02, 0.98 - _INSET
    for left in (far, near):
        for bottom in (near, far):
            top = 1 - bottom - _INSET
            down = slice(int(top * height), math.ceil((top + _INSET) * height))
            across = slice(int(left * width), math.ceil((left + _INSET) * width))
            covers = rows.start < down.stop and down.start < rows.stop
            covers &= columns.start < across.stop and across.start < columns.stop
            cost = float(case.mask[down, across].mean()) + 2 * covers
            if cost < least:
                best, least = (left, bottom), cost
    return best


def _inset(
    panel: Axes,
    picture: NDArray[np.float64],
    window: tuple[slice, slice],
    corner: tuple[float, float],
    request: Request,
) -> None:
    """Enlarge a window in a corner of the picture."""
    from matplotlib.patches import Rectangle
    from matplotlib.patheffects import withStroke

    rows, columns = window
    line = request.style.line_width
    # white with a dark rim can be seen on any picture
    rim = [withStroke(linewidth=1.8 * line, foreground=INK)]
    panel.add_patch(
        Rectangle(
            (columns.start - 0.5, rows.start - 0.5),
            columns.stop - columns.start,
            rows.stop - rows.start,
            fill=False,
            edgecolor="white",
            linewidth=line,
            path_effects=rim,
        )
    )
    left, bottom = corner
    inset = panel.inset_axes((left, bottom, _INSET, _INSET))
    inset.imshow(np.clip(picture[window], 0, 1), interpolation="none", vmin=0, vmax=1)
    inset.set_xticks([])
    inset.set_yticks([])
    for spine in inset.spines.values():
        spine.set(visible=True, color="white", linewidth=line, path_effects=rim)
