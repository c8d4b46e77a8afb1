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
        Format | None,
        typer.Option(
            "--format",
            "-f",
            help="How to write it [a table on a terminal, else markdown]; csv has full precision.",
        ),
    ] = None,
    intervals: Annotated[
        IntervalStyle | None,
        typer.Option(help="By default plus-minus in LaTeX and brackets elsewhere."),
    ] = None,
    method: ShownMethods = None,
    dataset: ShownDatasets = None,
    masks: ShownMasks = None,
    metric: ShownMetrics = None,
    rank_by: RankedBy = RankBy.perception,
    brief: Annotated[
        bool, typer.Option("--brief", help="The leaderboard as a run prints it: fewer columns.")
    ] = False,
    inception: InceptionFile = None,
    output: Annotated[
        Path | None, typer.Option("--out", "-o", help="File [standard output].")
    ] = None,
) -> None:
    """Write one table of a run, or of several runs together."""
    from inpaintbench.cli.terminal import Terminal
    from inpaintbench.images.files import write_whole
    from inpaintbench.report import tables
    from inpaintbench.report.opening import open_runs
    from inpaintbench.report.table import draw

    with open_runs(runs, method or (), dataset or (), masks or (), metric or (), rank_by) as opened:
        form = format or _format_of(output)
        style = intervals or tables.usual_intervals(form)
        if kind is TableKind.distribution:
            made = measure_sets(opened, inception)
        elif brief and kind is TableKind.leaderboard:
            made = tables.leaderboard(opened.summary, style, brief=True)
        else:
            made = tables.make(kind, opened.summary, style)
    terminal = Terminal()
    if output is not None:
        write_whole(output, tables.render(made, form))
    elif format is None and terminal.is_terminal:
        terminal.print(draw(made, terminal.width))
    else:
        say(tables.render(made, form), nl=False)


def _format_of(file: Path | None) -> Format:
    """Return the format that a file's name asks for; Markdown for any other, or none."""
    suffix = file.suffix.lower() if file else ""
    return next((format for format in Format if format.suffix == suffix), Format.markdown)


def measure_sets(opened: Opened, inception: Path | None) -> Table:
    """Make the table of whole sets of results, which needs the run's pictures and a network."""
    from inpaintbench.cli.progress import watched
    from inpaintbench.metrics.inception import load_inception
    from inpaintbench.report.distribution import distribution_table

    network = load_inception(inception)
    return distribution_table(
        opened.summary, opened.pictures, network, lambda cases: watched(cases, "features")
    )
