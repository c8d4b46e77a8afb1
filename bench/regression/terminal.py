"""Show a comparison in the terminal."""

from __future__ import annotations

import io

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from inpaintbench.regression import words
from inpaintbench.regression.verdicts import Comparison, Verdict

_COLOURS = {
    Verdict.worse: "red",
    Verdict.improved: "green",
    Verdict.cant_tell: "yellow",
    Verdict.same: "dim",
}


def show(comparison: Comparison, failed: list[str], console: Console) -> None:
    """Print what differs first, then each method with its figures, then the cases that moved."""
    console.print(
        f"BASE {escape(comparison.base)}   NEW {escape(comparison.new)}   "
        f"{comparison.cases} cases in common",
        soft_wrap=True,
    )
    for difference in comparison.differences:
        console.print(f"[yellow]![/yellow] {escape(str(difference))}", soft_wrap=True)
    for line in words.partners(comparison):
        console.print(f"[yellow]![/yellow] {escape(line)}", soft_wrap=True)
    console.print()
    for method in comparison.methods:
        console.print(
            f"{_coloured(method.verdict)} {escape(method.name)}: {words.summary(method)}",
            soft_wrap=True,
        )
        figures = words.shown_figures(method)
        if figures:
            table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
            table.add_column("verdict", no_wrap=True)
            table.add_column("metric", no_wrap=True)
            table.add_column("masks", overflow="fold")
            table.add_column("BASE", justify="right", no_wrap=True)
            table.add_column("change", justify="right", no_wrap=True)
            table.add_column("interval", overflow="fold")
            for figure in figures:
                table.add_row(
                    f"[{_COLOURS[figure.verdict]}]{figure.verdict}",
                    escape(words.head(figure)),
                    escape(words.where(figure)),
                    words.mean(figure, figure.base),
                    words.change(figure),
                    escape(words.interval(figure) or figure.reason),
                )
            console.print(table)
        for moved in method.moved:
            console.print(f"  {escape(words.movement(moved))}", soft_wrap=True)
    console.print()
    console.print(escape(comparison.rule), style="dim", soft_wrap=True)
    for line in failed:
        console.print(f"[red]✗[/red] {escape(line)}", soft_wrap=True)
    console.print(f"[bold]{words.outcome(failed)}[/bold]")


def text(comparison: Comparison, failed: list[str], width: int = 100) -> str:
    """Return what `show` prints, without colours."""
    console = Console(file=io.StringIO(), highlight=False, width=width, color_system=None)
    with console.capture() as captured:
        show(comparison, failed, console)
    return captured.get()


def _coloured(verdict: Verdict) -> str:
    return f"[bold {_COLOURS[verdict]}]{verdict}[/bold {_COLOURS[verdict]}]"
