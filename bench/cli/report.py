"""``inpaintbench report``: tables and figures of a run, and its leaderboard in the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inpaintbench.cli.options import RankedBy, Run
from inpaintbench.cli.output import say
from inpaintbench.statistics.axes import RankBy

if TYPE_CHECKING:
    from inpaintbench.cli.terminal import Terminal
    from inpaintbench.report.failures import Unfinished
    from inpaintbench.report.opening import Opened
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
    rank_by: RankedBy = RankBy.perception,
) -> None:
    """Write a run's tables, figures and rows again, and print its leaderboard."""
    if out is None:
        present(directory, refresh=True, site=pictures if site else None, rank_by=rank_by)
    else:
        publish(directory, out, site=pictures if site else None, rank_by=rank_by)


def publish(
    directory: Path,
    out: Path,
    site: int | None = None,
    rank_by: RankBy = RankBy.perception,
) -> None:
    """Write a run's rows, where they come from, tables and figures into a directory of their own.

    With a site beside them where `site` says how many results it shows as pictures, at most.
    """
    from inpaintbench.report.opening import open_runs
    from inpaintbench.report.writing import write_provenance, write_report
    from inpaintbench.storage.runs import export

    with open_runs([directory], rank_by=rank_by) as opened:
        written = write_report(opened.summary, out, opened.pictures)
        written += export(opened.summary.rows, out)
        written.append(write_provenance(opened.summary.rows, out))
        if site is not None:
            written += _write_site(opened, directory, out, site)
        if opened.missing:
            say(opened.missing)
    say(f"{out}: {len(written)} files written")


def _write_site(opened: Opened, run: Path, folder: Path, pictures: int) -> list[Path]:
    from inpaintbench.site.building import write_site

    site = folder / "site"
    return write_site(opened.summary, site, opened.pictures, runs=[run], most_pictures=pictures)


def present(
    directory: Path,
    *,
    refresh: bool = False,
    report: bool = True,
    site: int | None = None,
    rank_by: RankBy = RankBy.perception,
) -> None:
    """Print a run's leaderboard and say where its results are.

    Rows, tables and figures that are out of date, or with `refresh`, are written first: tables and
    figures only with `report`, and a site with up to `site` pictures unless that is None.
    """
    from inpaintbench.cli.terminal import Terminal
    from inpaintbench.folder import made_from
    from inpaintbench.images.files import refuse_links
    from inpaintbench.report import tables
    from inpaintbench.report.kinds import IntervalStyle
    from inpaintbench.report.opening import open_runs
    from inpaintbench.report.table import draw
    from inpaintbench.storage.runs import export

    console = Terminal()
    folder = directory / "report"
    refuse_links(folder, folder / "site")
    with open_runs([directory], rank_by=rank_by) as opened:
        rows = opened.summary.rows
        state = rows.provenance.changed
        if refresh or made_from(folder) != state:
            with console.status("writing tables and figures"):
                export(rows)
                if report:
                    from inpaintbench.report.writing import write_report

                    write_report(opened.summary, folder, opened.pictures, state)
        if site is not None:
            with console.status("writing the leaderboard site"):
                _write_site(opened, directory, folder, site)
        missing = opened.missing
        table = tables.leaderboard(opened.summary, IntervalStyle.plus_minus, brief=True)
    console.print(draw(table, console.width))
    _print_failures(console, directory, rows)
    if missing:
        console.print(missing, soft_wrap=True)
    made = folder if report else f"inpaintbench report {directory}"
    console.print(f"Tables and figures: {made}", soft_wrap=True)
    if site is not None:
        console.print(f"Leaderboard site:   {folder / 'site' / 'index.html'}", soft_wrap=True)
    console.print(f"Rows:               {directory / 'rows.csv'} (and .parquet)", soft_wrap=True)


def _print_failures(console: Terminal, directory: Path, rows: RunRows) -> None:
    """Print each method's failures and skips by kind, with the first reason."""
    from rich.text import Text

    from inpaintbench.report.failures import unfinished

    alike: dict[tuple[str, str], list[Unfinished]] = {}
    for one in unfinished(rows):
        alike.setdefault((one.variant, one.kind), []).append(one)
    for (variant, kind), several in alike.items():
        number = sum(len(one.cases) for one in several)
        what = kind if kind == "skipped" else f"failed: {kind}"
        reason = f" {number} {what} ({several[0].reason})"
        console.print(Text.assemble((variant, "red"), reason), soft_wrap=True)
    if any(one.traceback for several in alike.values() for one in several):
        console.print(f"Tracebacks:         inpaintbench failures {directory} --traceback")
