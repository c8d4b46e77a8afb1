"""Show a comparison in the terminal."""

from __future__ import annotations

import io
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from inpaintbench.regression import words
from inpaintbench.regression.kinds import Gate, Verdict
from inpaintbench.regression.verdicts import Comparison, failures

_COLOURS = {
    Verdict.worse: "red",
    Verdict.improved: "green",
    Verdict.cant_tell: "yellow",
    Verdict.same: "dim",
}


def show(comparison: Comparison, gates: Sequence[Gate], console: Console) -> None:
    """Print what differs first, then each method with its figures, then the cases that moved.

    Parameters
    ----------
    console : Console
        One that takes no markup: names and reasons are printed as they are.
    """
    console.print(
        f"BASE {comparison.base}   NEW {comparison.new}   {comparison.cases} cases in common",
        soft_wrap=True,
    )
    for line in (*map(str, comparison.differences), *words.partners(comparison)):
        console.print(Text.assemble(("!", "yellow"), f" {line}"), soft_wrap=True)
    console.print()
    for method in comparison.methods:
        console.print(
            Text.assemble(
                (str(method.verdict), f"bold {_COLOURS[method.verdict]}"),
                f" {method.name}: {words.summary(method)}",
            ),
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
            table.add_column("finds", justify="right", no_wrap=True)
            for figure in figures:
                table.add_row(
                    Text(str(figure.verdict), _COLOURS[figure.verdict]),
                    words.head(figure),
                    words.where(figure),
                    words.mean(figure, figure.base),
                    words.change(figure),
                    words.interval(figure) or figure.reason,
                    words.finds(figure),
                )
            console.print(table)
        for moved in method.moved:
            console.print(f"  {words.movement(moved)}", soft_wrap=True)
    console.print()
    console.print(comparison.rule, style="dim", soft_wrap=True)
    failed = failures(comparison, gates)
    for line in failed:
        console.print(Text.assemble(("✗", "red"), f" {line}"), soft_wrap=True)
    console.print(words.outcome(failed), style="bold")


def text(comparison: Comparison, gates: Sequence[Gate], width: int = 100) -> str:
    """Return what `show` prints, without colours."""
    console = Console(
        file=io.StringIO(), markup=False, highlight=False, width=width, color_system=None
    )
    with console.capture() as captured:
        show(comparison, gates, console)
    return captured.get()
