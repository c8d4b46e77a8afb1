"""``inpaintbench check``: see whether a method keeps the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from inpaintbench.audit.contract import Outcome


def check(
    method: Annotated[str, typer.Argument(help="Method, as name[parameter=value] or ./file.py.")],
    device: Annotated[str, typer.Option(help="cpu, cuda or cuda:N.")] = "cpu",
    limit: Annotated[
        float, typer.Option(min=1.0, help="Seconds for each check, after which it fails.")
    ] = 120.0,
) -> None:
    """Run the contract suite on a method: shapes, dtypes, holes of every kind, no leak."""
    from rich.console import Console
    from rich.live import Live

    from inpaintbench.audit.contract import run_contract

    console = Console(highlight=False)
    outcomes: list[Outcome] = []
    with Live(_table(method, outcomes), console=console, transient=True) as live:
        for outcome in run_contract(method, device, limit):
            outcomes.append(outcome)
            live.update(_table(method, outcomes))
    console.print(_table(method, outcomes))
    failed = sum(outcome.verdict == "failed" for outcome in outcomes)
    if failed:
        console.print(f"[red]{method} breaks the contract: {failed} of {len(outcomes)} checks[/]")
        raise typer.Exit(1)
    console.print(f"[green]{method} keeps the contract[/]")


def _table(method: str, outcomes: list[Outcome]) -> Table:
    from rich.markup import escape
    from rich.table import Table

    style = {"passed": "green", "failed": "bold red", "not applicable": "dim"}
    table = Table(title=escape(method), title_justify="left", box=None, pad_edge=False)
    for heading in ("check", "result", "reason"):
        table.add_column(heading, overflow="fold")
    for outcome in outcomes:
        verdict = f"[{style[outcome.verdict]}]{outcome.verdict}[/]"
        table.add_row(outcome.check, verdict, escape(outcome.reason))
    return table
