"""``inpaintbench compare``: what got better or worse from one run to another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inpaintbench.cli.output import say
from inpaintbench.regression.kinds import Format, Gate

if TYPE_CHECKING:
    from inpaintbench.regression.verdicts import Comparison
    from inpaintbench.storage.rows import RunRows


def compare(
    base: Annotated[
        Path, typer.Argument(metavar="BASE", help="Run directory, or its rows.csv or rows.parquet.")
    ],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The same, of the run to judge.")],
    fail_on: Annotated[
        list[Gate] | None,
        typer.Option(
            help="Exit with 1 on: worse (the default), cant-tell, changed (another output of a "
            "deterministic method), missing (a method), or nothing; may be repeated."
        ),
    ] = None,
    match: Annotated[
        list[str] | None,
        typer.Option(metavar="BASE-LABEL=NEW-LABEL", help="Pair two methods; may be repeated."),
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(help="Metrics, by name, label or id [PSNR, SSIM, LPIPS]."),
    ] = None,
    effect: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="Smallest effect that matters, of a metric in its unit or runtime=5%; may be "
            "repeated [0.05 dB, 0.002 SSIM, 0.002 LPIPS, runtime 5%, others 1 % of the mean].",
        ),
    ] = None,
    runtime: Annotated[bool, typer.Option(help="Compare runtimes too.")] = True,
    moved: Annotated[
        int, typer.Option(min=0, help="Cases named for each method that changed.")
    ] = 3,
    format: Annotated[
        Format, typer.Option("--format", "-f", help="How to write it.")
    ] = Format.terminal,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write to instead of the terminal.")
    ] = None,
    pictures: Annotated[
        Path | None,
        typer.Option(help="PNG of the cases that moved most: reference, BASE, NEW, difference."),
    ] = None,
) -> None:
    """Compare NEW with BASE: improved, same, worse or can't tell, for each method and mask suite.

    Exits with 1 when something got worse (see --fail-on), else with 0.
    """
    from inpaintbench.errors import BenchError
    from inpaintbench.regression.comparison import compare as compare_runs
    from inpaintbench.regression.matching import read_matches
    from inpaintbench.regression.reading import read_results
    from inpaintbench.regression.verdicts import failures

    if pictures is not None and pictures.suffix.lower() != ".png":
        raise BenchError(f"{pictures}: give a name ending in .png")
    gates = fail_on or [Gate.worse]
    matches = read_matches(match or [])
    runs = read_results(base), read_results(new)
    comparison = compare_runs(
        *runs,
        match=matches,
        metrics=metric or (),
        effects=effect or (),
        moved=moved,
        runtime=runtime,
    )
    _write(comparison, gates, format, out)
    if pictures is not None:
        _draw(comparison, runs, pictures)
    if failures(comparison, gates):
        raise typer.Exit(1)


def _write(comparison: Comparison, gates: list[Gate], form: Format, out: Path | None) -> None:
    from inpaintbench.cli.terminal import Terminal
    from inpaintbench.images.files import write_whole
    from inpaintbench.regression import machine, markdown, terminal
    from inpaintbench.regression.verdicts import failures

    if form is Format.terminal and out is None:
        terminal.show(comparison, gates, Terminal())
        return
    write = {
        Format.terminal: terminal.text,
        Format.markdown: markdown.write,
        Format.json: machine.write_json,
        Format.junit: machine.write_junit,
    }[form]
    if out is None:
        say(write(comparison, gates), nl=False)
    else:
        write_whole(out, write(comparison, gates))
        say(f"{out}: {'fails' if failures(comparison, gates) else 'passes'}")


def _draw(comparison: Comparison, runs: tuple[RunRows, RunRows], path: Path) -> None:
    """Draw the moved cases where both runs keep their outputs, and say where they are."""
    from inpaintbench.regression.sheet import draw_sheet
    from inpaintbench.report.pictures import PictureMissing

    for rows, name in zip(runs, ("BASE", "NEW"), strict=True):
        if not rows.directory.is_dir():
            say(f"no pictures: {name} is a table, it has no outputs", err=True)
            return
    try:
        drawn = draw_sheet(comparison, *runs, path)
    except PictureMissing as error:
        say(f"no pictures: {error}", err=True)
        return
    say(f"Pictures: {path}" if drawn else "no pictures: no output moved", err=True)
