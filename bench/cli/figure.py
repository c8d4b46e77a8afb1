"""``inpaintbench figure``: one figure of one or several runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from inpaintbench.cli.options import (
    InceptionFile,
    RankedBy,
    Runs,
    ShownDatasets,
    ShownMasks,
    ShownMethods,
    ShownMetrics,
)
from inpaintbench.cli.output import say
from inpaintbench.cli.table import measure_sets
from inpaintbench.errors import BenchError
from inpaintbench.report.kinds import FigureKind, StyleName
from inpaintbench.statistics.axes import RankBy

_OF_SETS = ("fid", "kid")


def figure(
    kind: Annotated[FigureKind, typer.Argument(help="Which figure.")],
    runs: Runs,
    method: ShownMethods = None,
    dataset: ShownDatasets = None,
    masks: ShownMasks = None,
    metric: ShownMetrics = None,
    rank_by: RankedBy = RankBy.perception,
    style: Annotated[StyleName, typer.Option(help="What it is for.")] = StyleName.paper,
    width: Annotated[
        str | None,
        typer.Option(help="Such as 3.5in or 89mm [7.2in for paper, 11in for talk, 8.6in for web]."),
    ] = None,
    case: Annotated[
        list[str] | None,
        typer.Option(help="Case id in the picture grid; several [one of each suite]."),
    ] = None,
    errors: Annotated[bool, typer.Option(help="Error maps in the picture grid.")] = True,
    insets: Annotated[bool, typer.Option(help="Zoomed insets in the picture grid.")] = True,
    nemenyi: Annotated[
        bool, typer.Option("--nemenyi", help="Critical differences by Nemenyi's test.")
    ] = False,
    inception: InceptionFile = None,
    output: Annotated[
        list[Path] | None,
        typer.Option("--out", "-o", help=".pdf, .png or .svg; several [KIND.pdf and KIND.png]."),
    ] = None,
) -> None:
    """Draw one figure of a run, or of several runs together, and print its caption.

    The plane takes a metric of each axis that the run was scored by: psnr, ssim or mae against
    lpips, st-lpips, dists or niqe; for perception also fid or kid, of whole sets of results.
    """
    from inpaintbench.report.distribution import set_scores
    from inpaintbench.report.figures import Request, applied, draw, save
    from inpaintbench.report.figures.style import STYLES, inches
    from inpaintbench.report.opening import open_runs

    paths = output or [Path(f"{kind}.pdf"), Path(f"{kind}.png")]
    look = STYLES[style]
    wide = inches(width) if width else look.width
    of_sets = [name for name in metric or () if name.lower() in _OF_SETS]
    of_cases = [name for name in metric or () if name not in of_sets]
    if of_sets and (kind is not FigureKind.plane or len(of_sets) > 1):
        raise BenchError(f"--metric {of_sets[-1]}: the plane alone takes one metric of whole sets")
    with (
        open_runs(runs, method or (), dataset or (), masks or (), of_cases, rank_by) as opened,
        applied(look),
    ):
        sets = None
        if of_sets:
            sets = set_scores(measure_sets(opened, inception).frame, of_sets[0].lower())
        drawing = draw(
            kind,
            Request(
                opened.summary,
                style=look,
                width=wide,
                pictures=opened.pictures,
                cases=tuple(case or ()),
                errors=errors,
                insets=insets,
                nemenyi=nemenyi,
                sets=sets,
            ),
        )
        for path in paths:
            save(drawing.figure, path)
    say(drawing.caption)
    say(f"Written: {', '.join(map(str, paths))}")
