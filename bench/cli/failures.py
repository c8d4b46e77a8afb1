"""``inpaintbench failures``: what failed in a run, where and why."""

from __future__ import annotations

from typing import Annotated

import typer

from inpaintbench.cli.options import Run, ShownMethods


def failures(
    directory: Run,
    method: ShownMethods = None,
    traceback: Annotated[
        bool,
        typer.Option(
            "--traceback", "-t", help="Show tracebacks, and the last lines that methods printed."
        ),
    ] = False,
) -> None:
    """Say which methods failed or skipped cases, and metrics failed on them: how often and why."""
    from rich.text import Text

    from inpaintbench.cli.terminal import Terminal
    from inpaintbench.report.failures import unfinished, unscored
    from inpaintbench.report.selection import select
    from inpaintbench.storage.runs import read_run

    rows = select(read_run(directory), method or ())
    console = Terminal()
    found = unfinished(rows)
    cases = rows.cases.set_index("case")
    for one in found:
        count = f"{len(one.cases)} of {len(cases)} cases"
        head = Text.assemble((one.variant, "bold red"), f": {one.kind} on {count}: {one.reason}")
        console.print(head, soft_wrap=True)
        first = cases.loc[one.cases[0]]
        place = f"{first['dataset']}/{first['sample']}, {first['suite']}, case {one.cases[0]}"
        console.print(f"    first {place}", soft_wrap=True)
        if traceback:
            for text in filter(None, (one.traceback, one.printed)):
                console.print("".join(f"    {line}\n" for line in text.splitlines()), end="")
    owed = unscored(rows)
    for metric in owed:
        head = Text.assemble((metric.metric, "bold red"), f": not scored on {metric.results} ")
        console.print(head.append(f"results: {metric.reason}"), soft_wrap=True)
    if not found and not owed:
        console.print("Every cell that was reached is finished and scored.")
    elif not traceback and any(one.traceback or one.printed for one in found):
        console.print(f"inpaintbench failures {directory} --traceback shows more", soft_wrap=True)
