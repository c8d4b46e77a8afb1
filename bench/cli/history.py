"""``inpaintbench history``: figures over commits, and where they changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inpaintbench.cli.output import say
from inpaintbench.cli.several_values import SeveralValues

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from inpaintbench.regression.trends import Trend

history = typer.Typer(
    help="Keep the figures of runs by commit, and find where they changed.", no_args_is_help=True
)

_DATABASE = typer.Option(help="The history, a SQLite file.")
_DEFAULT = Path("results/history.db")


@history.command(cls=SeveralValues)
def add(
    run: Annotated[Path | None, typer.Argument(metavar="[RUN]", help="Run directory.")] = None,
    database: Annotated[Path, _DATABASE] = _DEFAULT,
    benchmark_json: Annotated[
        Path | None, typer.Option(help="Runtimes that pytest-benchmark wrote as JSON.")
    ] = None,
    commit: Annotated[
        str, typer.Option(help="Commit that is measured [that of inpaintbench's checkout].")
    ] = "",
    date: Annotated[str, typer.Option(help="ISO date [when the run was started].")] = "",
) -> None:
    """Add a run, or runtimes of pytest-benchmark, to the history.

    The same run added again takes its own place.
    """
    from inpaintbench.errors import BenchError
    from inpaintbench.regression import history as runs
    from inpaintbench.storage.history import History
    from inpaintbench.storage.runs import read_run

    added = []
    if run is not None:
        rows = read_run(run)
        entry = runs.entry_of(rows, commit, date)
        added.append((entry, runs.figures_of(rows, entry.machine)))
    if benchmark_json is not None:
        added.append(runs.read_benchmark_json(benchmark_json, commit))
    if not added:
        raise BenchError("give a run directory, or --benchmark-json FILE")
    with History.open(database, create=True) as opened:
        for entry, figures in added:
            new = opened.add(entry, figures)
            what = "added" if new else "replaced"
            say(
                f"{database}: {what} {entry.name} at {entry.commit or 'no commit'}, "
                f"{entry.date}: {len(figures)} figures"
            )


@history.command(cls=SeveralValues)
def show(
    database: Annotated[Path, _DATABASE] = _DEFAULT,
    metric: Annotated[
        list[str] | None,
        typer.Option(
            help="Metric, runtime or finished; may be repeated [PSNR, SSIM, LPIPS and both]."
        ),
    ] = None,
    method: Annotated[
        list[str] | None, typer.Option("--method", "-m", help="Methods as runs call them.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder for trend plots and trends.csv.")
    ] = None,
) -> None:
    """Show each figure's trend, its changes, and the first commit that has them."""
    from inpaintbench.cli.terminal import Terminal
    from inpaintbench.regression.trends import read_trends
    from inpaintbench.storage.history import History

    with History.open(database) as opened:
        trends = read_trends(opened, metric or (), method or ())
    console = Terminal()
    console.print(_table(trends))
    for line in _changes(trends):
        console.print(line, soft_wrap=True)
    if out is not None:
        from inpaintbench.regression.trend_figures import write_trends

        write_trends(trends, out)
        console.print(f"Trends: {out}", soft_wrap=True)


def _table(trends: list[Trend]) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in ("method", "metric", "masks"):
        table.add_column(name, overflow="fold")
    for name in ("runs", "first", "last", "changes"):
        table.add_column(name, justify="right")
    for trend in trends:
        first, last = trend.points[0].value, trend.points[-1].value
        table.add_row(
            trend.variant,
            _metric(trend),
            trend.suite or "all suites",
            str(len(trend.points)),
            f"{first:.4g}",
            f"{last:.4g}",
            str(len(trend.changes)) if trend.changes else "–",
        )
    return table


def _changes(trends: list[Trend]) -> list[Text]:
    """Name the first commit of every change, those for the worse before all others."""
    from rich.text import Text

    lines = []
    for trend in trends:
        for change in trend.changes:
            point, before = trend.points[change.at], trend.points[change.at - 1]
            kind = ("first bad commit", "red") if change.worse else ("improved by", "green")
            text = (
                f"{point.commit or 'no commit'} ({point.date[:10]}): {trend.variant}, "
                f"{_metric(trend)}, {trend.suite or 'all suites'}: {change.before:.4g} → "
                f"{change.after:.4g}; the run before is of {before.commit or 'no commit'}"
            )
            lines.append((not change.worse, Text.assemble(kind, f" {text}")))
    return [line for _, line in sorted(lines, key=lambda pair: pair[0])]


def _metric(trend: Trend) -> str:
    unit = f" ({trend.metric.unit})" if trend.metric.unit else ""
    return f"{trend.metric.label}{unit}"
