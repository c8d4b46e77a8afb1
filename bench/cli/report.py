"""``inpaintbench report``: tables and figures of a run, and its leaderboard in the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inpaintbench.cli.options import Run
from inpaintbench.cli.output import say

if TYPE_CHECKING:
    from inpaintbench.cli.terminal import Terminal
    from inpaintbench.storage.rows import RunRows


def report(
    directory: Run,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Write rows, tables and figures there, to publish them."),
    ] = None,
    site: Annotated[
        bool, typer.Option("--site", help="Write the leaderboard site too, into site/ beside them.")
    ] = False,
    pictures: Annotated[
        int, typer.Option(min=0, help="Results that the site shows as pictures, at most.")
    ] = 1000,
) -> None:
    """Write a run's tables, figures and rows again, and print its leaderboard."""
    if out is None:
        present(directory, refresh=True, site=pictures if site else None)
    else:
        publish(directory, out, site=pictures if site else None)


def publish(directory: Path, out: Path, site: int | None = None) -> None:
    """Write a run's rows, where they come from, tables and figures into a directory of their own.

    Parameters
    ----------
    directory : Path
        The run directory.
    out : Path
        Where to write.
    site : int or None
        Results shown as pictures on the leaderboard site; None writes no site.
    """
    from inpaintbench.report.opening import open_runs
    from inpaintbench.report.writing import write_provenance, write_report
    from inpaintbench.site.building import write_site
    from inpaintbench.storage.runs import export

    with open_runs([directory]) as opened:
        written = write_report(opened.summary, out, opened.pictures)
        written += export(opened.summary.rows, out)
        written.append(write_provenance(opened.summary.rows, out))
        if site is not None:
            written += write_site(
                opened.summary,
                out / "site",
                opened.pictures,
                runs=[directory],
                most_pictures=site,
            )
        if opened.missing:
            say(opened.missing)
    say(f"{out}: {len(written)} files written")


def present(
    directory: Path, *, refresh: bool = False, report: bool = True, site: int | None = None
) -> None:
    """Print a run's leaderboard and say where its results are.

    Parameters
    ----------
    directory : Path
        The run directory.
    refresh : bool
        Write rows, tables and figures even where they are up to date.
    report : bool
        Whether tables and figures are written too.
    site : int or None
        Results shown as pictures on the leaderboard site; None writes no site.
    """
    from inpaintbench.cli.terminal import Terminal
    from inpaintbench.folder import made_from
    from inpaintbench.images.files import refuse_links
    from inpaintbench.report.leaderboard import leaderboard_table
    from inpaintbench.report.opening import open_runs
    from inpaintbench.storage.runs import export

    console = Terminal()
    folder = directory / "report"
    refuse_links(folder, folder / "site")
    with open_runs([directory]) as opened:
        rows = opened.summary.rows
        state = rows.provenance.changed
        if refresh or made_from(folder) != state:
            with console.status("writing tables and figures"):
                export(rows)
                if report:
                    from inpaintbench.report.writing import write_report

                    write_report(opened.summary, folder, opened.pictures, state)
        if site is not None:
            from inpaintbench.site.building import write_site

            with console.status("writing the leaderboard site"):
                write_site(
                    opened.summary,
                    folder / "site",
                    opened.pictures,
                    runs=[directory],
                    most_pictures=site,
                )
        missing = opened.missing
    console.print(leaderboard_table(rows, console.width))
    _print_failures(console, rows)
    if missing:
        console.print(missing, soft_wrap=True)
    made = folder if report else f"inpaintbench report {directory}"
    console.print(f"Tables and figures: {made}", soft_wrap=True)
    if site is not None:
        console.print(f"Leaderboard site:   {folder / 'site' / 'index.html'}", soft_wrap=True)
    console.print(f"Rows:               {directory / 'rows.csv'} (and .parquet)", soft_wrap=True)


def _print_failures(console: Terminal, rows: RunRows) -> None:
    """Print each method's failures and skips by kind, with the first reason."""
    from rich.text import Text

    unfinished = rows.cells[rows.cells["status"] != "done"]
    for (variant, status, failure), group in unfinished.groupby(
        ["variant", "status", "failure"], sort=False
    ):
        what = f"failed: {failure}" if status == "failed" else "skipped"
        reason = group["message"].iloc[0]
        console.print(Text.assemble((variant, "red"), f" {len(group)} {what} ({reason})"))
