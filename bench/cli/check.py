"""``inpaintbench check``: see whether a method keeps the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from inpaintbench.cli.options import Device

if TYPE_CHECKING:
    from rich.table import Table

    from inpaintbench.audit.contract import Outcome


def check(
    method: Annotated[str, typer.Argument(help="Method, as name[parameter=value] or ./file.py.")],
    device: Device = "cpu",
    limit: Annotated[
        float, typer.Option(min=1.0, help="Seconds for each check, after which it fails.")
    ] = 120.0,
) -> None:
    """Run the contract suite on a method: shapes, dtypes, holes of every kind, no leak."""
    from rich.live import Live

    from inpaintbench.audit.contract import run_contract
    from inpaintbench.cli.terminal import Terminal

    console = Terminal()
    outcomes: list[Outcome] = []
    with Live(_table(method, outcomes), console=console, transient=True) as live:
        for outcome in run_contract(method, device, limit):
            outcomes.append(outcome)
            live.update(_table(method, outcomes))
    console.print(_table(method, outcomes))
    failed = sum(outcome.verdict == "failed" for outcome in outcomes)
    if failed:
        checks = f"{failed} of {len(outcomes)} checks"
        console.print(f"{method} breaks the contract: {checks}", style="red", soft_wrap=True)
        raise typer.Exit(1)
    console.print(f"{method} keeps the contract", style="green", soft_wrap=True)


def _table(method: str, outcomes: list[Outcome]) -> Table:
    from rich.table import Table
    from rich.text import Text

    style = {"passed": "green", "failed": "bold red", "not applicable": "dim"}
    table = Table(title=method, title_justify="left", box=None, pad_edge=False)
    for heading in ("check", "result", "reason"):
        table.add_column(heading, overflow="fold")
    # by the line that raised and what it said, the first check that met it
    raised: dict[tuple[str, str], str] = {}
    for outcome in outcomes:
        verdict = Text(outcome.verdict, style[outcome.verdict])
        reason = outcome.reason
        if outcome.location:
            first = raised.setdefault((outcome.location, outcome.reason), outcome.check)
            reason = f"{reason} ({outcome.location})"
            if first != outcome.check:
                reason = f"as {first}: {outcome.location}"
        table.add_row(outcome.check, verdict, reason)
    return table
