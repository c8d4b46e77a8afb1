"""``inpaintbench compare``: what got better or worse from one run to another."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inpaintbench.cli.output import say

if TYPE_CHECKING:
    from inpaintbench.regression.verdicts import Comparison, Gate
    from inpaintbench.storage.rows import RunRows


class Format(enum.StrEnum):
    """How a comparison is written."""

    terminal = "terminal"
    markdown = "markdown"
    json = "json"
    junit = "junit"


class FailOn(enum.StrEnum):
    """What makes a comparison fail."""

    worse = "worse"
    cant_tell = "cant-tell"
    changed = "changed"
    missing = "missing"
    nothing = "nothing"


def compare(
    base: Annotated[
        Path, typer.Argument(metavar="BASE", help="Run directory, or its rows.csv or rows.parquet.")
    ],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The same, of the run to judge.")],
    fail_on: Annotated[
        list[FailOn] | None,
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
        list[str] | None, typer.Option(help="Metric; may be repeated [PSNR, SSIM, LPIPS].")
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
    format: Annotated[Format, typer.Option(help="How to write it.")] = Format.terminal,
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
    from inpaintbench.regression.comparison import Options
    from inpaintbench.regression.comparison import compare as compare_runs
    from inpaintbench.regression.matching import read_matches
    from inpaintbench.regression.reading import read_results
    from inpaintbench.regression.verdicts import Gate, failures

    _check(pictures)
    gates = [Gate(kind.value) for kind in fail_on or [FailOn.worse]]
    options = Options(
        match=read_matches(match or []),
        metrics=tuple(metric or ()),
        effects=tuple(effect or ()),
        moved=moved,
        runtime=runtime,
    )
    runs = read_results(base), read_results(new)
    comparison = compare_runs(*runs, options)
    failed = failures(comparison, gates)
    _write(comparison, failed, gates, format, out)
    if pictures is not None:
        _draw(comparison, runs, pictures)
    if failed:
        raise typer.Exit(1)


def _check(pictures: Path | None) -> None:
    from inpaintbench.errors import BenchError

    if pictures is not None and pictures.suffix.lower() != ".png":
        raise BenchError(f"{pictures}: give a name ending in .png")


def _write(
    comparison: Comparison, failed: list[str], gates: list[Gate], form: Format, out: Path | None
) -> None:
    from inpaintbench.cli.terminal import Terminal
    from inpaintbench.images.files import write_whole
    from inpaintbench.regression import machine, markdown, terminal

    if form is Format.terminal:
        if out is None:
            terminal.show(comparison, failed, Terminal())
            return
        text = terminal.text(comparison, failed)
    elif form is Format.markdown:
        text = markdown.write(comparison, failed)
    elif form is Format.json:
        text = machine.write_json(comparison, failed)
    else:
        text = machine.write_junit(comparison, gates)
    if out is None:
        say(text, nl=False)
    else:
        write_whole(out, text)
        say(f"{out}: {'fails' if failed else 'passes'}")


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
