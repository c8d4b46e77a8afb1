"""``inpaintbench table``: one table of one or several runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
from inpaintbench.report.kinds import Format, IntervalStyle, TableKind
from inpaintbench.statistics.axes import RankBy

if TYPE_CHECKING:
    from inpaintbench.report.opening import Opened
    from inpaintbench.report.table import Table


def table(
    kind: Annotated[TableKind, typer.Argument(help="Which table.")],
    runs: Runs,
    format: Annotated[
        Format, typer.Option("--format", "-f", help="CSV holds full precision.")
    ] = Format.markdown,
    intervals: Annotated[
        IntervalStyle | None,
        typer.Option(help="By default plus-minus in LaTeX and brackets elsewhere."),
    ] = None,
    methods: ShownMethods = None,
    dataset: ShownDatasets = None,
    masks: ShownMasks = None,
    metric: ShownMetrics = None,
    rank_by: RankedBy = RankBy.perception,
    brief: Annotated[
        bool, typer.Option("--brief", help="The leaderboard as a run prints it: fewer columns.")
    ] = False,
    inception: InceptionFile = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File [standard output].")
    ] = None,
) -> None:
    """Write one table of a run, or of several runs together."""
    from inpaintbench.images.files import write_whole
    from inpaintbench.report import tables
    from inpaintbench.report.opening import open_runs, separated

    with open_runs(
        runs, separated(methods), dataset or (), masks or (), metric or (), rank_by
    ) as opened:
        if kind is TableKind.distribution:
            text = tables.render(_distribution(opened, inception), format)
        elif brief and kind is TableKind.leaderboard:
            style = intervals or tables.usual_intervals(format)
            text = tables.render(tables.leaderboard(opened.summary, style, brief=True), format)
        else:
            text = tables.write(kind, opened.summary, format, intervals)
    if output is None:
        say(text, nl=False)
    else:
        write_whole(output, text)


def _distribution(opened: Opened, inception: Path | None) -> Table:
    """Make the table that needs the run's pictures and a network."""
    from inpaintbench.cli.progress import watched
    from inpaintbench.metrics.inception import load_inception
    from inpaintbench.report.distribution import distribution_table

    network = load_inception(inception)
    return distribution_table(
        opened.summary, opened.pictures, network, lambda cases: watched(cases, "features")
    )
