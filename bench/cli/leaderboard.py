"""``inpaintbench leaderboard``: the static site of one or several runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from inpaintbench.cli.options import RankedBy, Runs, ShownMethods, ShownMetrics
from inpaintbench.cli.output import say
from inpaintbench.statistics.axes import RankBy


def leaderboard(
    runs: Runs,
    output: Annotated[
        Path, typer.Option("--out", "-o", help="Directory to write the site to.")
    ] = Path("site"),
    title: Annotated[str, typer.Option(help="Title of the site [the run's name].")] = "",
    method: ShownMethods = None,
    metric: ShownMetrics = None,
    rank_by: RankedBy = RankBy.perception,
    pictures: Annotated[
        int, typer.Option(min=0, help="Results shown as pictures, at most; 0 for none.")
    ] = 1000,
    study: Annotated[
        Path | None, typer.Option(help="Results of a study, for a page [inpaintbench study fit].")
    ] = None,
) -> None:
    """Write the leaderboard of a run, or of several runs together, as a static site.

    It opens from the disk, needs no network, and can be put on any static host.
    """
    from inpaintbench.report.opening import open_runs
    from inpaintbench.site.building import write_site

    with open_runs(runs, method or (), metrics=metric or (), rank_by=rank_by) as opened:
        written = write_site(
            opened.summary,
            output,
            opened.pictures,
            runs=runs,
            title=title,
            most_pictures=pictures,
            study=study,
        )
        if opened.missing:
            say(opened.missing)
    size = sum(path.stat().st_size for path in written)
    say(f"{output / 'index.html'} ({len(written)} files, {size / 1e6:.1f} MB)")
