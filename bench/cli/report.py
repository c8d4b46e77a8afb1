"""``inpaintbench report``: tables and figures of a run, and its leaderboard in the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from inpaintbench.rows import RunRows

# Names the state of the database that the reports beside it were made from.
_STAMP = ".made-from"


def report(
    directory: Annotated[Path, typer.Argument(metavar="RUN", help="Run directory.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Write rows, tables and figures there, to publish them."),
    ] = None,
) -> None:
    """Write a run's tables, figures and rows again, and print its leaderboard."""
    if out is None:
        present(directory, refresh=True)
    else:
        publish(directory, out)


def publish(directory: Path, out: Path) -> None:
    """Write a run's rows, tables and figures into a directory of their own."""
    from inpaintbench.report import write_report
    from inpaintbench.runs import RunPictures, export, read_rows
    from inpaintbench.store import Store

    with Store.read(directory) as store:
        rows = read_rows(store)
        written = write_report(rows, out, RunPictures(store)) + export(rows, out)
    typer.echo(f"{out}: {len(written)} files written")


def present(directory: Path, *, refresh: bool = False) -> None:
    """Print a run's leaderboard and say where its results are.

    Parameters
    ----------
    directory : Path
        The run directory.
    refresh : bool
        Write rows, tables and figures even where they are up to date.
    """
    from rich.console import Console

    from inpaintbench.report.leaderboard import leaderboard_table
    from inpaintbench.runs import RunPictures, export, read_rows
    from inpaintbench.store import Store

    console = Console(highlight=False)
    with Store.read(directory) as store:
        rows = read_rows(store)
        stamp = directory / "report" / _STAMP
        state = rows.provenance["changed"]
        if refresh or not stamp.is_file() or stamp.read_text() != state:
            from inpaintbench.report import write_report

            with console.status("writing tables and figures"):
                export(rows)
                write_report(rows, directory / "report", RunPictures(store))
            stamp.write_text(state)
    console.print(leaderboard_table(rows))
    _print_failures(console, rows)
    console.print(f"Tables and figures: {directory / 'report'}", soft_wrap=True)
    console.print(f"Rows:               {directory / 'rows.csv'} (and .parquet)", soft_wrap=True)


def _print_failures(console: Console, rows: RunRows) -> None:
    """Print each method's failures and skips by kind, with the first reason."""
    from rich.markup import escape

    unfinished = rows.cells[rows.cells["status"] != "done"]
    for (variant, status, failure), group in unfinished.groupby(
        ["variant", "status", "failure"], sort=False
    ):
        what = f"failed: {failure}" if status == "failed" else "skipped"
        reason = escape(group["message"].iloc[0])
        console.print(f"[red]{escape(variant)}[/red] {len(group)} {what} ({reason})")
