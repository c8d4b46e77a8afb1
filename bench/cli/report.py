"""``inpaintbench report``: tables and figures of a run, and its leaderboard in the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from inpaintbench.storage.rows import RunRows

# Names the state of the database that the reports beside it were made from.
_STAMP = ".made-from"


def report(
    directory: Annotated[Path, typer.Argument(metavar="RUN", help="Run directory.")],
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
    from inpaintbench.report import write_provenance, write_report
    from inpaintbench.report.opening import open_runs
    from inpaintbench.storage.runs import export

    with _site_meanwhile(directory, out / "site", site) as pages, open_runs([directory]) as opened:
        written = write_report(opened.summary, out, opened.pictures)
        written += export(opened.summary.rows, out)
        written.append(write_provenance(opened.summary.rows, out))
    typer.echo(f"{out}: {len(written) + sum(pages)} files written")


@contextmanager
def _site_meanwhile(run: Path, directory: Path, pictures: int | None) -> Iterator[list[int]]:
    """Write the site in a process of its own, beside what is done inside: half the time.

    Yields
    ------
    list of int
        Gets the number of files once they are written; stays empty without a site.
    """
    written: list[int] = []
    if pictures is None:
        yield written
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        pages = pool.submit(_write_site, run, directory, pictures)
        yield written
        written.append(pages.result())


def _write_site(run: Path, directory: Path, pictures: int) -> int:
    from inpaintbench.report.opening import open_runs
    from inpaintbench.site import write_site
    from inpaintbench.site.reproduction import public_name

    with open_runs([run]) as opened:
        written = write_site(
            opened.summary,
            directory,
            opened.pictures,
            runs=(public_name(run),),
            most_pictures=pictures,
        )
    return len(written)


def present(directory: Path, *, refresh: bool = False, site: int | None = None) -> None:
    """Print a run's leaderboard and say where its results are.

    Parameters
    ----------
    directory : Path
        The run directory.
    refresh : bool
        Write rows, tables and figures even where they are up to date.
    site : int or None
        Results shown as pictures on the leaderboard site; None writes no site.
    """
    from rich.console import Console

    from inpaintbench.report.leaderboard import leaderboard_table
    from inpaintbench.report.opening import open_runs
    from inpaintbench.storage.runs import export

    console = Console(highlight=False)
    page = directory / "report" / "site" / "index.html"
    with _site_meanwhile(directory, page.parent, site), open_runs([directory]) as opened:
        rows = opened.summary.rows
        stamp = directory / "report" / _STAMP
        state = rows.provenance["changed"]
        if refresh or not stamp.is_file() or stamp.read_text() != state:
            from inpaintbench.report import write_report

            with console.status("writing tables and figures"):
                export(rows)
                write_report(opened.summary, directory / "report", opened.pictures)
            stamp.write_text(state)
    console.print(leaderboard_table(rows, console.width))
    _print_failures(console, rows)
    console.print(f"Tables and figures: {directory / 'report'}", soft_wrap=True)
    if site is not None:
        console.print(f"Leaderboard site:   {page}", soft_wrap=True)
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
